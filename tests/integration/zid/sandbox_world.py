"""The features on real Postgres against the sandbox over real HTTP; a Process is what one of ours would be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import aiohttp
from cryptography.fernet import Fernet

from adapters.memory.guards import MemoryStateStore
from adapters.memory.metrics import RecordingMetrics
from adapters.postgres.alerts import PostgresAlerts
from adapters.postgres.audit import PostgresAuditLog
from adapters.postgres.backfills import PostgresBackfills
from adapters.postgres.connection import Pool, open_pool
from adapters.postgres.gaps import PostgresGaps
from adapters.postgres.installations import PostgresInstallations
from adapters.postgres.locks import PostgresLocks
from adapters.postgres.refresh_book import PostgresRefreshBook
from adapters.postgres.refresh_reports import PostgresRefreshReports
from adapters.postgres.token_vault import PostgresTokenVault
from adapters.postgres.workers import PostgresWorkers
from adapters.sealing.fernet import FernetSealer
from adapters.system import SystemChance, SystemClock, SystemIds
from adapters.zid.gateway import AiohttpZidGateway
from adapters.zid.http_session import HttpLimits, HttpSession, open_http
from adapters.zid.oauth import AiohttpExchange, AiohttpProbe
from adapters.zid.token_source import SharedRenewals
from core.domain.secret import Secret
from core.features.install_store import Callback, Installed, InstallStore, OAuthApp
from core.features.refresh_tokens import RefreshTokens
from core.features.renew_due_tokens import RenewDueTokens
from core.features.subscribe_webhooks import SubscribeWebhooks, WebhookTarget
from core.features.uninstall_store import UninstallStore
from core.ids import WorkerId
from sandbox.server import RunningSandbox
from sandbox.settings import AppRegistration

PUBLIC_URL = "https://wasl.example"
CALLBACK_URL = f"{PUBLIC_URL}/auth/zid/callback"
RING = (Secret("a webhook secret"),)
TOKEN_KEYS = (Secret(Fernet.generate_key().decode()),)
TOPICS = ("order.create", "order.status.update", "product.update", "product.delete")
REGISTERED = AppRegistration(
    client_id="48",
    client_secret="a-client-secret",
    app_id=7367,
    callback_url=CALLBACK_URL,
    redirection_url=f"{PUBLIC_URL}/auth/zid",
)


@dataclass
class Process:
    """One process of the service: its own pool, session, lease and shared renewals."""

    pool: Pool
    http: HttpSession
    worker: WorkerId
    zid_url: str

    def __post_init__(self) -> None:
        self.clock, self.chance, self.ids = SystemClock(), SystemChance(), SystemIds()
        sealer = FernetSealer(TOKEN_KEYS)
        self.installations = PostgresInstallations(self.pool, sealer)
        self.vault = PostgresTokenVault(self.pool, sealer)
        self.book = PostgresRefreshBook(self.pool)
        self.trail = PostgresAuditLog(self.pool)
        self.alerts = PostgresAlerts(self.pool)
        self.metrics = RecordingMetrics()
        self.exchange = AiohttpExchange(
            self.http,
            oauth_url=self.zid_url,
            client_id=REGISTERED.client_id,
            client_secret=Secret(REGISTERED.client_secret),
            redirect_uri=CALLBACK_URL,
        )
        self.probe = AiohttpProbe(self.http, api_url=self.zid_url)
        self.refresh = RefreshTokens(
            vault=self.vault,
            installations=self.installations,
            book=self.book,
            exchange=self.exchange,
            probe=self.probe,
            trail=self.trail,
            alerts=self.alerts,
            metrics=self.metrics,
            clock=self.clock,
            chance=self.chance,
            worker=lambda: self.worker,
        )
        self.tokens = SharedRenewals(self.refresh)
        self.renew_due = RenewDueTokens(
            refresh=self.refresh,
            book=self.book,
            reports=PostgresRefreshReports(self.pool),
            clock=self.clock,
            chance=self.chance,
        )
        self.gateway = AiohttpZidGateway(self.http, self.tokens, self.chance, api_url=self.zid_url)
        self.webhooks = SubscribeWebhooks(
            gateway=self.gateway,
            installations=self.installations,
            locks=PostgresLocks(self.pool),
            trail=self.trail,
            target=WebhookTarget(PUBLIC_URL, str(REGISTERED.app_id), RING),
            gaps=PostgresGaps(self.pool),
            clock=self.clock,
        )
        self.states = MemoryStateStore(self.clock)
        self.install = InstallStore(
            app=OAuthApp(REGISTERED.client_id, CALLBACK_URL, self.zid_url, Secret("a state secret")),
            topics=TOPICS,
            states=self.states,
            exchange=self.exchange,
            probe=self.probe,
            installations=self.installations,
            webhooks=self.webhooks,
            backfills=PostgresBackfills(self.pool),
            trail=self.trail,
            clock=self.clock,
            chance=self.chance,
            ids=self.ids,
        )
        self.uninstall = UninstallStore(
            installations=self.installations,
            vault=self.vault,
            book=self.book,
            tokens=self.tokens,
            probe=self.probe,
            webhooks=self.webhooks,
            trail=self.trail,
            clock=self.clock,
            worker=lambda: self.worker,
        )


@asynccontextmanager
async def process(dsn: str, zid_url: str, lease: timedelta = timedelta(seconds=60)) -> AsyncIterator[Process]:
    """A process whose lease is renewed while it lives, a third of its length at a time."""
    async with AsyncExitStack() as stack:
        pool = await open_pool(dsn, max_size=5)
        stack.push_async_callback(pool.close)
        http = await stack.enter_async_context(open_http(HttpLimits(connect=20)))
        workers = PostgresWorkers(pool, lease)
        worker = await workers.join("http")
        beating = asyncio.create_task(_keep_lease(workers, worker, lease.total_seconds() / 3))
        stack.push_async_callback(_stop, beating)
        yield Process(pool, http, worker, zid_url)


async def _keep_lease(workers: PostgresWorkers, worker: WorkerId, every: float) -> None:
    while await workers.renew(worker):
        await asyncio.sleep(every)


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


class Merchant:
    """A browser with cookies, and the sandbox's control API beside it."""

    def __init__(self, sandbox: RunningSandbox, session: aiohttp.ClientSession) -> None:
        self.sandbox = sandbox
        self.session = session

    async def control(self, method: str, path: str, document: Any = None) -> Any:
        async with self.session.request(method, f"{self.sandbox.url}/__sandbox{path}", json=document) as answer:
            body = await answer.json()
            assert answer.status < 300, body
            return body

    async def knobs(self, **values: object) -> None:
        """Dots in names are written as two underscores."""
        await self.control("PUT", "/knobs", {name.replace("__", "."): value for name, value in values.items()})

    async def fault(self, route: str, kind: str, **more: object) -> None:
        await self.control("POST", "/faults", {"route": route, "kind": kind, **more})

    async def new_store(self, **counts: int) -> int:
        return int((await self.control("POST", "/stores", counts))["store_id"])

    async def location(self, url: str) -> str:
        async with self.session.get(url, allow_redirects=False) as answer:
            assert answer.status == 302, await answer.text()
            return answer.headers["Location"]

    async def consent(self, store_id: int, process: Process) -> Callback:
        """Activates and consents; what the browser brings back to the callback."""
        landed = await self.location(f"{self.sandbox.url}/__sandbox/stores/{store_id}/activate")
        assert landed == REGISTERED.redirection_url
        started = await process.install.start()
        back = dict(parse_qsl(urlsplit(await self.location(started.authorize_url)).query))
        named = {name: back.get(name) for name in ("code", "state", "error", "error_description")}
        return Callback(**named, binding=started.binding)

    async def install(self, store_id: int, process: Process) -> Installed:
        finished = await process.install.finish(await self.consent(store_id, process))
        assert isinstance(finished, Installed), finished
        return finished

    async def uninstall(self, store_id: int) -> None:
        await self.control("POST", f"/stores/{store_id}/uninstall")

    async def advance(self, by: timedelta) -> None:
        await self.control("POST", "/clock", {"advance_seconds": by.total_seconds()})

    def exchanges(self, outcome: str = "ok") -> int:
        """How many refresh tokens Zid exchanged, or met with another outcome."""
        return self.sandbox.sandbox.stats.total[f"oauth.refresh_token.{outcome}"]

    def webhooks(self, store_id: int) -> set[str]:
        """The target URLs that Zid holds for a store."""
        return {hook.target_url for hook in self.sandbox.sandbox.world.webhooks_of(store_id)}


async def until(condition: Callable[[], object], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)
