"""More processes on one Postgres: webhooks taken in by one, two and four, events worked off by one to eight.

`make bench ONLY=processes`. Every process runs on this one machine, with servers and generators: more of them add
throughput until its cores are full, and then nothing. What is promised is the rest: however many there are, every event
has its effect once and in the order of its lane. The consumers are measured on one Valkey and on a cluster of three.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import urlsplit

import psycopg

from adapters.postgres.connection import open_pool
from adapters.postgres.inbox import PostgresInbox
from adapters.system import SystemIds
from benchmarks import whole_path
from benchmarks.flood import install
from benchmarks.http_load import Target, bodies, closed
from benchmarks.report import Report, Scale, Series, told
from benchmarks.rounds import Figure, interleave
from benchmarks.world import SECRET, WASL, Bench, bench
from core.domain.events import Delivery, dedupe_key
from core.domain.secret import Secret
from core.ids import Entity, EntityKind, InstallId, StoreId
from tests.valkey_fleet import cluster_of_three

HTTP = (1, 2, 4)
CONSUMERS = (1, 2, 4, 8)
LANES = 500
DRAIN_SECONDS = 300
BODY_BYTES = 3000
LEFT = "SELECT count(*) FROM events WHERE state <> 'done' AND origin = 'zid'"
SPAN = "SELECT extract(epoch FROM max(settled_at) - min(settled_at)) FROM runs WHERE settled_at IS NOT NULL"
OUT_OF_ORDER = """
    SELECT count(*) FROM (
        SELECT settled_at < lag(settled_at) OVER (PARTITION BY lane ORDER BY seq) AS early FROM runs) AS g WHERE early
"""
COUNTED = "SELECT count(*), (SELECT sum(accepted) FROM intake WHERE origin = 'zid') FROM events WHERE origin = 'zid'"


def benchmark(scale: Scale) -> Report:
    rounds, https, consumers = scale.pick((1, 2, 1), (2, 3, 4), (3, 3, 4))
    with bench(scale.pick(400, 10_000, 100_000)) as on:
        taken_in = interleave(taking(on, HTTP[:https]), rounds)
    with bench(scale.pick(200, 3_000, 30_000)) as on, ExitStack() as stack:
        whole_path.stores(on.postgres)
        given: dict[str, Callable[[], float]] = {
            f"{number} on one Valkey": partial(worked_off, on, number, on.valkey.url())
            for number in CONSUMERS[:consumers]
        }
        if scale is not Scale.QUICK:
            cluster = stack.enter_context(cluster_of_three())
            for node in cluster.nodes:
                node.ask("CONFIG", "SET", "appendonly", "yes", "appendfsync", "always")
            given["2 on a cluster of three"] = partial(worked_off, on, 2, cluster.url)
        worked = interleave(given, rounds)
    return report(taken_in, worked)


def report(taken_in: list[Figure], worked: list[Figure]) -> Report:
    return Report(
        series=[
            Series("Webhooks taken in, by http processes", "requests/s", taken_in),
            Series("Events worked off by a handler of an app's own, by consumers", "events/s", worked),
        ],
        checked=[
            "every 200 is in the ledger, once",
            "every event had its effect once, and none of a lane before an earlier one of it",
        ],
    )


def taking(on: Bench, numbers: tuple[int, ...]) -> Mapping[str, Callable[[], float]]:
    with psycopg.connect(on.postgres.dsn("wasl_owner", "wasl"), autocommit=True) as owner:
        stores = list(install(owner, Secret(SECRET)).values())
    to = [(urlsplit(one.url).path, tuple(one.headers.items())) for one in stores[: max(numbers)]]
    return {str(number): partial(taken_by, on, number, to) for number in numbers}


def taken_by(on: Bench, number: int, to: list[tuple[str, tuple[tuple[str, str], ...]]]) -> float:
    """Requests per second of so many http processes, each with a generator of its own."""
    before, each = counted(on), on.events // number
    with ExitStack() as stack, ThreadPoolExecutor(number) as generators:
        targets = []
        for path, headers in to[:number]:
            port = on.port()
            command = [*WASL, "http"]
            stack.enter_context(on.process(command, f"http-{port}", "http_serving", **on.settings(HTTP_PORT=str(port))))
            sent = tuple(bodies(each, BODY_BYTES, on.first()))
            targets.append(Target(f"http://127.0.0.1:{port}{path}", headers, sent))
        answers = list(generators.map(partial(closed, connections=64 // number), targets))
    if any(one.statuses != {200: each} for one in answers):
        raise SystemExit(f"not every request was answered 200: {[dict(one.statuses) for one in answers]}")
    if counted(on) != tuple(was + each * number for was in before):
        raise SystemExit(
            f"{each * number} were answered 200, in the ledger and counted were {before}, are {counted(on)}"
        )
    return each * number / max(one.seconds for one in answers)


def counted(on: Bench) -> tuple[int, int]:
    with psycopg.connect(on.postgres.dsn("wasl_owner", "wasl"), autocommit=True) as owner:
        [(events, accepted)] = owner.execute(COUNTED).fetchall()
    return int(events), int(accepted or 0)


def worked_off(on: Bench, consumers: int, redis_url: str) -> float:
    """Runs per second of a full backlog and fresh consumers."""
    with psycopg.connect(on.postgres.dsn("wasl_owner", "wasl"), autocommit=True) as owner:
        owner.execute("TRUNCATE effects, events, runs, attempts CASCADE")
        asyncio.run(_fill(on))
        with _working(on, consumers, redis_url):
            _until_done(owner, on.events)
        [(early,)] = owner.execute(OUT_OF_ORDER).fetchall()
        effects = owner.execute(whole_path.EFFECTS).fetchall()
        [(seconds,)] = owner.execute(SPAN).fetchall()
    if early or effects != [(on.events, on.events)]:
        raise SystemExit(f"{consumers} consumers: {early} too early, effects and events with one: {effects}")
    return on.events / float(seconds)


@contextmanager
def _working(on: Bench, consumers: int, redis_url: str) -> Iterator[None]:
    given = on.settings(WASL_HANDLERS="benchmarks.whole_path", REDIS_URL=redis_url)
    with ExitStack() as stack:
        stack.enter_context(on.process([*WASL, "scheduler"], "scheduler", "swept", **given))
        for number in range(consumers):
            stack.enter_context(on.process([*WASL, "consumer"], f"consumer-{number}", "worker_joined", **given))
        yield


def _until_done(owner: psycopg.Connection[tuple[object, ...]], events: int) -> None:
    deadline = time.monotonic() + DRAIN_SECONDS
    while owner.execute(LEFT).fetchall() != [(0,)] or owner.execute(whole_path.EFFECTS).fetchall()[0][0] != events:
        if time.monotonic() > deadline:
            raise SystemExit(f"not drained after {DRAIN_SECONDS} s")
        time.sleep(0.2)


async def _fill(on: Bench) -> None:
    """What came in while nobody worked: several events of each entity."""
    pool = await open_pool(on.postgres.dsn("wasl_app", "wasl"))
    inbox, first = PostgresInbox(pool), on.first()
    for start in range(0, on.events, LANES):
        numbers = range(start, min(start + LANES, on.events))
        await asyncio.gather(*(inbox.accept(_delivery(first, number)) for number in numbers))
    await inbox.aclose()
    await pool.close()


def _delivery(first: int, number: int) -> Delivery:
    entity = first + number % LANES
    store = StoreId(1 + entity % whole_path.STORES)
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number)
    body = {"id": entity, "order_status": {"code": "new"}, "updated_at": moment.strftime("%Y-%m-%d %H:%M:%S")}
    text = json.dumps(body).encode()
    return Delivery(
        event_id=SystemIds().event_id(),
        store_id=store,
        install_id=InstallId(10_000 + store),
        topic=whole_path.TOPIC,
        body=text,
        received_at=datetime.now(UTC),
        dedupe_key=dedupe_key(store, InstallId(10_000 + store), whole_path.TOPIC, text),
        keep_for=timedelta(days=3),
        entity=Entity(EntityKind.ORDER, str(entity)),
    )


if __name__ == "__main__":
    told(benchmark)
