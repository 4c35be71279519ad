"""The whole http process's application over real servers and the sandbox, in a thread: tests call it by URL."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web
from cryptography.fernet import Fernet

from config.settings import Settings, load_settings
from core.domain.event_states import UNFINISHED
from core.ids import StoreId
from entrypoints.background.backfilling import backfilling
from entrypoints.consumer import Consumer, ConsumerServices
from entrypoints.http.app import create_app
from entrypoints.http.serving import make_runner
from entrypoints.http_server import http_services
from entrypoints.wiring import Daemon, daemon
from sandbox.server import RunningSandbox, start
from sandbox.settings import AppRegistration, SandboxSettings
from tests.servers import Database

KEY = "wasl_" + "k" * 43
HEADERS = {"Authorization": f"Bearer {KEY}"}
DEADLINE = 60


@dataclass
class ServedApi:
    """A store that is installed and mirrored. `ids` are Zid's ids by kind, to ask for."""

    url: str
    store_id: int
    sandbox: RunningSandbox
    parts: Daemon
    loop: asyncio.AbstractEventLoop
    ids: Mapping[str, list[str]] = field(default_factory=dict)

    @property
    def store(self) -> str:
        return f"{self.url}/v1/stores/{self.store_id}"

    def knobs(self, **values: object) -> None:
        """Dots in names are written as two underscores."""
        wanted = {name.replace("__", "."): value for name, value in values.items()}
        self.run(control(self.sandbox.url, "PUT", "/knobs", wanted))

    def fault(self, route: str, kind: str, **more: object) -> None:
        self.run(control(self.sandbox.url, "POST", "/faults", {"route": route, "kind": kind, **more}))

    def run(self, coroutine: Any) -> Any:
        """In the thread of the application."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(DEADLINE)


@contextmanager
def served_api(
    database: Database,
    redis_url: str,
    *,
    mirrored: bool = True,
    also: Mapping[str, str] | None = None,
    **counts: int,
) -> Iterator[ServedApi]:
    """Until the block ends. `counts` are the store's orders, products, customers; they are in the mirror if wanted.

    `also` are settings besides those that it needs.
    """
    ready: list[ServedApi] = []
    failed: list[BaseException] = []
    begun, stop = threading.Event(), threading.Event()

    async def main() -> None:
        async with _serving(database, redis_url, counts, also or {}, mirrored=mirrored) as api:
            ready.append(api)
            begun.set()
            await asyncio.to_thread(stop.wait)

    def body() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:  # noqa: BLE001 - told to the test that waits
            failed.append(error)
        finally:
            begun.set()

    thread = threading.Thread(target=body, name="served api")
    thread.start()
    begun.wait(DEADLINE)
    try:
        if not ready:
            raise RuntimeError("the application did not start") from (failed[0] if failed else None)
        yield ready[0]
    finally:
        stop.set()
        thread.join(DEADLINE)
    if failed:
        raise failed[0]


@asynccontextmanager
async def _serving(
    database: Database, redis_url: str, counts: Mapping[str, int], also: Mapping[str, str], *, mirrored: bool
) -> AsyncIterator[ServedApi]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        sandbox = await start(SandboxSettings(port=0, app=_registered(url), knobs={"rate.bucket": 0}))
        try:
            async with daemon(_settings(database, redis_url, url, sandbox.url, also), "http") as parts:
                runner = make_runner(create_app(http_services(parts)), grace=2)
                await runner.setup()
                try:
                    await web.SockSite(runner, listening).start()
                    api = await _with_store(url, sandbox, parts, counts)
                    if mirrored:
                        await _mirror(parts, StoreId(api.store_id))
                    yield api
                finally:
                    await runner.cleanup()
                    await parts.adapters.inbox().aclose()
        finally:
            await sandbox.stop()


async def _with_store(url: str, sandbox: RunningSandbox, parts: Daemon, counts: Mapping[str, int]) -> ServedApi:
    store_id = int((await control(sandbox.url, "POST", "/stores", dict(counts)))["store_id"])
    async with (
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser,
        browser.get(f"{sandbox.url}/__sandbox/stores/{store_id}/activate") as landed,
    ):
        assert landed.status == 200, await landed.text()
    return ServedApi(url, store_id, sandbox, parts, asyncio.get_running_loop(), _ids(sandbox, store_id))


async def _mirror(parts: Daemon, store_id: StoreId) -> None:
    """Everything the store holds, read by a backfill and applied by a consumer."""
    await parts.features.ask_for_backfill().request(store_id)
    stop = asyncio.Event()
    work = [
        asyncio.create_task(backfilling(parts.features.read_backfills()).work(stop)),
        asyncio.create_task(Consumer(_consuming(parts), parts.lease).work(stop, grace=5)),
    ]
    try:
        async with asyncio.timeout(DEADLINE):
            while not await _settled(parts, store_id):
                await asyncio.sleep(0.05)
    finally:
        stop.set()
        await asyncio.gather(*work)


async def _settled(parts: Daemon, store_id: StoreId) -> bool:
    statuses = await parts.features.ask_for_backfill().progress(store_id)
    books = await parts.adapters.reader().books()
    working = any(book.count(state) for book in books.by_origin.values() for state in UNFINISHED)
    return not working and bool(statuses) and all(status.state == "done" for status in statuses)


def _ids(sandbox: RunningSandbox, store_id: int) -> Mapping[str, list[str]]:
    shelves = sandbox.sandbox.world.shelves
    kinds = ("products", "orders", "customers", "categories", "carts", "locations", "coupons")
    return {kind: [str(one) for one in shelves.shelf(store_id, kind)] for kind in kinds}


async def control(sandbox_url: str, method: str, path: str, document: Any = None) -> Any:
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, f"{sandbox_url}/__sandbox{path}", json=document) as answer,
    ):
        body = await answer.json()
        assert answer.status < 300, body
        return body


def _registered(url: str) -> AppRegistration:
    return AppRegistration(
        client_id="48",
        client_secret="a-client-secret",
        app_id=7367,
        callback_url=f"{url}/auth/zid/callback",
        redirection_url=f"{url}/auth/zid",
    )


def _settings(database: Database, redis_url: str, url: str, sandbox_url: str, also: Mapping[str, str]) -> Settings:
    return load_settings(
        {
            "PUBLIC_URL": url,
            "DATABASE_URL": database.dsn,
            "REDIS_URL": redis_url,
            "TOKEN_KEYS": Fernet.generate_key().decode(),
            "WEBHOOK_SECRET": "webhook-secret-for-tests-only-0123456789",
            "APP_EVENTS_SECRET": "app-events-secret-for-tests-only-0123456",
            "SESSION_KEY": "session-key-for-tests-only-0123456789ab",
            "ADMIN_API_KEY": KEY,
            "ZID_CLIENT_ID": "48",
            "ZID_CLIENT_SECRET": "a-client-secret",
            "ZID_APP_ID": "7367",
            "ZID_API_URL": sandbox_url,
            "ZID_OAUTH_URL": sandbox_url,
            "ZID_RATE_PER_MINUTE": "1000000",
            "LIMIT_GUESSES": "0",  # every operation is tried without its key, and is to say 401 each time
            **also,
        }
    )


def _consuming(parts: Daemon) -> ConsumerServices:
    return ConsumerServices(
        consume=parts.features.consume(),
        run_handlers=parts.features.run_handlers(),
        ledger=parts.adapters.ledger(),
        runs=parts.adapters.runs(),
        indexes=parts.adapters.indexes(),
        announcer=parts.announcer,
        metrics=parts.adapters.metrics(),
        clock=parts.adapters.clock(),
        concurrency=4,
        window=parts.settings.index_window,
    )
