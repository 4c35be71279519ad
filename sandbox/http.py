"""What the web handlers share: the sandbox they serve, and answers as HTTP."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
from aiohttp import web

from sandbox.api.answers import Answer
from sandbox.sandbox import Sandbox

SANDBOX = web.AppKey("SANDBOX", Sandbox)
# Triggers that spread their events over time.
BACKGROUND = web.AppKey("BACKGROUND", set[asyncio.Task[None]])


def to_response(answer: Answer) -> web.Response:
    """The answer on the wire; JSON unless it is text of another type."""
    headers = dict(answer.headers)
    if answer.text is not None:
        return web.Response(status=answer.status, text=answer.text, content_type=answer.content_type, headers=headers)
    if answer.document is None:
        return web.Response(status=answer.status, headers=headers)
    body = orjson.dumps(answer.document)
    return web.Response(status=answer.status, body=body, content_type="application/json", headers=headers)


async def read_document(request: web.Request) -> dict[str, Any]:
    """The body's parameters, form or JSON alike; what is neither has none."""
    if not request.can_read_body:
        return {}
    if request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        return dict(await request.post())
    try:
        document = orjson.loads(await request.read())
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}
