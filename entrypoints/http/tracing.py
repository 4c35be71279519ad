"""One request id on every answer, one log line, one count and one span per request."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from typing import Final

from aiohttp import web
from structlog import get_logger
from structlog.contextvars import bind_contextvars, clear_contextvars

from adapters.tracing.nothing import NoTracer
from core.domain.tracing import Attribute, SpanName, Value, read_traceparent, trace_id_of
from core.ports.tracing import Span, Tracer
from entrypoints.http.health_services import HEALTH, HealthServices
from entrypoints.http.protection import FOR_A_YEAR, protect
from entrypoints.http.routing import Handler, canonical, route_of

log = get_logger()

HEADER: Final = "X-Request-Id"
REQUEST_ID: Final = web.RequestKey("request_id", str)
_SANE: Final = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
_API_KEY: Final = "Bearer wasl_"
_UNTIMED: Final = NoTracer().span(SpanName.REQUEST)
_PROBES: Final = frozenset({"/metrics", "/health/live", "/health/ready", "/auth/health"})
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@web.middleware
async def trace(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Outermost: everything below it runs with the request id bound to the log."""
    services = request.app[HEALTH]
    request[REQUEST_ID] = request_id = _request_id(request, services)
    clear_contextvars()
    bind_contextvars(request_id=request_id)
    started = services.clock.monotonic()
    with _span(request, services.tracer) as span:
        if current := services.tracer.current():
            bind_contextvars(trace_id=trace_id_of(current))
        response = await handler(request)
        _account(request, response.status, services.clock.monotonic() - started)
        _note(span, response.status)
    return response


def _span(request: web.Request, tracer: Tracer) -> AbstractContextManager[Span]:
    """Of those who look whether we are well there is none: they look often."""
    path = canonical(request)
    if not tracer.records or path in _PROBES:
        return _UNTIMED
    about: dict[Attribute, Value] = {
        Attribute.METHOD: _method(request),
        Attribute.ROUTE: path,
        Attribute.REQUEST_ID: request[REQUEST_ID],
    }
    return tracer.span(SpanName.REQUEST, parent=_callers_trace(request), attributes=about)


def _callers_trace(request: web.Request) -> str | None:
    """Of the app's own programs only: nobody else may have us keep traces, or put its own into ours."""
    route = route_of(request)
    if route is None or not route.keyed or not request.headers.get("Authorization", "").startswith(_API_KEY):
        return None
    return read_traceparent(request.headers.get("traceparent"))


def _note(span: Span, status: int) -> None:
    span.note(Attribute.STATUS, status)
    if status >= 500:
        span.fail(str(status))


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
    route, path, method = route_of(request), canonical(request), _method(request)
    metrics.count("http_requests_total", route=path, method=method, status=str(status))
    metrics.observe("http_request_seconds", seconds, route=path)
    if route is not None and route.quiet and status < 400:
        log.debug("http_request", route=path, method=method, status=status)
        return
    log.info("http_request", route=path, method=method, status=status, seconds=round(seconds, 6))


def _method(request: web.Request) -> str:
    return request.method if request.method in _METHODS else "other"
