"""Trying tokens out: the same questions to a model of Zid and to the stand-in over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
import pytest

from adapters.memory.token_trials import MemoryTokenTrials
from adapters.zid.http_session import HttpLimits, open_http
from adapters.zid.token_trials import AiohttpTokenTrials
from core.domain.secret import Secret
from core.domain.token_trials import Dialect, RemoteCheck, TrialVerdict
from core.domain.tokens import Tokens, TokenSet
from core.ids import Generation, InstallId, StoreId
from core.ports.token_trials import TokenTrials
from sandbox.server import RunningSandbox, start
from sandbox.settings import AppRegistration, SandboxSettings

APP = AppRegistration(
    client_id="48",
    client_secret="a-client-secret",
    app_id=7367,
    callback_url="https://wasl.example/auth/zid/callback",
    redirection_url="https://wasl.example/auth/zid",
)


@dataclass
class TrialWorld:
    """A Zid with one store, its tokens, and ways to change what Zid thinks of them."""

    trials: TokenTrials
    seen: TokenSet
    uninstall: Callable[[], Awaitable[object]]
    deafen: Callable[[Dialect], Awaitable[object]]
    """One dialect refuses everybody from now on."""
    go_away: Callable[[], Awaitable[object]]
    questions: Callable[[], int]

    async def check(self, seen: TokenSet | None = None) -> RemoteCheck:
        return RemoteCheck(tuple([await self.trials.ask(seen or self.seen, dialect) for dialect in Dialect]))


def of(store_id: int, authorization: str, manager: str) -> TokenSet:
    tokens = Tokens(Secret(authorization), Secret(manager), Secret("refresh"), None)
    return TokenSet(StoreId(store_id), InstallId(1), Generation(1), tokens)


def memory_world() -> TrialWorld:
    trials, seen = MemoryTokenTrials(), of(1001, "bearer", "manager")
    trials.admit(seen)

    async def uninstall() -> None:
        trials.good.clear()

    async def deafen(dialect: Dialect) -> None:
        trials.deaf.add(dialect)

    async def go_away() -> None:
        trials.away = True

    return TrialWorld(trials, seen, uninstall, deafen, go_away, lambda: len(trials.asked))


class Shop:
    """The stand-in with one installed store."""

    def __init__(self, zid: RunningSandbox, browser: aiohttp.ClientSession) -> None:
        self.zid = zid
        self._browser = browser

    async def control(self, method: str, path: str, document: object = None) -> dict[str, object]:
        async with self._browser.request(method, f"{self.zid.url}/__sandbox{path}", json=document) as answer:
            assert answer.status < 300, await answer.text()
            found: dict[str, object] = await answer.json()
            return found

    async def installed(self) -> TokenSet:
        store_id = int(str((await self.control("POST", "/stores", {}))["store_id"]))
        activate = f"{self.zid.url}/__sandbox/stores/{store_id}/activate"
        async with self._browser.get(activate, allow_redirects=False) as clicked:
            assert clicked.status == 302
        asked = urlencode({"client_id": APP.client_id, "redirect_uri": APP.callback_url, "response_type": "code"})
        authorize = f"{self.zid.url}/oauth/authorize?{asked}"
        async with self._browser.get(authorize, allow_redirects=False) as consented:
            code = parse_qs(urlsplit(consented.headers["Location"]).query)["code"][0]
        form = {
            "grant_type": "authorization_code",
            "client_id": APP.client_id,
            "client_secret": APP.client_secret,
            "redirect_uri": APP.callback_url,
            "code": code,
        }
        async with self._browser.post(f"{self.zid.url}/oauth/token", data=form) as answer:
            told = await answer.json()
        return of(store_id, told["authorization"], told["access_token"])

    async def deafen(self, dialect: Dialect) -> None:
        route = "GET /v1/products/" if dialect is Dialect.PRODUCTS else "GET /v1/managers/account/profile"
        await self.control("POST", "/faults", {"route": route, "kind": "status", "status": 401, "times": 100})


@asynccontextmanager
async def sandbox_world() -> AsyncIterator[TrialWorld]:
    zid = await start(SandboxSettings(port=0, app=APP, knobs={"rate.bucket": 0}))
    try:
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser,
            open_http(HttpLimits(connect=20)) as http,
        ):
            shop = Shop(zid, browser)
            seen = await shop.installed()
            yield TrialWorld(
                AiohttpTokenTrials(http, api_url=zid.url),
                seen,
                lambda: shop.control("POST", f"/stores/{seen.store_id}/uninstall"),
                shop.deafen,
                zid.stop,
                lambda: sum(str(row["path"]).startswith("/v1/") for row in zid.sandbox.requests),
            )
    finally:
        await zid.stop()


@pytest.fixture(params=["memory", "zid"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[TrialWorld]:
    if request.param == "memory":
        yield memory_world()
        return
    async with sandbox_world() as world:
        yield world


async def test_good_tokens_are_accepted_in_every_dialect_and_the_profile_names_their_store(world: TrialWorld) -> None:
    before = world.questions()
    check = await world.check()
    assert [trial.dialect for trial in check.trials] == list(Dialect)
    assert {trial.verdict for trial in check.trials} == {TrialVerdict.ACCEPTED}
    assert (check.works, check.failed_headers, check.store_id) == (True, (), world.seen.store_id)
    assert world.questions() == before + len(Dialect), "each is asked once"


async def test_after_an_uninstall_every_dialect_refuses(world: TrialWorld) -> None:
    await world.uninstall()
    check = await world.check()
    assert {trial.verdict for trial in check.trials} == {TrialVerdict.REFUSED}
    assert check.works is False
    assert check.failed_headers == ("Authorization", "X-Manager-Token", "Access-Token")


@pytest.mark.parametrize("wrong", ["authorization", "manager_token"])
async def test_either_token_alone_is_worth_nothing(world: TrialWorld, wrong: str) -> None:
    tokens = world.seen.tokens
    broken = Tokens(
        Secret("wrong") if wrong == "authorization" else tokens.authorization,
        Secret("wrong") if wrong == "manager_token" else tokens.manager_token,
        tokens.refresh_token,
        None,
    )
    check = await world.check(replace(world.seen, tokens=broken))
    assert check.works is False
    assert "Authorization" in check.failed_headers


async def test_the_products_family_wants_the_stores_own_number(world: TrialWorld) -> None:
    check = await world.check(replace(world.seen, store_id=StoreId(world.seen.store_id + 1)))
    assert (check.works, check.failed_headers) == (False, ("Store-Id",))
    assert check.store_id == world.seen.store_id


async def test_a_dialect_that_refuses_is_told_from_those_that_do_not(world: TrialWorld) -> None:
    await world.deafen(Dialect.PRODUCTS)
    verdicts = {trial.dialect: trial.verdict for trial in (await world.check()).trials}
    assert verdicts == {
        Dialect.MANAGERS: TrialVerdict.ACCEPTED,
        Dialect.ACCESS_TOKEN: TrialVerdict.ACCEPTED,
        Dialect.PRODUCTS: TrialVerdict.REFUSED,
    }


async def test_a_zid_that_is_away_decides_nothing(world: TrialWorld) -> None:
    await world.go_away()
    check = await world.check()
    assert {trial.verdict for trial in check.trials} == {TrialVerdict.UNDECIDED}
    assert (check.works, check.failed_headers, check.store_id) == (None, (), None)
    assert all(trial.note for trial in check.trials)
