"""Events per second that one consumer works off, with Redis and with Postgres alone.

`python benchmarks/whole_path.py [--events 20000]` puts events of 100 stores into a ledger of its own, then starts a
real `wasl consumer` and `wasl scheduler`. Each event goes through the mirror and to one handler that writes a row in
its unit of work. Times are the ledger's own, from the first event that was done to the last.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from cryptography.fernet import Fernet

from adapters.embedded import DataDir, EmbeddedPostgres, EmbeddedValkey
from adapters.postgres import migrator
from adapters.postgres.connection import open_pool
from adapters.postgres.inbox import PostgresInbox
from adapters.system import SystemIds
from core.domain.events import Delivery, dedupe_key
from core.features.event_handlers import Context, Event, on
from core.ids import Entity, EntityKind, InstallId, StoreId

TREE = Path(__file__).resolve().parents[1]
STORES = 100
TOPIC = "order.create"
DRAIN_SECONDS = 300
_DONE = "SELECT count(*), extract(epoch FROM max(settled_at) - min(settled_at)) FROM events WHERE state = 'done'"
EFFECT = "INSERT INTO effects (event_id) VALUES ($1)"


@on(TOPIC)
async def keep_a_row(event: Event, ctx: Context) -> None:
    async with ctx.unit_of_work as database:
        await database.execute(EFFECT, event.id)


def delivery(number: int) -> Delivery:
    store = StoreId(1 + number % STORES)
    body = json.dumps({"id": number, "code": f"C{number}", "order_status": {"code": "new"}}).encode()
    return Delivery(
        event_id=SystemIds().event_id(),
        store_id=store,
        install_id=InstallId(10_000 + store),
        topic=TOPIC,
        body=body,
        received_at=datetime.now(UTC),
        dedupe_key=dedupe_key(store, InstallId(10_000 + store), TOPIC, body),
        keep_for=timedelta(days=3),
        entity=Entity(EntityKind.ORDER, str(number)),
    )


async def fill(server: EmbeddedPostgres, events: int) -> None:
    """Stores as they are after their install, and what came in while nobody worked."""
    with psycopg.connect(server.dsn("wasl_owner", "wasl"), autocommit=True) as owner:
        owner.execute("CREATE TABLE effects (event_id uuid)")
        owner.execute(f"""
            INSERT INTO stores (store_id, title, install_id, epoch, state)
            SELECT n, 'a store', 10000 + n, 1, 'active' FROM generate_series(1, {STORES}) AS n""")
        owner.execute(f"""
            INSERT INTO installs (install_id, store_id, epoch, state)
            SELECT 10000 + n, n, 1, 'active' FROM generate_series(1, {STORES}) AS n""")
    pool = await open_pool(server.dsn("wasl_app", "wasl"))
    inbox = PostgresInbox(pool)
    for start in range(0, events, 500):
        await asyncio.gather(*(inbox.accept(delivery(number)) for number in range(start, min(events, start + 500))))
    await inbox.aclose()
    await pool.close()


@contextmanager
def process(name: str, home: Path, given: Mapping[str, str]) -> Iterator[None]:
    with (home / f"{name}.log").open("wb") as log:
        command = [sys.executable, "-P", "-m", "entrypoints.cli", name]
        started = subprocess.Popen(command, cwd=home, env=dict(given), stdout=log, stderr=log)
    try:
        yield
    finally:
        started.send_signal(signal.SIGTERM)
        started.wait(timeout=60)


def drained(server: EmbeddedPostgres, events: int) -> float:
    """Events per second."""
    deadline = time.monotonic() + DRAIN_SECONDS
    with psycopg.connect(server.dsn("wasl_owner", "wasl"), autocommit=True) as owner:
        while time.monotonic() < deadline:
            [(done, seconds)] = owner.execute(_DONE).fetchall()
            [(failure,)] = owner.execute("SELECT max(failure::text) FROM runs").fetchall()
            if failure:
                raise SystemExit(f"a handler failed: {failure[:500]}")
            if done == events:
                [(kept,)] = owner.execute("SELECT count(DISTINCT event_id) FROM effects").fetchall()
                assert kept == events
                return events / float(seconds)
            time.sleep(0.5)
    raise SystemExit(f"not drained after {DRAIN_SECONDS} s")


def measure(queue: str, events: int) -> float:
    with tempfile.TemporaryDirectory(prefix="wasl-bench-") as path, ExitStack() as stack:
        home = Path(path)
        home.chmod(0o711)
        data_dir = stack.enter_context(DataDir(home))
        server = EmbeddedPostgres(data_dir)
        server.start()
        stack.callback(server.stop)
        server.ensure_roles()
        migrator.apply(server.dsn("wasl_owner", "wasl"))
        given = {
            **os.environ,
            "PYTHONPATH": str(TREE),
            "DATABASE_URL": server.dsn("wasl_app", "wasl"),
            "QUEUE": queue,
            "REDIS_URL": "",
            "TOKEN_KEYS": Fernet.generate_key().decode(),
            "SESSION_KEY": "benchmark",
            "ZID_CLIENT_ID": "1",
            "ZID_CLIENT_SECRET": "2",
            "ZID_APP_ID": "3",
            "WEBHOOK_SECRET": "benchmark",
            "METRICS_PORT": "0",
            "LOG_LEVEL": "WARNING",
            "WASL_HANDLERS": "benchmarks.whole_path",
            "WASL_DATA_DIR": str(home),
        }
        if queue == "redis":
            valkey = EmbeddedValkey(data_dir)
            valkey.start()
            stack.callback(valkey.stop)
            given["REDIS_URL"] = valkey.url()
        asyncio.run(fill(server, events))
        with process("consumer", home, given), process("scheduler", home, given):
            return drained(server, events)


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--events", type=int, default=20_000)
    events = asked.parse_args().events
    found = {queue: round(measure(queue, events)) for queue in ("redis", "postgres")}
    print(json.dumps({"events_per_second": found, "events": events, "stores": STORES}))


if __name__ == "__main__":
    main()
