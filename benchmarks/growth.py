"""What an operation costs as the ledger and the stores grow: processor time, write-ahead log, bytes.

`make bench ONLY=growth`, and `make bench-scale ONLY=growth` up to a million of both. For each size a database is
filled, and the same operations are done on it through the service's own adapters and features: webhooks taken in,
events worked off into the mirror, a sweep, one event looked up, a page of events, 500 due tokens claimed. Processor
time is Postgres's and ours together: a busy machine does not change it. With each tenfold of rows or stores it may grow
by what it was at first, as a logarithm does: indexes grow deeper, caches hold less. What looks at every row grows
tenfold instead.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import process_time

import psutil
import psycopg
import redis

from benchmarks.console_pages import COUNTED, EVENTS
from benchmarks.refresh_due import SEALED_BYTES, fill_due, fill_vault
from benchmarks.report import Goal, Report, Scale, told
from benchmarks.world import Bench, bench
from config.settings import load_settings
from core.domain.events import Delivery, WorkItem, WorkKind, dedupe_key
from core.ids import Entity, EntityKind, EventId, InstallId, StoreId
from core.ports.ledger_reading import EventFilter
from entrypoints.wiring import Daemon, daemon

Owner = psycopg.Connection[tuple[object, ...]]
SIZES = {
    Scale.QUICK: ((1_000, 1_000), (2_000, 2_000)),
    Scale.USUAL: ((1_000, 1_000), (10_000, 10_000), (100_000, 100_000)),
    Scale.LARGE: ((10_000, 1_000), (100_000, 100_000), (1_000_000, 1_000_000)),
}
"""Rows of the ledger, and stores."""
DUE = 500
BODY_BYTES = 3000
TOPIC = "order.update"
REPEATS = 20
PAGES = 25
BATCH = 500
LOG_AT = "SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint"
SIZE = "SELECT pg_database_size(current_database())"


@dataclass(frozen=True)
class Cost:
    """Of one operation: microseconds of processor time, and bytes of write-ahead log."""

    server_us: float
    own_us: float
    log_bytes: float

    @property
    def us(self) -> float:
        return self.server_us + self.own_us


class Meter:
    """Reads what was spent so far, by us and by the server with all its processes."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        backend = psutil.Process(self._asked("SELECT pg_backend_pid()"))
        self._server = backend.parent()

    def _asked(self, query: str) -> int:
        [(value,)] = self._owner.execute(query.encode()).fetchall()
        return int(str(value))

    def read(self) -> tuple[float, float, int]:
        return self._server_seconds(), process_time(), self._asked(LOG_AT)

    def _server_seconds(self) -> float:
        assert self._server is not None
        own = self._server.cpu_times()
        gone = own.children_user + own.children_system
        return float(own.user + own.system + gone + sum(map(_seconds, self._server.children())))

    async def cost(self, work: Callable[[], Awaitable[int]], turns: int) -> Cost:
        """Of one of what each turn says it did so many of."""
        before, done = self.read(), 0
        for _ in range(turns):
            done += await work()
        server, own, log = (after - was for after, was in zip(self.read(), before, strict=True))
        return Cost(server / done * 1e6, own / done * 1e6, log / done)


def _seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


class Operations:
    """What the service does all day; each returns how many it did."""

    def __init__(self, parts: Daemon, stores: int, first: int, looked_up: Sequence[EventId]) -> None:
        self._parts = parts
        self._stores = stores
        self._next = first
        self._looked_up = looked_up
        self._taken: list[EventId] = []

    async def take_in(self) -> int:
        deliveries = [self._delivery(self._next + number) for number in range(BATCH)]
        self._next += BATCH
        inbox = self._parts.adapters.inbox()
        await asyncio.gather(*(inbox.accept(one) for one in deliveries))
        self._taken += [one.event_id for one in deliveries]
        return BATCH

    async def work_off(self) -> int:
        now, self._taken = self._taken[:BATCH], self._taken[BATCH:]
        consumed = await self._parts.features.consume().consume(now, limit=BATCH)
        if len(consumed.settled) != BATCH:
            raise SystemExit(f"of {BATCH} events {len(consumed.settled)} were worked off")
        return BATCH

    async def sweep(self) -> int:
        await self._parts.features.sweep().tick()
        return 1

    async def look_up(self) -> int:
        for event in self._looked_up:
            assert await self._parts.adapters.reader().event(event) is not None
        return len(self._looked_up)

    async def list_page(self) -> int:
        reader = self._parts.adapters.reader()
        for store in range(1, PAGES + 1):
            await reader.events(EventFilter(store_id=StoreId(store)), limit=50)
        return PAGES

    async def claim_due(self) -> int:
        claimed = await self._parts.adapters.refresh_book().claim_due(datetime.now(UTC), limit=DUE, hold=0)
        assert len(claimed) == DUE
        return 1

    def _delivery(self, number: int) -> Delivery:
        store = 1 + number * 7919 % self._stores
        body = {"id": number, "code": f"C{number}", "order_status": {"code": "new"}}
        text = json.dumps(body | {"note": os.urandom(BODY_BYTES // 2).hex()[: BODY_BYTES - 90]}).encode()
        return Delivery(
            event_id=self._parts.adapters.ids().event_id(),
            store_id=StoreId(store),
            install_id=InstallId(store),
            topic=TOPIC,
            body=text,
            received_at=datetime.now(UTC),
            dedupe_key=dedupe_key(StoreId(store), InstallId(store), TOPIC, text),
            keep_for=timedelta(days=3),
            entity=Entity(EntityKind.ORDER, str(number)),
        )


def fill(owner: Owner, events: int, stores: int) -> float:
    """The database at this size; bytes of one store."""
    [(empty,)] = owner.execute(SIZE).fetchall()
    fill_vault(owner, stores, SEALED_BYTES)
    fill_due(owner, stores, min(stores, 10 * DUE))
    [(filled,)] = owner.execute(SIZE).fetchall()
    given = {"events": events, "stores": stores}
    for statement in (EVENTS, *COUNTED[:2]):
        owner.execute(statement.encode(), given)
    owner.execute("UPDATE events SET state = 'done', open_runs = 0 WHERE state IN ('queued', 'waiting', 'running')")
    owner.execute("VACUUM ANALYZE events, dedupe")
    return (int(str(filled)) - int(str(empty))) / stores


@asynccontextmanager
async def opened(on: Bench) -> AsyncIterator[Daemon]:
    async with daemon(load_settings(on.settings()), "consumer") as parts:
        yield parts
        await parts.adapters.inbox().aclose()


async def measured(on: Bench, owner: Owner, stores: int) -> Mapping[str, Cost]:
    rows = owner.execute("SELECT event_id FROM events ORDER BY md5(seq::text) LIMIT 200").fetchall()
    meter = Meter(owner)
    async with opened(on) as parts:
        does = Operations(parts, stores, 10_000_000, [EventId(row[0]) for row in rows])  # type: ignore[arg-type]
        each = {
            "webhook taken in": does.take_in,
            "event worked off": does.work_off,
            "event looked up": does.look_up,
            "page of events": does.list_page,
            "claim of 500 due tokens": does.claim_due,
            "sweep": does.sweep,
        }
        await does.take_in()
        await does.work_off()
        await does.sweep()  # the first one tidies
        return {name: await meter.cost(work, REPEATS) for name, work in each.items()}


async def index_bytes(on: Bench, stores: int) -> float:
    """Of Redis, for an event that waits in the work index."""
    async with opened(on) as parts:
        ids, index = parts.adapters.ids(), parts.adapters.indexes()[WorkKind.EVENT]
        items = [WorkItem(WorkKind.EVENT, str(ids.event_id()), StoreId(1 + n % stores)) for n in range(20 * BATCH)]
        before = _used(on)
        added = await index.publish(items)
        return (_used(on) - before) / added


def _used(on: Bench) -> int:
    """Bytes that Redis uses."""
    with redis.Redis(unix_socket_path=on.redis_socket) as client:
        told = client.info("memory")
    assert isinstance(told, dict)
    return int(told["used_memory"])


def benchmark(scale: Scale) -> Report:
    found: dict[tuple[int, int], Mapping[str, Cost]] = {}
    per_store, per_event, waiting = 0.0, 0.0, 0.0
    for events, stores in SIZES[scale]:
        with bench(0) as on, psycopg.connect(on.postgres.dsn("wasl_owner", "wasl"), autocommit=True) as owner:
            per_store = fill(owner, events, stores)
            [(before,)] = owner.execute(SIZE).fetchall()
            found[events, stores] = asyncio.run(measured(on, owner, stores))
            [(after,)] = owner.execute(SIZE).fetchall()
            per_event = (int(str(after)) - int(str(before))) / (BATCH * (REPEATS + 1))
            waiting = asyncio.run(index_bytes(on, min(stores, 1000)))
    return report(found, per_store, per_event, waiting)


def report(
    found: Mapping[tuple[int, int], Mapping[str, Cost]], per_store: float, per_event: float, waiting: float
) -> Report:
    least, greatest = found[min(found)], found[max(found)]
    rows = [
        {
            "operation": name,
            **{
                f"{events:,} events, {stores:,} stores": _told(costs[name]) for (events, stores), costs in found.items()
            },
            "grows": f"{greatest[name].us / least[name].us:.2f}×",
        }
        for name in least
    ]
    return Report(
        goals=[
            Goal(f"{name}: cost at {max(found)[0]:,} rows to {min(found)[0]:,}", _growth(least, greatest, name),
                 _allowed(found), False, "×")
            for name in least
        ],
        facts={
            "processor_time_and_log": rows,
            "resources": resources(greatest, per_store, per_event, waiting),
        },
        checked=["every event that was taken in was worked off, once"],
    )  # fmt: skip


def _allowed(found: Mapping[tuple[int, int], object]) -> float:
    """Once more what it cost, for each tenfold."""
    return round(1 + math.log10(max(most / least for most, least in zip(max(found), min(found), strict=True))), 1)


def _growth(least: Mapping[str, Cost], greatest: Mapping[str, Cost], name: str) -> float:
    return greatest[name].us / least[name].us if least[name].us else math.inf


def _told(cost: Cost) -> str:
    return f"{cost.us:,.0f} µs (Postgres {cost.server_us:,.0f}), {cost.log_bytes:,.0f} B"


def resources(cost: Mapping[str, Cost], per_store: float, per_event: float, waiting: float) -> Mapping[str, object]:
    """For a million events, and a thousand stores."""
    taken, done = cost["webhook taken in"], cost["event worked off"]
    return {
        "Postgres, CPU seconds for a million events": round(taken.server_us + done.server_us),
        "adapters of http and consumer, CPU seconds for a million events": round(taken.own_us + done.own_us),
        "write-ahead log, GB for a million events": round((taken.log_bytes + done.log_bytes) / 1000, 2),
        "Postgres on disk, GB for a million events of 3 KB": round(per_event / 1000, 2),
        "Postgres on disk, MB for a thousand stores": round(per_store / 1000, 1),
        "Redis, MB for 100,000 waiting events": round(waiting / 10, 1),
    }


if __name__ == "__main__":
    told(benchmark)
