"""A real http process beside a Postgres that can be stopped, and somebody who delivers webhooks."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from urllib.error import HTTPError

import psycopg
from aiohttp import encode_basic_auth
from cryptography.fernet import Fernet

from adapters.embedded import DataDir, EmbeddedPostgres
from adapters.postgres import migrator
from adapters.postgres.connection import open_pool
from adapters.postgres.installations import PostgresInstallations
from adapters.sealing.fernet import FernetSealer
from core.domain.audit import AuditEntry
from core.domain.secret import Secret
from core.domain.stores import StoreIdentity
from core.domain.tokens import Tokens
from core.domain.webhook_address import USERNAME, Addressee, install_token, password
from core.ids import InstallId, StoreId
from tests.eventually import eventually
from tests.servers import QUICK, own_data_dir

TREE = Path(__file__).resolve().parents[3]
STORE, INSTALL = StoreId(1001), InstallId(4711)
WEBHOOKS = Secret("webhook-secret-of-the-outage-tests-0123456789")
ADMIN = "wasl_" + "a" * 43
NOBODY = 0
"""In place of a status: the process was gone before it answered."""
PATIENCE = 60
"""Seconds; far more than it takes."""


@dataclass
class Outage:
    """Everything of one test. `home` is the http process's working directory."""

    home: Path
    postgres: EmbeddedPostgres
    redis_url: str
    token_keys: str = field(default_factory=lambda: Fernet.generate_key().decode())
    settings: dict[str, str] = field(default_factory=dict)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    port: int = 0

    def empty(self) -> None:
        with psycopg.connect(self.postgres.dsn("wasl_owner", "wasl"), autocommit=True) as owner:
            owner.execute("TRUNCATE events, dedupe, intake, gaps, stores, installs CASCADE")

    async def install(self) -> None:
        pool = await open_pool(self.postgres.dsn("wasl_app", "wasl"))
        words = [Secret(word) for word in ("authorization", "manager", "refresh")]
        now = datetime.now(UTC)
        await PostgresInstallations(pool, FernetSealer((Secret(self.token_keys),))).activate(
            StoreIdentity(STORE, "uuid", "متجر", None, "SAR"),
            INSTALL,
            Tokens(*words, now + timedelta(days=365)),
            refresh_at=now + timedelta(days=300),
            audit=AuditEntry("store.installed", STORE, INSTALL),
        )
        await pool.close()

    def start_http(self) -> subprocess.Popen[bytes]:
        """One http process that answers; on the port of the one before."""
        process = self.launch_http()
        assert eventually(lambda: self.is_alive() or process.poll() is not None, seconds=PATIENCE)
        assert process.poll() is None, self.log
        return process

    def launch_http(self) -> subprocess.Popen[bytes]:
        self.port = self.port or _free_port()
        with (self.home / "http.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "entrypoints.cli", "http"],
                cwd=self.home,
                env=self._environment(),
                stdout=log,
                stderr=log,
            )
        self.processes.append(process)
        return process

    def _environment(self) -> dict[str, str]:
        kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
        return {
            **kept,
            "PYTHONPATH": str(TREE),
            "DATABASE_URL": self.postgres.dsn("wasl_app", "wasl"),
            "REDIS_URL": self.redis_url,
            "HTTP_PORT": str(self.port),
            "TOKEN_KEYS": self.token_keys,
            "WEBHOOK_SECRET": WEBHOOKS.reveal(),
            "APP_EVENTS_SECRET": "app-events-secret-of-the-outage-tests",
            "SESSION_KEY": "session-key-of-the-outage-tests-0123456789",
            "ADMIN_API_KEY": ADMIN,
            "ZID_CLIENT_ID": "48",
            "ZID_CLIENT_SECRET": "secret",
            "ZID_APP_ID": "7367",
            **self.settings,
        }

    @property
    def log(self) -> str:
        return (self.home / "http.log").read_text()

    def is_alive(self) -> bool:
        return self._send("/health/live") == 200

    def deliver(self, *numbers: int) -> list[int]:
        """So many deliveries at the same time; what each was answered."""
        with ThreadPoolExecutor(max_workers=16) as pool:
            return list(pool.map(self._deliver, numbers))

    def _deliver(self, number: int) -> int:
        addressee = Addressee(STORE, INSTALL)
        path = f"/webhooks/zid/{install_token(WEBHOOKS, addressee)}/order.create"
        body = json.dumps({"id": number, "updated_at": "2026-01-01 10:00:00", "order_status": {"code": "new"}})
        word = password(WEBHOOKS, addressee).reveal()
        return self._send(path, body.encode(), Authorization=encode_basic_auth(USERNAME, word))

    def _send(self, path: str, body: bytes | None = None, **headers: str) -> int:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return int(answer.status)
        except HTTPError as refused:
            return refused.code
        except (OSError, HTTPException):
            return NOBODY

    def ledger(self) -> dict[str, Any]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/v1/ledger", headers={"Authorization": f"Bearer {ADMIN}"}
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return dict(json.load(answer))

    def orders(self) -> Sequence[int]:
        """The entity ids in the ledger, in arrival order; one row per event."""
        rows = self.sql("SELECT entity_id FROM events WHERE topic = 'order.create' ORDER BY seq")
        return [int(row[0]) for row in rows]

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.postgres.dsn("wasl_owner", "wasl"), autocommit=True) as owner:
            return owner.execute(statement).fetchall()

    def has_orders(self, *wanted: int) -> bool:
        return eventually(lambda: sorted(self.orders()) == sorted(wanted), seconds=PATIENCE)

    @property
    def spool_files(self) -> list[str]:
        return [path.name for path in (self.home / ".wasl/spool").glob("*.spool")]


def stop(process: subprocess.Popen[bytes]) -> int:
    """SIGTERM, and its exit code."""
    process.send_signal(signal.SIGTERM)
    return process.wait(timeout=PATIENCE)


@contextmanager
def running_server() -> Iterator[tuple[Path, EmbeddedPostgres]]:
    """A migrated Postgres of one's own, and a directory beside it."""
    with own_data_dir(in_memory=True) as path, DataDir(path / "servers") as data_dir:
        server = EmbeddedPostgres(data_dir, settings=QUICK)
        server.start()
        try:
            server.ensure_roles("wasl_owner", "wasl_app", "wasl")
            migrator.apply(server.dsn("wasl_owner", "wasl"))
            yield path, server
        finally:
            server.stop()


@contextmanager
def outage(place: tuple[Path, EmbeddedPostgres], redis_url: str, **settings: str) -> Iterator[Outage]:
    """An empty ledger with one store installed, and a home of its own."""
    path, server = place
    if server.poll() is not None:
        server.start()
    one = Outage(Path(mkdtemp(dir=path)), server, redis_url, settings=settings)
    one.empty()
    asyncio.run(one.install())
    try:
        yield one
    finally:
        for process in one.processes:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
