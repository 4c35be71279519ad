"""Events per second that one consumer works off, with Redis and with Postgres alone.

`python -m benchmarks.whole_path [--events 20000]` puts events of 100 stores into a ledger of its own, then starts a
real `wasl consumer` and `wasl scheduler`. Each event goes through the mirror and to one handler that writes a row in
its unit of work. Times are the ledger's own, from the first event that was done to the last.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import psycopg

from adapters.embedded import EmbeddedPostgres
from adapters.postgres.connection import open_pool
from adapters.postgres.inbox import PostgresInbox
from adapters.system import SystemIds
from benchmarks.world import WASL, Bench, bench
from core.domain.events import Delivery, dedupe_key
from core.features.event_handlers import Context, Event, on
from core.ids import Entity, EntityKind, InstallId, StoreId

STORES = 100
TOPIC = "order.create"
DRAIN_SECONDS = 300
DONE = """
    SELECT count(*), extract(epoch FROM max(settled_at) - min(settled_at)) FROM events
    WHERE state = 'done' AND origin = 'zid' AND entity_id::bigint >= %s
"""
EFFECTS = "SELECT count(*), count(DISTINCT event_id) FROM effects"
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


def stores(server: EmbeddedPostgres) -> None:
    """Stores as they are after their install, and the handler's table."""
    with psycopg.connect(server.dsn("wasl_owner", "wasl"), autocommit=True) as owner:
        owner.execute("CREATE TABLE effects (event_id uuid)")
        owner.execute(f"""
            INSERT INTO stores (store_id, title, install_id, epoch, state)
            SELECT n, 'a store', 10000 + n, 1, 'active' FROM generate_series(1, {STORES}) AS n""")
        owner.execute(f"""
            INSERT INTO installs (install_id, store_id, epoch, state)
            SELECT 10000 + n, n, 1, 'active' FROM generate_series(1, {STORES}) AS n""")


async def fill(server: EmbeddedPostgres, first: int, events: int) -> None:
    """What came in while nobody worked."""
    pool = await open_pool(server.dsn("wasl_app", "wasl"))
    inbox = PostgresInbox(pool)
    end = first + events
    for start in range(first, end, 500):
        await asyncio.gather(*(inbox.accept(delivery(number)) for number in range(start, min(end, start + 500))))
    await inbox.aclose()
    await pool.close()


@contextmanager
def working(on_these: Bench, *, handlers: str, queue: str = "redis", backlog: bool = True) -> Iterator[None]:
    """A scheduler, which has filled the work index if there is a `backlog`, and then a fresh consumer."""
    given = on_these.settings(WASL_HANDLERS=handlers, QUEUE=queue)
    if queue == "postgres":
        given["REDIS_URL"] = ""
    ready = "swept" if backlog else "worker_joined"
    with (
        on_these.process([*WASL, "scheduler"], "scheduler", ready, **given),
        on_these.process([*WASL, "consumer"], "consumer", "worker_joined", **given),
    ):
        yield


def worked_off(on_these: Bench, *, handlers: str, queue: str = "redis", events: int | None = None) -> float:
    """Events per second of a full backlog and a fresh consumer; with a handler each has its effect once."""
    first, wanted = on_these.first(), events or on_these.events
    with psycopg.connect(on_these.postgres.dsn("wasl_owner", "wasl"), autocommit=True) as owner:
        owner.execute("TRUNCATE effects")
    asyncio.run(fill(on_these.postgres, first, wanted))
    with working(on_these, handlers=handlers, queue=queue):
        return drained(on_these.postgres, first, wanted, effects=bool(handlers))


def drained(server: EmbeddedPostgres, first: int, events: int, *, effects: bool) -> float:
    deadline = time.monotonic() + DRAIN_SECONDS
    with psycopg.connect(server.dsn("wasl_owner", "wasl"), autocommit=True) as owner:
        while time.monotonic() < deadline:
            [(done, seconds)] = owner.execute(DONE, [first]).fetchall()
            [(failure,)] = owner.execute("SELECT max(failure::text) FROM runs").fetchall()
            if failure:
                raise SystemExit(f"a handler failed: {failure[:500]}")
            if done == events:
                wanted = events if effects else 0
                assert owner.execute(EFFECTS).fetchall() == [(wanted, wanted)]
                return events / float(seconds)
            time.sleep(0.5)
    raise SystemExit(f"not drained after {DRAIN_SECONDS} s")


def measure(queue: str, events: int) -> float:
    with bench(events) as on_these:
        stores(on_these.postgres)
        return worked_off(on_these, handlers="benchmarks.whole_path", queue=queue)


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--events", type=int, default=20_000)
    events = asked.parse_args().events
    found = {queue: round(measure(queue, events)) for queue in ("redis", "postgres")}
    load = round(os.getloadavg()[0], 1)
    print(json.dumps({"events_per_second": found, "events": events, "stores": STORES, "load_average": load}))


if __name__ == "__main__":
    main()
