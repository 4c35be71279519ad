"""What the web handlers share: the sandbox they serve, and answers as HTTP."""

from __future__ import annotations

import asyncio

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
