"""`/auth/authorize` and `/auth/status|refresh|test-authorize|revoke/{merchant_id}`: authorization, for programs."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Annotated

import msgspec
from aiohttp import web

from core.domain.api_access import ApiScope
from core.domain.stores import Install, InstallState
from core.domain.tokens import RefreshOutcome
from core.domain.webhook_states import WebhookState
from entrypoints.http.api.asking import install_of
from entrypoints.http.api.shapes import Asked, Told, json, utc
from entrypoints.http.api.stores import StoreDetail, store_detail
from entrypoints.http.api.token_views import LocalValidation, TokensProven, proof_view, validation_view
from entrypoints.http.api_keys import actor
from entrypoints.http.path_ids import store_id_of
from entrypoints.http.problems import Refusal
from entrypoints.http.reading import no_query, read_body
from entrypoints.http.routing import Access, NoQuery, Route
from entrypoints.http.services import SERVICES, HttpServices
from entrypoints.http.tracing import REQUEST_ID

ReturnUrl = Annotated[
    str, msgspec.Meta(min_length=1, max_length=2000, description="At or below one of AUTH_RETURN_URLS.")
]


class AuthorizeBody(Asked, frozen=True):
    """Where the merchant's browser goes after the install; our own page without it."""

    return_url: ReturnUrl | None = None


class AuthorizationLinkView(Told, frozen=True):
    """`authorization_url` may be opened in any browser and leads to one install at most."""

    authorization_url: str
    expires_at: datetime | None
    return_url: str | None


class AuthorizationStatus(StoreDetail, frozen=True):
    """`scopes` are those the tokens name; null where they name none or cannot be read.

    `webhook_health` counts the subscribed events by state at the last look, at `webhooks_checked_at`; null before
    the first one. `validation` is what the tokens say of themselves; null where there are none.
    """

    last_refresh_at: datetime | None
    scopes: list[str] | None
    validation: LocalValidation | None
    webhook_health: dict[WebhookState, int] | None
    webhooks_checked_at: datetime | None


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
    return json(await _status(services, install))


async def _status(services: HttpServices, install: Install) -> AuthorizationStatus:
    labels = (await services.token_statuses.of([install.install_id])).get(install.install_id)
    validation = await services.check_tokens.validate(install)
    claims = validation.local.claims if validation.local else None
    looked = await services.webhook_checks.of_install(install.install_id)
    health = Counter(looked.states.values()) if looked else None
    return AuthorizationStatus(
        **msgspec.structs.asdict(await store_detail(services, install)),
        last_refresh_at=utc(labels.renewed_at) if labels else None,
        scopes=list(claims.scopes) if claims and claims.scopes is not None else None,
        validation=validation_view(validation),
        webhook_health={state: health[state] for state in WebhookState} if health is not None else None,
        webhooks_checked_at=utc(looked.checked_at) if looked else None,
    )


async def test_authorize(request: web.Request) -> web.Response:
    """Three questions to Zid, out of the store's allowance."""
    no_query(request)
    services = request.app[SERVICES]
    install = await install_of(services, store_id_of(request, "merchant_id"))
    proof = await services.check_tokens.prove(install.store_id, actor=actor(request), request_id=request[REQUEST_ID])
    if proof is None:
        raise Refusal("conflict", f"store {install.store_id} is not installed now", store_id=install.store_id)
    return json(proof_view(proof))


async def authorize(request: web.Request) -> web.Response:
    """A link for a merchant; whoever opens it gets a state of their own browser's."""
    no_query(request)
    body = await read_body(request, AuthorizeBody)
    links = request.app[SERVICES].install.links
    made = await links.make(body.return_url, actor=actor(request), request_id=request[REQUEST_ID])
    return json(AuthorizationLinkView(made.url, utc(made.expires_at), body.return_url))


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
        "POST",
        "/auth/authorize",
        authorize,
        "A link by which a merchant authorizes the app by hand",
        Access.API_KEY,
        query=NoQuery,
        body=AuthorizeBody,
        answer=AuthorizationLinkView,
    ),
    Route(
        "GET",
        "/auth/status/{merchant_id}",
        status,
        "How a store's authorization stands",
        Access.API_KEY,
        query=NoQuery,
        answer=AuthorizationStatus,
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
        "/auth/test-authorize/{merchant_id}",
        test_authorize,
        "Prove a store's tokens at Zid in each of its dialects, changing nothing",
        Access.API_KEY,
        query=NoQuery,
        answer=TokensProven,
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
