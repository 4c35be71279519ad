"""What pruning costs: batched deletes from one table, against partitions by day.

`python benchmarks/pruning.py [EVENTS]` (default 1,000,000) starts a Postgres of its own and prints,
for both: seconds to remove the oldest third, the table's size before and after as many new
events came in, and milliseconds of the two questions that work asks all day.
The numbers of 2026-11-23 stand in docs/retention.md.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from time import perf_counter

import psycopg

from adapters.embedded import DataDir, EmbeddedPostgres
from adapters.postgres import migrator
from adapters.postgres.connection import open_pool
from adapters.postgres.pruning import PostgresPruning
from core.domain.retention import Retention
from core.ids import Seq

KEEP = Retention(timedelta(days=30), timedelta(days=90))
DAYS = 45
QUESTIONS = 2000
FILL = """
    INSERT INTO events (event_id, store_id, install_id, origin, topic, entity_kind, entity_id, lane, state,
                        received_at, settled_at, size, body)
    SELECT gen_random_uuid(), i %% 100, i %% 100, 'zid', 'order.create', 'order', i::text, i, 'done', at, at, 3000,
           convert_to(repeat(md5(i::text), CASE WHEN i %% 5 = 0 THEN 90 ELSE 10 END), 'UTF8')
    FROM generate_series(%(first)s::bigint, %(last)s) AS i,
         LATERAL (SELECT 1 - least(i, %(many)s)::float8 / %(many)s) AS of_span (share),
         LATERAL (SELECT now() - make_interval(days => %(days)s) * share) AS t (at)
"""
BY_ID = "SELECT state FROM events WHERE event_id = %s"
BY_LANE = """
    SELECT event_id FROM events
    WHERE lane = %s AND state IN ('queued', 'waiting') AND open_runs = 0 ORDER BY seq LIMIT 1
"""
SIZE = """
    SELECT sum(pg_total_relation_size(t.relid))::bigint / 1000000
    FROM (SELECT relid FROM pg_partition_tree('events') UNION SELECT 'events'::regclass) AS t
"""
PARTITIONED = """
    CREATE TABLE parted (LIKE events INCLUDING DEFAULTS INCLUDING IDENTITY) PARTITION BY RANGE (received_at);
    ALTER TABLE parted ADD PRIMARY KEY (event_id, received_at);
    CREATE UNIQUE INDEX ON parted (seq, received_at);
    CREATE INDEX ON parted (store_id, seq);
    CREATE INDEX ON parted (lane, seq) WHERE state IN ('queued', 'waiting') AND open_runs = 0;
    DROP TABLE events;
    ALTER TABLE parted RENAME TO events;
"""
Owner = psycopg.Connection[tuple[object, ...]]


def timed(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start


def fill(owner: Owner, first: int, last: int, many: int) -> None:
    owner.execute(FILL, {"first": first, "last": last, "many": many, "days": DAYS})
    owner.execute("ANALYZE events")


def questions(owner: Owner) -> str:
    ids = [row[0] for row in owner.execute("SELECT event_id FROM events ORDER BY random() LIMIT %s", [QUESTIONS])]
    by_id = timed(lambda: [owner.execute(BY_ID, [one]).fetchone() for one in ids])
    by_lane = timed(lambda: [owner.execute(BY_LANE, [lane]).fetchone() for lane in range(QUESTIONS)])
    return f"by id {by_id / QUESTIONS * 1000:.2f} ms, by lane {by_lane / QUESTIONS * 1000:.2f} ms"


def size(owner: Owner) -> object:
    row = owner.execute(SIZE).fetchone()
    assert row is not None
    return row[0]


async def prune(dsn: str) -> list[float]:
    """Seconds of each batch."""
    pool = await open_pool(dsn)
    pruning, place, batches = PostgresPruning(pool), Seq(0), []
    while True:
        start = perf_counter()
        pruned = await pruning.prune(KEEP, after=place, limit=1000)
        batches.append(perf_counter() - start)
        if pruned.seen is None:
            break
        place = pruned.seen
    await pool.close()
    return batches


def in_batches(owner: Owner, dsn: str, many: int) -> None:
    fill(owner, 1, many, many)
    before = size(owner)
    batches = sorted(asyncio.run(prune(dsn)))
    vacuum = timed(lambda: owner.execute("VACUUM events"))
    fill(owner, many + 1, many + many // 3, many)
    print(
        f"one table: {sum(batches):.1f} s (a batch {batches[len(batches) // 2] * 1000:.0f} ms, "
        f"the longest {batches[-1] * 1000:.0f} ms) + {vacuum:.1f} s vacuum; "
        f"{before} MB, refilled {size(owner)} MB; {questions(owner)}"
    )


def in_partitions(owner: Owner, many: int) -> None:
    owner.execute(PARTITIONED)
    for day in range(-DAYS - 1, 2):
        bounds = f"FROM ((current_date + {day})) TO ((current_date + {day + 1}))"
        owner.execute(f"CREATE TABLE day_{day + DAYS + 1} PARTITION OF events FOR VALUES {bounds}")
    fill(owner, 1, many, many)
    asked = questions(owner)
    drop = timed(lambda: [owner.execute(f"DROP TABLE day_{day}") for day in range(16)])
    print(f"partitions: {drop:.1f} s; {asked}")


def main(many: int) -> None:
    with tempfile.TemporaryDirectory() as path, DataDir(Path(path) / "data") as data_dir:
        server = EmbeddedPostgres(data_dir)
        server.start()
        try:
            server.ensure_roles()
            with psycopg.connect(server.dsn("postgres", "postgres"), autocommit=True) as admin:
                admin.execute("CREATE DATABASE measured OWNER wasl_owner")
            dsn = server.dsn("wasl_owner", "measured")
            with psycopg.connect(server.dsn("postgres", "measured"), autocommit=True) as admin:
                admin.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            migrator.apply(dsn)
            with psycopg.connect(dsn, autocommit=True) as owner:
                owner.execute("SET plan_cache_mode = force_custom_plan")  # as every session of the service
                in_batches(owner, dsn, many)
                in_partitions(owner, many)
        finally:
            server.stop()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
