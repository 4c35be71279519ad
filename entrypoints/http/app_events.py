"""`/webhooks/zid-app/{secret}`: the App Market's events. They carry no credentials, so the address is the secret.

What names a store is written down before it is answered; then it is decided at once
where that is quick, and by a scheduler where it is not (`core.features.handle_app_events`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

import orjson
from aiohttp import web
from structlog import get_logger

from core.domain.app_events import APP_EVENTS, AppEvent, LookAgain, Settled, read_app_event
from core.domain.secret import matches_any
from core.errors import TryLater
from core.ports.app_events import AppEventClaim
from entrypoints.http.bodies import Body, Slow, read_up_to
from entrypoints.http.problems import KINDS, Problem, not_found, respond
from entrypoints.http.routing import Access, Route
from entrypoints.http.services import SERVICES
from entrypoints.http.tracing import REQUEST_ID

log = get_logger()

LARGEST: Final = 256 * 1024
"""Bytes; the captured event had 497."""
BODY_SECONDS: Final = 10.0
DECIDE_SECONDS: Final = 5.0
"""Then it is answered, and a scheduler goes on."""
RETRY_AFTER: Final = 60.0
ZID_REQUEST_ID: Final = "x-request-id"
"""Sent with every request by Zid's HTTP client (captured 2026-08-30); part of what tells a repeat."""


async def receive(request: web.Request) -> web.Response:
    services = request.app[SERVICES]
    secret, ring = request.match_info["secret"], services.settings.app_events_secrets
    if not secret.isascii() or not matches_any(secret, ring):
        _count(request, "other", "not_ours")
        raise not_found("such address")
    if not matches_any(secret, ring[:1]):
        log.info("app_event_by_older_secret")
    try:
        body = await read_up_to(request.content, LARGEST, seconds=BODY_SECONDS)
    except Slow:
        return _come_again(request, "other")
    event = read_event(body, request.headers.get(ZID_REQUEST_ID))
    if event is None or event.store_id is None:
        return _acknowledge(request, event.name if event else "other", "unreadable")
    if services.settings.app_id not in {None, event.app_id}:
        return _acknowledge(request, event.name, "other_app", store_id=event.store_id)
    return await _take_in(request, event)


async def greet(_: web.Request) -> web.Response:
    """Whether or not the address is right, somebody is here."""
    return web.Response()


async def _take_in(request: web.Request, event: AppEvent) -> web.Response:
    try:
        claim = await request.app[SERVICES].app_events.note(event)
    except TryLater as error:
        log.warning("app_event_put_off", store_id=event.store_id, problem=type(error).__name__)
        return _come_again(request, event.name)
    outcome = "duplicate" if claim is None else await _decide(request, claim)
    return _acknowledge(request, event.name, outcome, store_id=event.store_id)


async def _decide(request: web.Request, claim: AppEventClaim) -> str:
    """It is written down, so whatever stops the decision here only delays it."""
    try:
        async with asyncio.timeout(DECIDE_SECONDS):
            handled = await request.app[SERVICES].app_events.decide(claim)
    except (TryLater, TimeoutError):
        return "pending"
    except Exception:
        log.exception("app_event_failed", app_event=known_name(claim.event), store_id=claim.event.store_id)
        return "pending"
    match handled.verdict:
        case Settled(outcome):
            return outcome.value
        case LookAgain():
            return "pending"


def read_event(body: Body, request_id: str | None = None) -> AppEvent | None:
    """The event of a body, or None for what names no event."""
    try:
        document = orjson.loads(body.content)
    except ValueError:
        return None
    return read_app_event(document, request_id) if isinstance(document, Mapping) else None


def known_name(event: AppEvent) -> str:
    """The event's name where it is one of Zid's: logs and metrics carry no other."""
    return event.name if event.name in APP_EVENTS else "other"


def _acknowledge(request: web.Request, name: str, outcome: str, **ids: object) -> web.Response:
    known = name if name in APP_EVENTS else "other"
    _count(request, known, outcome)
    log.info("app_event_received", app_event=known, outcome=outcome, **ids)
    return web.Response()


def _come_again(request: web.Request, name: str) -> web.Response:
    _count(request, name if name in APP_EVENTS else "other", "put_off")
    kind = KINDS["overloaded"]
    return respond(Problem(kind, kind.meaning, retry_after=RETRY_AFTER), request[REQUEST_ID])


def _count(request: web.Request, name: str, outcome: str) -> None:
    request.app[SERVICES].metrics.count("app_events_received_total", event=name, outcome=outcome)


PATH: Final = "/webhooks/zid-app/{secret}"
ROUTES = (
    Route("POST", PATH, receive, access=Access.OWN),
    Route("GET", PATH, greet, quiet=True),
)
