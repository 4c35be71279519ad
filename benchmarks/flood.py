"""What a flood of one store costs the others: receive-to-done of 99 quiet stores, alone and beside it.

`python benchmarks/flood.py [--events 100000] [--rate 300]` runs a real `wasl up` of its own (embedded servers on
disk, two http processes, a consumer, a scheduler) whose only handler takes HANDLER_SECONDS per event. The quiet
stores get one webhook a second each; store A gets its flood beside them, faster than its handlers can work it off,
so that a backlog grows. Times are the ledger's own: `settled_at - received_at` of the quiet stores' events.

The generator shares the machine with what it measures: where the cores are full, that is in the numbers too.
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
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import aiohttp
import psycopg

from core.domain.secret import Secret
from core.domain.webhook_address import USERNAME, Addressee, install_token, password
from core.features.event_handlers import Context, Event, on
from core.ids import InstallId, StoreId

TREE = Path(__file__).resolve().parents[1]
QUIET = 99
FLOODING = StoreId(1)
HANDLER_SECONDS = 0.1
PLACES = 20
PROMISED = 0.1
"""Seconds by which the quiet stores' p95 may grow."""
SENDERS = 16
START_SECONDS = 120
DRAIN_SECONDS = 1200


@on("order.create")
async def slow_handler(_event: Event, _ctx: Context) -> None:
    """Waits for somebody else, as handlers do."""
    await asyncio.sleep(HANDLER_SECONDS)


@dataclass(frozen=True)
class Addressed:
    """Where Zid would send one store's webhooks, and as whom."""

    url: str
    headers: Mapping[str, str]


@contextmanager
def service(home: Path) -> Iterator[dict[str, str]]:
    """A running `wasl up`; its environment."""
    given = {
        **os.environ,
        "PYTHONPATH": str(TREE),
        "WASL_HANDLERS": "benchmarks.flood",
        "HANDLER_CONCURRENCY": str(PLACES),
    }
    command = [
        sys.executable,
        "-P",
        "-m",
        "entrypoints.cli",
        "up",
        "--no-demo",
        "--port",
        "8391",
        "--sandbox-port",
        "8392",
    ]
    with (home / "up.out").open("wb") as output:
        process = subprocess.Popen(command, cwd=home, env=given, stdout=output, stderr=output, start_new_session=True)
    try:
        deadline = time.monotonic() + START_SECONDS
        while "not for production" not in (home / "up.out").read_text():
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit((home / "up.out").read_text())
            time.sleep(0.1)
        environment = json.loads((home / ".wasl" / "run.json").read_text())["environment"]
        lines = (home / ".wasl" / "wasl.env").read_text().splitlines()
        secrets = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
        yield {**environment, **secrets}
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)


def install(database: psycopg.Connection[tuple[object, ...]], secret: Secret) -> dict[StoreId, Addressed]:
    """Stores as they are after their install, without tokens: no handler here calls Zid."""
    found = {}
    for number in range(QUIET + 1):
        store, live = StoreId(FLOODING + number), InstallId(10_000 + number)
        database.execute(
            "INSERT INTO stores (store_id, title, install_id, epoch, state) VALUES (%s, 'a store', %s, 1, 'active')",
            [store, live],
        )
        database.execute(
            "INSERT INTO installs (install_id, store_id, epoch, state) VALUES (%s, %s, 1, 'active')", [live, store]
        )
        whom = Addressee(store, live)
        word = b64encode(f"{USERNAME}:{password(secret, whom).reveal()}".encode()).decode()
        path = f"/webhooks/zid/{install_token(secret, whom)}/order.create"
        found[store] = Addressed(f"http://127.0.0.1:8391{path}", {"Authorization": f"Basic {word}"})
    return found


class Shop:
    """Sends webhooks as Zid does, each about an order of its own; nothing is given up."""

    def __init__(self, session: aiohttp.ClientSession, stores: Mapping[StoreId, Addressed]) -> None:
        self._session = session
        self._stores = stores
        self._orders = 0
        self.refused = 0

    async def send(self, store: StoreId) -> None:
        self._orders += 1
        order = {
            "id": self._orders, "code": uuid4().hex, "store_id": store, "updated_at": "2026-01-01 10:00:00",
            "created_at": "2026-01-01 10:00:00", "order_status": {"code": "new", "name": "new"}, "note": "x" * 1000,
        }  # fmt: skip
        address = self._stores[store]
        while True:
            async with self._session.post(address.url, json=order, headers=address.headers) as answer:
                if answer.status == 200:
                    return
                self.refused += 1
            await asyncio.sleep(1)

    async def quietly(self, seconds: float) -> None:
        """One event a second and store, evenly."""
        async with asyncio.TaskGroup() as sending:
            began = time.monotonic()
            for number in range(int(seconds * QUIET)):
                await asyncio.sleep(max(0.0, began + number / QUIET - time.monotonic()))
                sending.create_task(self.send(StoreId(FLOODING + 1 + number % QUIET)))

    async def flood(self, events: int, rate: float) -> None:
        left, began = iter(range(events)), time.monotonic()

        async def sender() -> None:
            for number in left:
                await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
                await self.send(FLOODING)

        async with asyncio.TaskGroup() as sending:
            for _ in range(SENDERS):
                sending.create_task(sender())


ONE = "SELECT now()"
TIMES = """
    SELECT count(*),
           percentile_cont(ARRAY[0.5, 0.95, 0.99, 1.0]) WITHIN GROUP
               (ORDER BY extract(epoch FROM e.settled_at - received_at)::float8) ||
           percentile_cont(ARRAY[0.95]) WITHIN GROUP (ORDER BY extract(epoch FROM r.started_at - received_at)::float8)
    FROM events e JOIN runs r USING (event_id)
    WHERE e.store_id > %s AND received_at >= %s AND received_at < %s AND e.state = 'done'
"""
OPEN = "SELECT count(*) FROM events WHERE state IN ('queued', 'running', 'waiting') AND (%s OR store_id > 1)"


MEASURED = ("p50", "p95", "p99", "max", "p95 until the handler starts")


def phase(
    database: psycopg.Connection[tuple[object, ...]], name: str, since: object, until: object
) -> dict[str, object]:
    count, quantiles = database.execute(TIMES, [FLOODING, since, until]).fetchone() or (0, None)
    assert isinstance(quantiles, list), f"no event of a quiet store is done in the phase {name!r}"
    milliseconds = [round(value * 1000, 1) for value in quantiles]
    row = {"phase": name, "events": count, **dict(zip(MEASURED, milliseconds, strict=True))}
    print(json.dumps(row), flush=True)
    return row


async def measure(environment: Mapping[str, str], events: int, rate: float, idle: float) -> dict[str, object]:
    with psycopg.connect(environment["MIGRATE_DATABASE_URL"], autocommit=True) as database:
        stores = install(database, Secret(environment["WEBHOOK_SECRET"].split(",")[0]))

        def now() -> object:
            return (database.execute(ONE).fetchone() or (None,))[0]

        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=SENDERS * 2)) as session:
            shop = Shop(session, stores)
            await shop.quietly(5)  # warm
            began = now()
            await shop.quietly(idle)
            flooded = now()
            quiet = asyncio.create_task(shop.quietly(events / rate + idle))
            await shop.flood(events, rate)
            arrived = now()
            backlog = (database.execute(OPEN, [True]).fetchone() or (0,))[0]
            await quiet
            ended = now()
        await settled(database)
        rows = [
            phase(database, "idle", began, flooded),
            phase(database, "flood arriving", flooded, arrived),
            phase(database, "backlog draining", arrived, ended),
        ]
    grew = max(float(str(row["p95"])) for row in rows[1:]) - float(str(rows[0]["p95"]))
    return {"phases": rows, "backlog": backlog, "refused": shop.refused, "p95_grew_by_ms": round(grew, 1)}


async def settled(database: psycopg.Connection[tuple[object, ...]]) -> None:
    """Of the quiet stores; the flood may go on."""
    deadline = time.monotonic() + DRAIN_SECONDS
    while (database.execute(OPEN, [False]).fetchone() or (0,))[0]:
        if time.monotonic() > deadline:
            raise SystemExit("events of quiet stores are still open")
        await asyncio.sleep(0.5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--rate", type=float, default=300.0, help="of the flood, events per second")
    parser.add_argument("--idle", type=float, default=20.0, help="seconds without a flood")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wasl-bench-") as name:
        home = Path(name)
        home.chmod(0o711)
        with service(home) as environment:
            result = asyncio.run(measure(environment, options.events, options.rate, options.idle))
    result = {"events": options.events, "rate": options.rate, "load_average": os.getloadavg()[0], **result}
    print(json.dumps(result, indent=2))
    if float(str(result["p95_grew_by_ms"])) > PROMISED * 1000:
        raise SystemExit(f"the quiet stores' p95 grew by more than {PROMISED * 1000:.0f} ms")


if __name__ == "__main__":
    main()
