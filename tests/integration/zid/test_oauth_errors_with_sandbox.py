"""Every way in which Zid's OAuth server can fail, met at an install and at a renewal.

Only Zid's word about a token costs a store its authorization; faults of ours, of the
network and of the server never do.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest

from adapters.system import SystemClock
from adapters.zid.oauth import AiohttpExchange
from core.domain.operations.account import GetProfile
from core.domain.secret import Secret
from core.domain.stores import InstallState
from core.errors import ClientRejected, NeedsReauthorization, ServerFault, Unavailable, WaslError
from core.features.install_store import BadState, BadStateReason, Callback, CodeRejected, Installed, ZidError
from core.ids import StoreId
from tests.integration.zid.sandbox_world import REGISTERED, Merchant, Process

TOKEN = "POST /oauth/token"
YEAR = timedelta(days=365)
AGAIN = 3
"""How often a fault of the server is met before a renewal is given up for now."""


@dataclass(frozen=True)
class Bad:
    """One failure and what it may lead to.

    `install` and `renewal` are what comes of each: an exception, or how the callback or the renewal ends. `suspends`
    says whether a renewal that meets it costs the store its authorization.
    """

    fault: Mapping[str, object]
    install: type[WaslError] | type[CodeRejected]
    renewal: type[WaslError] | None
    suspends: bool = False
    knobs: Mapping[str, object] = field(default_factory=dict)


def answered(status: int, body: object, content_type: str = "application/json", **more: object) -> dict[str, object]:
    text = body if isinstance(body, str) else json.dumps(body)
    return {"kind": "status", "status": status, "body": text, "content_type": content_type, "times": AGAIN, **more}


def envelope(text: str) -> dict[str, object]:
    return {"status": "error", "message": {"type": "error", "code": None, "name": None, "description": text}}


def league(error: str, hint: str = "") -> dict[str, object]:
    return {"error": error, "error_description": "It is invalid.", "hint": hint, "message": "It is invalid."}


OURS = {"install": ClientRejected, "renewal": ClientRejected}
THEIRS = {"install": ServerFault, "renewal": ServerFault}
NOBODY_KNOWS = {"install": CodeRejected, "renewal": None}
THE_TOKENS = {"install": CodeRejected, "renewal": NeedsReauthorization, "suspends": True}

CASES: dict[str, Bad] = {
    # Our own client or registration
    "client, in Zid's envelope": Bad(answered(400, envelope("Client authentication failed")), **OURS),
    "client, as the standard has it": Bad(answered(401, league("invalid_client")), **OURS),
    "client, in other letters": Bad(answered(401, {"message": "CLIENT AUTHENTICATION FAILED"}), **OURS),
    "redirect_uri, as league has it": Bad(answered(400, league("invalid_request", "Invalid redirect URI")), **OURS),
    "redirect_uri, named": Bad(answered(400, league("invalid_grant", "redirect_uri mismatch")), **OURS),
    "a grant the client may not use": Bad(answered(400, league("unauthorized_client")), **OURS),
    "an address that is no token endpoint": Bad(answered(404, "<html>", "text/html"), **OURS),
    "a method that is not taken there": Bad(answered(405, ""), **OURS),
    # The server
    "500 in Zid's envelope": Bad(answered(500, {"status": "error", "message": {"description": "Error"}}), **THEIRS),
    "502 as a page": Bad(answered(502, "<html>", "text/html"), **THEIRS),
    "503": Bad(answered(503, ""), **THEIRS),
    "429 with a time": Bad(answered(429, {"message": "Too Many Attempts."}, retry_after=1), **THEIRS),
    "429 without one": Bad(answered(429, ""), **THEIRS),
    "408": Bad(answered(408, ""), **THEIRS),
    # Lost on the way
    "cut before Zid took it": Bad({"kind": "cut"}, **NOBODY_KNOWS),
    "cut after Zid took it": Bad({"kind": "cut_after_commit"}, **NOBODY_KNOWS, knobs={"refresh.revoke_access": False}),
    "an answer that is no JSON": Bad({"kind": "garbage"}, **NOBODY_KNOWS, knobs={"refresh.revoke_access": False}),
    "half an answer": Bad({"kind": "truncate"}, **NOBODY_KNOWS, knobs={"refresh.revoke_access": False}),
    "200 without tokens": Bad(answered(200, {"status": "error"}, times=1), **NOBODY_KNOWS),
    # Zid's word about the code or the token
    "refused, 401 of league": Bad(answered(401, league("invalid_request", "Token has been revoked")), **THE_TOKENS),
    "refused, 400 of league": Bad(answered(400, league("invalid_grant")), **THE_TOKENS),
    "refused, in Zid's envelope": Bad(answered(400, envelope("The refresh token is invalid.")), **THE_TOKENS),
    "refused, without a reason": Bad(answered(422, ""), **THE_TOKENS),
}


class HastyClock(SystemClock):
    """The right time, and no waiting between tries."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


@pytest.fixture(autouse=True)
def one_webhook(service: Process) -> None:
    """Installs of these tests are not about webhooks."""
    service.install = replace(service.install, topics=("order.create",))


@pytest.fixture(params=sorted(CASES))
def bad(request: pytest.FixtureRequest) -> Bad:
    return CASES[request.param]


async def arrange(merchant: Merchant, bad: Bad) -> None:
    await merchant.knobs(**{name.replace(".", "__"): value for name, value in bad.knobs.items()})
    await merchant.control("POST", "/faults", {"route": TOKEN, **bad.fault})


async def calm(merchant: Merchant) -> None:
    await merchant.control("DELETE", "/faults")


async def state(service: Process, store_id: StoreId) -> InstallState | None:
    install = await service.installations.current(store_id)
    return install.state if install else None


async def test_at_an_install_nothing_is_installed_and_the_next_click_works(
    merchant: Merchant, service: Process, bad: Bad
) -> None:
    store_id = StoreId(await merchant.new_store())
    callback = await merchant.consent(store_id, service)
    await arrange(merchant, bad)
    if issubclass(bad.install, WaslError):
        with pytest.raises(bad.install):
            await service.install.finish(callback)
    else:
        assert isinstance(await service.install.finish(callback), bad.install)
    assert await state(service, store_id) is None
    await calm(merchant)
    assert isinstance(await merchant.install(store_id, service), Installed)


async def test_at_a_renewal_only_a_refused_token_costs_the_store_its_authorization(
    merchant: Merchant, service: Process, bad: Bad
) -> None:
    refresh = replace(service.refresh, clock=HastyClock())
    store_id = StoreId(await merchant.new_store())
    await merchant.install(store_id, service)
    seen = await service.vault.open(store_id)
    assert seen is not None
    await arrange(merchant, bad)
    if bad.renewal is None:
        assert (await refresh.renew(seen)) == seen, "the old tokens are used on"
    else:
        with pytest.raises(bad.renewal):
            await refresh.renew(seen)
    await calm(merchant)
    expected = InstallState.NEEDS_REAUTHORIZATION if bad.suspends else InstallState.ACTIVE
    assert await state(service, store_id) is expected
    if bad.suspends:
        assert (await merchant.install(store_id, service)).install.epoch == 2
    elif bad.renewal is not None:
        assert (await refresh.renew(seen)).generation == 2


@pytest.mark.parametrize("wrong", ["client_secret", "redirect_uri", "oauth_url"])
async def test_our_own_settings_may_be_wrong_and_no_store_suffers(
    merchant: Merchant, service: Process, wrong: str
) -> None:
    """Not the stand-in's faults this time, but what it really answers to such a client; or nobody does."""
    store_id = StoreId(await merchant.new_store())
    await merchant.install(store_id, service)
    seen = await service.vault.open(store_id)
    assert seen is not None
    values = {"client_secret": "wrong", "redirect_uri": "https://other.example/cb", "oauth_url": "http://127.0.0.1:1"}
    right = {
        "oauth_url": merchant.sandbox.url,
        "client_secret": REGISTERED.client_secret,
        "redirect_uri": REGISTERED.callback_url,
    }
    settings = {**right, wrong: values[wrong]}
    exchange = AiohttpExchange(
        service.http,
        oauth_url=settings["oauth_url"],
        client_id=REGISTERED.client_id,
        client_secret=Secret(settings["client_secret"]),
        redirect_uri=settings["redirect_uri"],
    )
    refresh = replace(service.refresh, clock=HastyClock())
    failures = (ClientRejected, Unavailable)
    callback = await merchant.consent(store_id, service)
    with pytest.raises(failures):
        await replace(service.install, exchange=exchange).finish(callback)
    if wrong != "redirect_uri":
        with pytest.raises(failures):
            await replace(refresh, exchange=exchange).renew(seen)
    assert await state(service, store_id) is InstallState.ACTIVE
    assert (await refresh.renew(seen)).generation == 2


async def test_an_authorize_page_that_sends_back_an_error_is_shown_and_not_tried_again(
    merchant: Merchant, service: Process
) -> None:
    """What Zid says of a client or redirect_uri that it does not know is not documented (U2)."""
    await merchant.knobs(oauth__authorize_error="redirect")
    app = replace(service.install.app, redirect_uri="https://other.example/auth/zid/callback")
    install = replace(service.install, app=app)
    await merchant.location(f"{merchant.sandbox.url}/__sandbox/stores/{await merchant.new_store()}/activate")
    started = await install.start()
    back = dict(parse_qsl(urlsplit(await merchant.location(started.authorize_url)).query))
    callback = Callback(error=back["error"], state=back.get("state"), binding=started.binding)
    assert isinstance(await install.finish(callback), ZidError)
    assert await install.finish(replace(callback, error=None, code="c")) == BadState(BadStateReason.EXPIRED_OR_USED)


@pytest.mark.parametrize("dialect", ["zid", "root", "unauthenticated", "redirect"])
async def test_expired_tokens_are_known_and_renewed_in_every_dialect(
    merchant: Merchant, service: Process, dialect: str
) -> None:
    """Nobody has published the 401 of `/v1/managers/*` (U3)."""
    await merchant.knobs(errors__managers_401=dialect, refresh__ttl=10 * YEAR.total_seconds())
    store_id = StoreId(await merchant.new_store())
    await merchant.install(store_id, service)
    await merchant.advance(YEAR + timedelta(days=1))
    assert (await service.gateway.perform(store_id, GetProfile())).store_id == store_id
    assert await state(service, store_id) is InstallState.ACTIVE
    assert merchant.exchanges() == 1
