"""`/auth/status|refresh|revoke/{merchant_id}`: one store's authorization, for programs."""

from __future__ import annotations

from datetime import datetime

from aiohttp import web

from core.domain.api_access import ApiScope
from core.domain.stores import InstallState
from core.domain.tokens import RefreshOutcome
from entrypoints.http.api.asking import install_of
from entrypoints.http.api.shapes import Told, json, utc
from entrypoints.http.api.stores import StoreDetail, store_detail
from entrypoints.http.api_keys import actor
from entrypoints.http.path_ids import store_id_of
from entrypoints.http.problems import Refusal
from entrypoints.http.reading import no_query
from entrypoints.http.routing import Access, NoQuery, Route
from entrypoints.http.services import SERVICES


class Renewed(Told, frozen=True):
    """`outcome` is `renewed`, or `unknown` when Zid's answer was lost and the old tokens still work."""

    store_id: int
    outcome: RefreshOutcome
    generation: int
    expires_at: datetime | None


class RevokedView(Told, frozen=True):
    """`problem` says why webhooks may still stand at Zid; deliveries for them are cancelled."""

    store_id: int
    install_id: str
    state: InstallState
    cancelled_events: int
    problem: str | None


async def status(request: web.Request) -> web.Response:
    no_query(request)
    services = request.app[SERVICES]
    install = await install_of(services, store_id_of(request, "merchant_id"))
    return json(await store_detail(services, install))


async def refresh(request: web.Request) -> web.Response:
    no_query(request)
    services = request.app[SERVICES]
    install = await install_of(services, store_id_of(request, "merchant_id"))
    renewal = await services.refresh.refresh_now(install.store_id, actor=actor(request))
    tokens = renewal.tokens
    return json(Renewed(tokens.store_id, renewal.outcome, tokens.generation, utc(tokens.tokens.expires_at)))


async def revoke(request: web.Request) -> web.Response:
    no_query(request)
    services = request.app[SERVICES]
    install = await install_of(services, store_id_of(request, "merchant_id"))
    revoked = await services.uninstall.revoke(install.store_id, actor=actor(request))
    if revoked is None:
        raise Refusal("conflict", f"store {install.store_id} is not installed now", store_id=install.store_id)
    over = InstallState.UNINSTALLED
    install_id = str(revoked.install.install_id)
    return json(RevokedView(install.store_id, install_id, over, revoked.cancelled_events, revoked.problem))


ROUTES = (
    Route(
        "GET",
        "/auth/status/{merchant_id}",
        status,
        "How a store's authorization stands",
        Access.API_KEY,
        query=NoQuery,
        answer=StoreDetail,
    ),
    Route(
        "POST",
        "/auth/refresh/{merchant_id}",
        refresh,
        "Renew a store's tokens now",
        Access.API_KEY,
        query=NoQuery,
        answer=Renewed,
    ),
    Route(
        "POST",
        "/auth/revoke/{merchant_id}",
        revoke,
        "Remove the app from a store: webhooks, tokens, unfinished work",
        Access.API_KEY,
        query=NoQuery,
        answer=RevokedView,
        scope=ApiScope.ADMIN,
    ),
)
