"""`/v1/stores/{store_id}/pause` and `/resume`: holding a store's work back, and letting it go on."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from aiohttp import web

from core.features.pause_store import LONGEST_REASON, Standing
from entrypoints.http.api.asking import known_store
from entrypoints.http.api.shapes import Asked, Told, json, utc
from entrypoints.http.api_keys import actor
from entrypoints.http.problems import not_found
from entrypoints.http.reading import no_query, read_body
from entrypoints.http.routing import Access, Handler, NoQuery, Route
from entrypoints.http.services import SERVICES
from entrypoints.http.tracing import REQUEST_ID


class PauseBody(Asked, frozen=True):
    """`reason` is kept in the audit, without addresses and telephone numbers."""

    reason: Annotated[str, msgspec.Meta(max_length=LONGEST_REASON)] | None = None


class PauseView(Told, frozen=True):
    """How the store stands now. `changed` is false where it stood so already."""

    store_id: int
    paused_at: datetime | None
    changed: bool


async def pause(request: web.Request) -> web.Response:
    """Events are taken in and wait; what is at work ends."""
    no_query(request)
    body, install = await read_body(request, PauseBody), await known_store(request)
    pausing = request.app[SERVICES].pausing
    who = {"actor": actor(request), "request_id": request[REQUEST_ID]}
    return _answer(await pausing.pause(install.store_id, **who, reason=body.reason))


async def resume(request: web.Request) -> web.Response:
    """What waited drains in the store's turns, beside the work of all others."""
    no_query(request)
    body, install = await read_body(request, PauseBody), await known_store(request)
    services = request.app[SERVICES]
    who = {"actor": actor(request), "request_id": request[REQUEST_ID]}
    standing = await services.pausing.resume(install.store_id, **who, reason=body.reason)
    services.announcer.announce(standing.released if standing else ())
    return _answer(standing)


def _answer(standing: Standing | None) -> web.Response:
    if standing is None:
        raise not_found("the store")
    return json(PauseView(standing.store_id, utc(standing.paused_at), standing.changed))


def _route(verb: str, handler: Handler, summary: str) -> Route:
    path = f"/v1/stores/{{store_id}}/{verb}"
    return Route("POST", path, handler, summary, Access.API_KEY, query=NoQuery, body=PauseBody, answer=PauseView)


ROUTES = (
    _route("pause", pause, "Hold a store's work back; its events are taken in and wait"),
    _route("resume", resume, "Let a paused store's work go on"),
)
