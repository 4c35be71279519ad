"""A running sandbox, a receiver for what it sends, and a client that speaks to it as an app would."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from aiohttp import web

from sandbox.server import RunningSandbox, start
from sandbox.settings import AppRegistration, SandboxSettings

DEADLINE_SECONDS = 5.0


@dataclass
class Received:
    """One request that reached the receiver; header names in lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """Takes what the sandbox sends and answers as told: `answers` first, then `status`."""

    url: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    answers: list[int] = field(default_factory=list)
    gate: asyncio.Event | None = None
    received: list[Received] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        row = Received(
            request.method,
            request.path,
            request.query_string,
            {name.lower(): value for name, value in request.headers.items()},
            await request.read(),
        )
        self.received.append(row)
        if self.gate is not None:
            await self.gate.wait()
        return web.Response(status=self.answers.pop(0) if self.answers else self.status, headers=self.headers)

    def at(self, path: str) -> list[Received]:
        return [row for row in self.received if row.path == path]

    async def wait(self, count: int, path: str = "/hook") -> list[Received]:
        """Everything received at `path` once there are `count` of them."""
        await until(lambda: len(self.at(path)) >= count, f"{count} requests at {path}")
        return self.at(path)


async def until(condition: Callable[[], bool] | Callable[[], Awaitable[bool]], what: str = "the condition") -> None:
    """Returns when `condition` holds; fails after the deadline."""
    deadline = asyncio.get_running_loop().time() + DEADLINE_SECONDS
    while True:
        result = condition()
        if await result if isinstance(result, Awaitable) else result:
            return
        assert asyncio.get_running_loop().time() < deadline, f"still waiting for {what}"
        await asyncio.sleep(0.005)


@dataclass
class Tokens:
    """A token set and the store it is for."""

    store_id: int
    document: dict[str, Any]

    @property
    def headers(self) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self.document['authorization']}",
            "X-Manager-Token": self.document["access_token"],
            "Store-Id": str(self.store_id),
            "Accept": "application/json",
        }


class Zid:
    """The sandbox as its users meet it: over HTTP."""

    def __init__(self, running: RunningSandbox, session: aiohttp.ClientSession, receiver: Receiver) -> None:
        self.running = running
        self.session = session
        self.receiver = receiver
        self.app = running.sandbox.settings.app

    async def call(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        """Status and body, JSON if it is; redirects are not followed."""
        options.setdefault("allow_redirects", False)
        async with self.session.request(method, self.running.url + path, **options) as answer:
            body = await answer.json() if answer.content_type == "application/json" else await answer.text()
            return answer.status, body

    async def redirect(self, method: str, path: str, **options: Any) -> str:
        """Where a redirect leads."""
        url = path if path.startswith("http") else self.running.url + path
        async with self.session.request(method, url, allow_redirects=False, **options) as answer:
            assert answer.status == 302, await answer.text()
            return answer.headers["Location"]

    async def control(self, method: str, path: str, document: Any = None) -> Any:
        """A control call that must succeed."""
        status, body = await self.call(method, f"/__sandbox{path}", json=document)
        assert status < 300, body
        return body

    async def knobs(self, **values: Any) -> None:
        """Sets knobs; dots in their names are written as two underscores here."""
        await self.control("PUT", "/knobs", {name.replace("__", "."): value for name, value in values.items()})

    async def store(self, **counts: Any) -> int:
        return int((await self.control("POST", "/stores", counts))["store_id"])

    async def code(self, store_id: int, **query: str) -> str:
        """Activates and authorizes; the code that reached the callback."""
        await self.redirect("GET", f"/__sandbox/stores/{store_id}/activate")
        target = await self.redirect("GET", "/oauth/authorize", params=self.authorize_query(**query))
        return parse_qs(urlsplit(target).query)["code"][0]

    def authorize_query(self, **query: str) -> dict[str, str]:
        assert self.app is not None
        usual = {"client_id": self.app.client_id, "redirect_uri": self.app.callback_url, "response_type": "code"}
        return usual | query

    async def token(self, **form: str) -> tuple[int, Any]:
        """A form POST to the token endpoint with this app's credentials."""
        return await self.call("POST", "/oauth/token", data=self.token_form(**form))

    def token_form(self, **form: str) -> dict[str, str]:
        assert self.app is not None
        credentials = {"client_id": self.app.client_id, "client_secret": self.app.client_secret}
        return credentials | {"redirect_uri": self.app.callback_url} | form

    def refresh_form(self, tokens: Tokens) -> dict[str, str]:
        return self.token_form(grant_type="refresh_token", refresh_token=tokens.document["refresh_token"])

    async def install(self, store_id: int, **query: str) -> Tokens:
        code = await self.code(store_id, **query)
        status, document = await self.token(grant_type="authorization_code", code=code)
        assert status == 200, document
        return Tokens(store_id, document)

    async def installed(self, **counts: Any) -> Tokens:
        """A new store with the app in it."""
        return await self.install(await self.store(**counts))

    async def refresh(self, tokens: Tokens) -> tuple[int, Any]:
        return await self.call("POST", "/oauth/token", data=self.refresh_form(tokens))

    async def get(self, tokens: Tokens, path: str, **headers: str) -> tuple[int, Any]:
        return await self.call("GET", path, headers=tokens.headers | headers)

    async def subscribe(self, tokens: Tokens, event: str, path: str = "/hook", **more: Any) -> tuple[int, Any]:
        document = {"event": event, "target_url": self.receiver.url + path, "original_id": 1292, **more}
        return await self.call("POST", "/v1/managers/webhooks", json=document, headers=tokens.headers)

    async def trigger(self, tokens: Tokens, event: str, **more: Any) -> Any:
        return await self.control("POST", "/trigger", {"store_id": tokens.store_id, "event": event, **more})

    async def stats(self) -> Any:
        return await self.control("GET", "/stats")

    async def settled(self) -> Any:
        """The statistics once nothing is pending."""

        async def nothing_pending() -> bool:
            stats = await self.stats()
            return bool(stats["deliveries"]["pending"] == 0 and stats["app_events"]["pending"] == 0)

        await until(nothing_pending, "no pending deliveries")
        return await self.stats()


@pytest.fixture(scope="session")
async def receiver_server() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application(client_max_size=2**24)
    app.router.add_route("*", "/{path:.*}", receiver.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield receiver
    await runner.cleanup()


@pytest.fixture
def receiver(receiver_server: Receiver) -> Receiver:
    receiver_server.status = 200
    receiver_server.headers = {}
    receiver_server.gate = None
    receiver_server.answers.clear()
    receiver_server.received.clear()
    return receiver_server


def app_at(url: str) -> AppRegistration:
    """The app under test: everything it registers lies at the receiver."""
    return AppRegistration(
        client_id="48",
        client_secret="a-client-secret",
        app_id=1292,
        callback_url=f"{url}/callback",
        redirection_url=f"{url}/redirect",
        application_url=f"{url}/app",
        app_event_urls={"*": f"{url}/app-events"},
        event_username="zid",
        event_password="basic",
    )


@pytest.fixture(scope="session")
async def sandbox_server(receiver_server: Receiver) -> AsyncIterator[RunningSandbox]:
    running = await start(SandboxSettings(port=0, app=app_at(receiver_server.url), knobs={"rate.bucket": 0}))
    yield running
    await running.stop()


@pytest.fixture
async def zid(sandbox_server: RunningSandbox, receiver: Receiver) -> AsyncIterator[Zid]:
    """An empty sandbox without a rate limit, and a browser that keeps cookies."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        zid = Zid(sandbox_server, session, receiver)
        await zid.control("POST", "/reset", {"seed": 7})
        receiver.received.clear()
        yield zid


@pytest.fixture
async def shop(zid: Zid) -> tuple[Tokens, Callable[..., Awaitable[Any]]]:
    """Tokens of a store with a little of everything, and a way to write that must succeed."""
    tokens = await zid.installed(products=6, categories=2, customers=3, orders=3)

    async def send(method: str, path: str, expected: int = 200, **options: Any) -> Any:
        status, body = await zid.call(method, path, headers=tokens.headers, **options)
        assert status == expected, (status, body)
        return body

    return tokens, send


@pytest.fixture
def wait_until() -> Callable[..., Awaitable[None]]:
    return until


@pytest.fixture
def make_app() -> Callable[[str], AppRegistration]:
    return app_at
