"""What a person does to a store from its page, as the API does it: its tokens, lists, webhooks and work."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from aiohttp import web
from structlog import get_logger

from core.domain.api_access import ApiScope
from core.domain.backfill import BACKFILLED
from core.domain.stores import LIVE, Install
from core.domain.tokens import RefreshOutcome
from core.errors import WaslError
from core.features.backfill import BackfillRefused
from core.features.pause_store import LONGEST_REASON
from core.features.reconcile_requests import ReconciliationRefused
from entrypoints.http.api.asking import entry, known_store
from entrypoints.http.api_keys import actor
from entrypoints.http.console.access import form_of, signed_in
from entrypoints.http.console.framing import console_page
from entrypoints.http.console.notices import Notice, Tone, done
from entrypoints.http.console.store import STORE, store_crumbs, store_page
from entrypoints.http.problems import Refusal, problem_of
from entrypoints.http.routing import Access, Handler, Route
from entrypoints.http.services import SERVICES
from entrypoints.http.tracing import REQUEST_ID

log = get_logger()

Fields = Mapping[str, str]
Act = Callable[[web.Request, Install, Fields], Awaitable[Notice]]
"""Does it, and says what to tell."""
NOT_INSTALLED: Final = Notice("notice.store.not_installed", tone=Tone.BAD)


def store_address(install: Install) -> str:
    return f"/console/stores/{install.store_id}"


def acting(act: Act) -> Handler:
    """Back to the store with a notice; what Zid, the merchant or the database hinders is told on its page."""

    async def handler(request: web.Request) -> web.Response:
        fields, install = await form_of(request), await known_store(request)
        try:
            notice = await act(request, install, fields)
        except WaslError as error:
            log.warning("console_action_refused", problem=type(error).__name__, store_id=install.store_id)
            return await store_page(request, problem=problem_of(error))
        return done(request, store_address(install), notice)

    return handler


async def _refresh(request: web.Request, install: Install, _: Fields) -> Notice:
    renewal = await request.app[SERVICES].refresh.refresh_now(install.store_id, actor=actor(request))
    renewed = renewal.outcome is RefreshOutcome.RENEWED
    return Notice("notice.store.refreshed") if renewed else Notice("notice.store.refresh_unknown", tone=Tone.BAD)


async def check_tokens(request: web.Request) -> web.Response:
    """Three questions to Zid; their answers are shown at once and kept nowhere but in the audit."""
    await form_of(request)
    install = await known_store(request)
    checking = request.app[SERVICES].check_tokens
    try:
        proof = await checking.prove(install.store_id, actor=actor(request), request_id=request[REQUEST_ID])
    except WaslError as error:
        return await store_page(request, problem=problem_of(error))
    return await store_page(request, proof=proof) if proof else done(request, store_address(install), NOT_INSTALLED)


async def _backfill(request: web.Request, install: Install, fields: Fields) -> Notice:
    kinds = [kind for kind in BACKFILLED if kind.value == fields.get("kind")] or BACKFILLED
    asked = await request.app[SERVICES].backfill.request(install.store_id, kinds, actor=actor(request))
    return NOT_INSTALLED if isinstance(asked, BackfillRefused) else Notice("notice.store.backfill")


async def estimate(request: web.Request) -> web.Response:
    """What a reconciliation would read now and cost, before anybody asks for it."""
    install = await known_store(request)
    planned = await request.app[SERVICES].reconciliation.estimate(install.store_id)
    if isinstance(planned, ReconciliationRefused):
        return done(request, store_address(install), NOT_INSTALLED)
    return console_page(
        request, "console/store_reconcile.html", {"install": install, "planned": planned}, crumbs=store_crumbs(install)
    )


async def _reconcile(request: web.Request, install: Install, _: Fields) -> Notice:
    asked = await request.app[SERVICES].reconciliation.request(install.store_id, actor=actor(request))
    return NOT_INSTALLED if isinstance(asked, ReconciliationRefused) else Notice("notice.store.reconcile")


async def _pause(request: web.Request, install: Install, fields: Fields) -> Notice:
    pausing, reason = request.app[SERVICES].pausing, _reason(fields)
    who = {"actor": actor(request), "request_id": request[REQUEST_ID]}
    standing = await pausing.pause(install.store_id, **who, reason=reason)
    return Notice("notice.store.paused" if standing and standing.changed else "notice.store.paused_already")


async def _resume(request: web.Request, install: Install, fields: Fields) -> Notice:
    services, reason = request.app[SERVICES], _reason(fields)
    who = {"actor": actor(request), "request_id": request[REQUEST_ID]}
    standing = await services.pausing.resume(install.store_id, **who, reason=reason)
    services.announcer.announce(standing.released if standing else ())
    return Notice("notice.store.resumed" if standing and standing.changed else "notice.store.resumed_already")


def _reason(fields: Fields) -> str | None:
    reason = fields.get("reason", "").strip()
    if len(reason) > LONGEST_REASON:
        raise Refusal("bad-request", f"reason: at most {LONGEST_REASON} characters", parameter="reason")
    return reason or None


async def _apply_webhooks(request: web.Request, install: Install, _: Fields) -> Notice:
    if install.state not in LIVE:
        return NOT_INSTALLED
    services = request.app[SERVICES]
    await services.trail.note(entry(request, "webhooks.subscribing_asked", install))
    checked = await services.webhooks.apply(install)
    if checked.failed or checked.problem:
        return Notice("notice.store.webhooks_failed", tone=Tone.BAD)
    return Notice("notice.store.webhooks")


def _action(name: str, handler: Handler) -> Route:
    checked = signed_in(handler, ApiScope.OPERATE)
    return Route("POST", f"{STORE}/{name}", checked, access=Access.OWN, page=True)


ROUTES = (
    _action("refresh", acting(_refresh)),
    _action("check-tokens", check_tokens),
    _action("backfill", acting(_backfill)),
    Route("GET", f"{STORE}/reconcile", signed_in(estimate), access=Access.OWN, page=True),
    _action("reconcile", acting(_reconcile)),
    _action("pause", acting(_pause)),
    _action("resume", acting(_resume)),
    _action("webhooks", acting(_apply_webhooks)),
)
