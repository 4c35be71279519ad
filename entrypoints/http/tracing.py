"""One request id on every answer, one log line and one count per request."""

from __future__ import annotations

import re
from typing import Final

from aiohttp import web
from structlog import get_logger
from structlog.contextvars import bind_contextvars, clear_contextvars

from entrypoints.http.protection import FOR_A_YEAR, protect
from entrypoints.http.routing import Handler, canonical, route_of
from entrypoints.http.services import HEALTH, HealthServices

log = get_logger()

HEADER: Final = "X-Request-Id"
REQUEST_ID: Final = web.RequestKey("request_id", str)
_SANE: Final = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@web.middleware
async def trace(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Outermost: everything below it runs with the request id bound to the log."""
    services = request.app[HEALTH]
    request[REQUEST_ID] = request_id = _request_id(request, services)
    clear_contextvars()
    bind_contextvars(request_id=request_id)
    started = services.clock.monotonic()
    response = await handler(request)
    _account(request, response.status, services.clock.monotonic() - started)
    return response


async def stamp(request: web.Request, response: web.StreamResponse) -> None:
    """On every answer, streams included, just before its headers leave."""
    response.headers[HEADER] = request.get(REQUEST_ID) or _request_id(request, request.app[HEALTH])
    protect(response, route_of(request))


async def insist_on_https(_: web.Request, response: web.StreamResponse) -> None:
    """On every answer of an installation that browsers reach by https."""
    response.headers["Strict-Transport-Security"] = FOR_A_YEAR


def _request_id(request: web.Request, services: HealthServices) -> str:
    given = request.headers.get(HEADER, "")
    return given if _SANE.fullmatch(given) else str(services.ids.event_id())


def _account(request: web.Request, status: int, seconds: float) -> None:
    metrics = request.app[HEALTH].metrics
    route, path = route_of(request), canonical(request)
    method = request.method if request.method in _METHODS else "other"
    metrics.count("http_requests_total", route=path, method=method, status=str(status))
    metrics.observe("http_request_seconds", seconds, route=path)
    if route is not None and route.quiet and status < 400:
        log.debug("http_request", route=path, method=method, status=status)
        return
    log.info("http_request", route=path, method=method, status=status, seconds=round(seconds, 6))
