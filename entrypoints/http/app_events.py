"""`/webhooks/zid-app/{secret}`: the App Market's events. They carry no credentials, so the address is the secret.

Only `event_name`, `app_id` and `store_id` are relied on (U8), and an uninstall is
only a hint: the store's own tokens decide (docs.zid.sa "app-events-878234m0").
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import orjson
from aiohttp import web
from structlog import get_logger

from core.domain.documents import text
from core.domain.secret import matches_any
from core.errors import TryLater
from core.ids import StoreId
from entrypoints.http.bodies import Body, Slow, read_up_to
from entrypoints.http.problems import KINDS, Problem, not_found, respond
from entrypoints.http.routing import Access, Route
from entrypoints.http.services import SERVICES
from entrypoints.http.tracing import REQUEST_ID

log = get_logger()

LARGEST: Final = 256 * 1024
"""Bytes; the captured event had 497."""
DECIDE_SECONDS: Final = 10.0
RETRY_AFTER: Final = 60.0
UNINSTALL: Final = "app.market.application.uninstall"
EVENTS: Final = frozenset(
    {
        "app.market.application.authorized",
        "app.market.application.install",
        UNINSTALL,
        "app.market.application.rated",
        "app.market.subscription.active",
        "app.market.subscription.warning",
        "app.market.subscription.suspended",
        "app.market.subscription.expired",
        "app.market.subscription.renew",
        "app.market.subscription.upgrade",
        "app.market.subscription.refunded",
        "app.market.private.plan.request",
        "app.market.subscription.usage_based.payment_success",
        "app.market.subscription.usage_based.payment_failure",
    }
)


@dataclass(frozen=True, slots=True)
class AppEvent:
    """What is understood of an app event."""

    name: str
    app_id: str | None
    store_id: StoreId | None


async def receive(request: web.Request) -> web.Response:
    services = request.app[SERVICES]
    secret = request.match_info["secret"]
    if not secret.isascii() or not matches_any(secret, services.settings.app_events_secrets):
        _count(request, "other", "not_ours")
        raise not_found("such address")
    try:
        body = await read_up_to(request.content, LARGEST, seconds=DECIDE_SECONDS)
    except Slow:
        return _come_again(request, "other")
    event = read_event(body)
    if event is None:
        return _acknowledge(request, "other", "unreadable")
    if services.settings.app_id not in {None, event.app_id}:
        return _acknowledge(request, event.name, "other_app", store_id=event.store_id)
    if event.name == UNINSTALL and event.store_id is not None:
        return await _decide(request, event.store_id)
    return _acknowledge(request, event.name, "noted", store_id=event.store_id)


async def greet(_: web.Request) -> web.Response:
    """Whether or not the address is right, somebody is here."""
    return web.Response()


async def _decide(request: web.Request, store_id: StoreId) -> web.Response:
    """Answers when the hint is decided, so that it cannot be lost between the answer and the decision."""
    try:
        async with asyncio.timeout(DECIDE_SECONDS):
            decision = await request.app[SERVICES].uninstall.on_hint(store_id)
    except (TryLater, TimeoutError) as error:
        log.warning("app_event_put_off", store_id=store_id, problem=type(error).__name__)
        return _come_again(request, UNINSTALL)
    return _acknowledge(request, UNINSTALL, decision.value, store_id=store_id)


def read_event(body: Body) -> AppEvent | None:
    """The event of a body, or None for what names no event."""
    try:
        document = orjson.loads(body.content)
    except ValueError:
        return None
    if not isinstance(document, Mapping) or (name := text(document.get("event_name"))) is None:
        return None
    number = text(document.get("store_id")) or ""
    store_id = StoreId(int(number)) if number.isascii() and number.isdigit() and len(number) < 19 else None
    return AppEvent(name, text(document.get("app_id")), store_id)


def _acknowledge(request: web.Request, name: str, outcome: str, **ids: object) -> web.Response:
    known = name if name in EVENTS else "other"
    _count(request, known, outcome)
    log.info("app_event_received", app_event=known, outcome=outcome, **ids)
    return web.Response()


def _come_again(request: web.Request, name: str) -> web.Response:
    _count(request, name, "put_off")
    kind = KINDS["overloaded"]
    return respond(Problem(kind, kind.meaning, retry_after=RETRY_AFTER), request[REQUEST_ID])


def _count(request: web.Request, name: str, outcome: str) -> None:
    request.app[SERVICES].metrics.count("app_events_received_total", event=name, outcome=outcome)


PATH: Final = "/webhooks/zid-app/{secret}"
ROUTES = (
    Route("POST", PATH, receive, access=Access.OWN),
    Route("GET", PATH, greet, quiet=True),
)
