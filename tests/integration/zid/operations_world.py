"""A store of the sandbox's, and a gateway that holds its tokens: operations over real HTTP, without a database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import aiohttp

from adapters.memory.system import SeededChance
from adapters.memory.zid_gateway import ScriptedTokenSource
from adapters.zid.gateway import AiohttpZidGateway
from adapters.zid.http_session import open_http
from core.domain.operations.operation import Operation
from core.domain.secret import Secret
from core.domain.tokens import Tokens, TokenSet
from core.ids import Generation, InstallId, StoreId
from core.ports.zid_gateway import BoundGateway
from sandbox.server import RunningSandbox, start
from sandbox.settings import SandboxSettings
from tests.integration.zid.sandbox_world import CALLBACK_URL, REGISTERED

R = TypeVar("R")


@dataclass
class Shop(BoundGateway):
    """One installed store: what its app can ask, and what the sandbox knows about it."""

    running: RunningSandbox
    session: aiohttp.ClientSession
    gateway: AiohttpZidGateway
    store_id: StoreId

    async def perform(self, operation: Operation[R]) -> R:
        return await self.gateway.perform(self.store_id, operation)

    async def control(self, method: str, path: str, document: Any = None) -> Any:
        return await control(self.session, self.running.url, method, path, document)

    async def knobs(self, **values: object) -> None:
        """Dots in names are written as two underscores."""
        await self.control("PUT", "/knobs", {name.replace("__", "."): value for name, value in values.items()})

    async def ids(self, kind: str) -> list[str]:
        """The ids of what the sandbox holds of a kind."""
        return list(self.running.sandbox.world.shelves.shelf(self.store_id, kind))


async def control(session: aiohttp.ClientSession, url: str, method: str, path: str, document: Any = None) -> Any:
    async with session.request(method, f"{url}/__sandbox{path}", json=document) as answer:
        body = await answer.json()
        assert answer.status < 300, body
        return body


@asynccontextmanager
async def running_zid() -> AsyncIterator[RunningSandbox]:
    running = await start(SandboxSettings(port=0, app=REGISTERED, knobs={"rate.bucket": 0}))
    yield running
    await running.stop()


@asynccontextmanager
async def shop(running: RunningSandbox, **counts: int) -> AsyncIterator[Shop]:
    """A new store in a fresh world, with the app in it."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as session, open_http() as http:
        await control(session, running.url, "POST", "/reset", {"seed": 5})
        store_id = StoreId(int((await control(session, running.url, "POST", "/stores", counts))["store_id"]))
        tokens = ScriptedTokenSource(await _installed(session, running.url, store_id))
        yield Shop(running, session, AiohttpZidGateway(http, tokens, SeededChance(1), api_url=running.url), store_id)


async def _installed(session: aiohttp.ClientSession, url: str, store_id: StoreId) -> TokenSet:
    await _location(session, f"{url}/__sandbox/stores/{store_id}/activate")
    asked = f"client_id={REGISTERED.client_id}&redirect_uri={CALLBACK_URL}&response_type=code"
    asked += "&scope=embedded_apps_tokens_write"
    code = parse_qs(urlsplit(await _location(session, f"{url}/oauth/authorize?{asked}")).query)["code"][0]
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": REGISTERED.client_id,
        "client_secret": REGISTERED.client_secret,
        "redirect_uri": CALLBACK_URL,
    }
    async with session.post(f"{url}/oauth/token", data=form) as answer:
        found = await answer.json()
    secrets = Secret(found["authorization"]), Secret(found["access_token"]), Secret(found["refresh_token"])
    return TokenSet(store_id, InstallId(1), Generation(1), Tokens(*secrets, datetime(2030, 1, 1, tzinfo=UTC)))


async def _location(session: aiohttp.ClientSession, url: str) -> str:
    async with session.get(url, allow_redirects=False) as answer:
        assert answer.status == 302, await answer.text()
        return answer.headers["Location"]
