"""One store and two consumers at work, on real Postgres and real Redis."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from cryptography.fernet import Fernet

from config.settings import Settings, load_settings
from core.domain.audit import AuditEntry
from core.domain.event_states import UNFINISHED, Ledger
from core.domain.secret import Secret
from core.domain.stores import Install, StoreIdentity
from core.domain.tokens import Tokens
from core.domain.webhook_address import USERNAME, Addressee, install_token, password
from core.features.ingest_webhook import IncomingWebhook, Received
from core.ids import EntityKind, StoreId
from entrypoints.consumer import Consumer, ConsumerServices
from entrypoints.wiring import Daemon, daemon
from tests.servers import Database

STORE = StoreId(1001)
SECRET = Secret("webhook-secret-for-tests-only-0123456789")
DEADLINE = 60


@dataclass(frozen=True)
class Life:
    """Every version of one entity, oldest first."""

    kind: EntityKind
    id: str
    versions: Sequence[dict[str, Any]]

    @property
    def topic(self) -> str:
        return "order.status.update" if self.kind is EntityKind.ORDER else "product.update"


@dataclass
class Scene:
    """One store and two consumers at work."""

    parts: Daemon
    install: Install
    database: Database
    sent: int = 0
    held: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(16))

    async def deliver(self, topic: str, body: bytes) -> None:
        addressee = Addressee(self.install.store_id, self.install.install_id)
        credentials = b64encode(f"{USERNAME}:{password(SECRET, addressee).reveal()}".encode()).decode()
        incoming = IncomingWebhook(install_token(SECRET, addressee), topic, f"Basic {credentials}", body)
        async with self.held:
            self.sent += 1
            assert isinstance(await self.parts.features.ingest().receive(incoming), Received)

    async def settled(self) -> Ledger:
        """Once nothing is unfinished."""
        async with asyncio.timeout(DEADLINE):
            while True:
                ledger = await self.parts.adapters.reader().books()
                if not any(books.count(state) for books in ledger.by_origin.values() for state in UNFINISHED):
                    return ledger
                await asyncio.sleep(0.02)

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database.owner_dsn) as connection:
            return connection.execute(sql, values).fetchall()

    def first_seen(self, life: Life) -> dict[str, Any]:
        """The version that arrived first."""
        (body,) = self.rows(
            "SELECT body FROM events WHERE entity_id = %s AND origin = 'zid' ORDER BY seq LIMIT 1", life.id
        )[0]
        return dict(json.loads(body))

    def told(self, life: Life, topic: str) -> list[dict[str, Any]]:
        """The derived events of a topic (`%` for any ending), in the order in which they were emitted."""
        sql = "SELECT body FROM events WHERE entity_id = %s AND origin = 'derived' AND topic LIKE %s ORDER BY seq"
        return [json.loads(body) for (body,) in self.rows(sql, life.id, topic)]

    def mirrored(self, life: Life) -> dict[str, Any]:
        table = "mirror_orders" if life.kind is EntityKind.ORDER else "mirror_products"
        ((body,),) = self.rows(f"SELECT body FROM {table} WHERE entity_id = %s", life.id)
        return dict(json.loads(body))


@asynccontextmanager
async def working(database: Database, redis_url: str, *, handlers: str = "") -> AsyncIterator[Scene]:
    """`handlers` names a module of an app's."""
    async with daemon(settings(database, redis_url, handlers), "consumer") as parts:
        install = await activated(parts)
        stop = asyncio.Event()
        consumers = [asyncio.create_task(Consumer(services(parts), parts.lease).work(stop, grace=5)) for _ in range(2)]
        try:
            yield Scene(parts, install, database)
        finally:
            stop.set()
            await asyncio.gather(*consumers)
            await parts.adapters.inbox().aclose()


def settings(database: Database, redis_url: str, handlers: str) -> Settings:
    return load_settings(
        {
            "DATABASE_URL": database.dsn,
            "REDIS_URL": redis_url,
            "TOKEN_KEYS": Fernet.generate_key().decode(),
            "WEBHOOK_SECRET": SECRET.reveal(),
            "SESSION_KEY": "session-key-for-tests-only-0123456789ab",
            "ZID_CLIENT_ID": "1",
            "ZID_CLIENT_SECRET": "secret",
            "ZID_APP_ID": "2",
            "WASL_HANDLERS": handlers,
        }
    )


async def activated(parts: Daemon) -> Install:
    secret = Secret("token")
    year = timedelta(days=365)
    return await parts.adapters.installations().activate(
        StoreIdentity(STORE, None, "متجر", None, "SAR"),
        parts.adapters.ids().install_id(),
        Tokens(secret, secret, secret, datetime.now(UTC) + year),
        refresh_at=datetime.now(UTC) + year,
        audit=AuditEntry("install.activated", STORE),
    )


def services(parts: Daemon) -> ConsumerServices:
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
