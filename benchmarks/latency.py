"""From the arrival of an event to its end, and how many a second go the whole way.

`make bench ONLY=latency`. One `wasl http`, one consumer and one scheduler on the machine's cores with everything they
need, 3 KB bodies. At 200/s each event goes through the mirror to a handler of an app's own: from its arrival to the
commit that settled it. At 2,000/s: from its arrival to the commit of its row in the mirror. Both are open load, which
does not wait for anybody. The whole chain is as much as 64 busy connections send, from the first arrival to the last
row, against bare aiohttp, a stream and bare batches. Commit times are Postgres's own.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psycopg

from benchmarks import ingest
from benchmarks.consume import BATCH, PEERS, TABLES, fill_stream
from benchmarks.http_load import Answers, Target, bodies, closed, opened
from benchmarks.report import Goal, Report, Scale, Series, at_least, told
from benchmarks.rounds import Figure, interleave, ratio
from benchmarks.whole_path import working
from benchmarks.world import Bench, bench

SLOW, FAST = 200.0, 2000.0
HANDLER = "benchmarks.whole_path"
WARM = 200
PATIENCE = 120.0
TO_DONE = """
    SELECT extract(epoch FROM pg_xact_commit_timestamp(xmin) - received_at) * 1000 FROM events
    WHERE state = 'done' AND origin = 'zid' AND entity_id::bigint BETWEEN %s AND %s ORDER BY 1
"""
TO_ROW = """
    SELECT extract(epoch FROM pg_xact_commit_timestamp(m.xmin) - e.received_at) * 1000
    FROM mirror_orders m JOIN events e USING (store_id, entity_id)
    WHERE entity_id::bigint BETWEEN %s AND %s ORDER BY 1
"""
CHAIN = """
    SELECT extract(epoch FROM max(pg_xact_commit_timestamp(m.xmin)) - min(e.received_at))
    FROM mirror_orders m JOIN events e USING (store_id, entity_id) WHERE entity_id::bigint BETWEEN %s AND %s
"""
BARE_CHAIN = """
    SELECT extract(epoch FROM max(pg_xact_commit_timestamp(m.xmin)) - min(j.received_at))
    FROM bare_mirror m JOIN bare_jobs j USING (entity)
"""
RECEIVED = "ALTER TABLE bare_jobs ADD COLUMN IF NOT EXISTS received_at timestamptz DEFAULT clock_timestamp()"


def benchmark(scale: Scale) -> Report:
    with bench(scale.pick(200, 10_000, 100_000)) as on:
        keep_commit_times(on)
        with psycopg.connect(on.postgres.dsn("wasl_owner", "wasl"), autocommit=True) as owner:
            owner.execute((TABLES + ";" + RECEIVED).encode())
            owner.execute("CREATE TABLE effects (event_id uuid)")
            owner.execute("GRANT ALL ON effects TO wasl_app")
        with ingest.wasl(on) as server:
            done = open_load(on, server, SLOW, scale.pick(100, 2_000, 20_000))
            rows = open_load(on, server, FAST, on.events)
            chains = {"bare chain": partial(bare_chain, on), "wasl": partial(chain, on, server)}
            figures = interleave(chains, scale.rounds)
    return Report(
        [Series("The whole chain, acknowledged and in the mirror", "events/s", figures)],
        goals(done, rows, figures),
        facts={"to done at 200/s, ms": spread(done), "to the row at 2,000/s, ms": spread(rows)},
        checked=["every request was answered 200, and every event is done and has its row"],
    )


def goals(done: Sequence[float], rows: Sequence[float], figures: Sequence[Figure]) -> list[Goal]:
    return [
        Goal("receive to done at 200/s, p50", quantile(done, 0.5), 15.0, False, " ms"),
        Goal("receive to done at 200/s, p95", quantile(done, 0.95), 50.0, False, " ms"),
        Goal("event to row at 2,000/s, p99", quantile(rows, 0.99), 15.0, False, " ms"),
        at_least("whole chain to the bare chain", ratio(figures, "wasl", "bare chain"), 0.6),
    ]


def quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def spread(ordered: Sequence[float]) -> dict[str, float]:
    return {f"p{share}": round(quantile(ordered, share / 100), 1) for share in (50, 95, 99)} | {
        "max": round(ordered[-1], 1)
    }


def keep_commit_times(on: Bench) -> None:
    with psycopg.connect(on.postgres.dsn("postgres", "wasl"), autocommit=True) as owner:
        owner.execute("ALTER SYSTEM SET track_commit_timestamp = on")
    on.postgres.stop()
    on.postgres.start()


def sent(on: Bench, server: ingest.Server, events: int, *, rate: float | None) -> tuple[int, int]:
    """The orders' numbers, the first and the last; every one was answered 200."""
    first = on.first()
    target = Target(server.url, server.headers, tuple(bodies(events, ingest.BODY_BYTES, first)))
    ingest.all_taken(server, answers(target, rate), events)
    return first, first + events - 1


def answers(target: Target, rate: float | None) -> Answers:
    return closed(target) if rate is None else opened(target, rate=rate)


def open_load(on: Bench, server: ingest.Server, rate: float, events: int) -> list[float]:
    """Milliseconds of each, in order: to its end with a handler at the slow rate, to its row at the fast one."""
    handlers, sql = (HANDLER, TO_DONE) if rate == SLOW else ("", TO_ROW)
    with working(on, handlers=handlers, backlog=False):
        sent(on, server, WARM, rate=SLOW)
        numbers = sent(on, server, events, rate=rate)
        return waited_for(on, sql, numbers, events)


def waited_for(on: Bench, sql: str, numbers: tuple[int, int], events: int) -> list[float]:
    deadline = time.monotonic() + PATIENCE
    with psycopg.connect(on.postgres.dsn("wasl_owner", "wasl"), autocommit=True) as owner:
        while time.monotonic() < deadline:
            found = [float(one) for (one,) in owner.execute(sql.encode(), numbers).fetchall()]
            if len(found) == events:
                return found
            time.sleep(0.2)
    raise SystemExit(f"{len(found)} of {events} events came to their end within {PATIENCE:.0f} s")


def chain(on: Bench, server: ingest.Server) -> float:
    with working(on, handlers="", backlog=False):
        sent(on, server, WARM, rate=SLOW)
        numbers = sent(on, server, on.events, rate=None)
        waited_for(on, TO_ROW, numbers, on.events)
    with psycopg.connect(on.postgres.dsn("wasl_owner", "wasl")) as owner:
        [(seconds,)] = owner.execute(CHAIN, numbers).fetchall()
    return on.events / float(seconds)


def bare_chain(on: Bench) -> float:
    dsn, port = on.postgres.dsn("wasl_owner", "wasl"), on.port()
    with psycopg.connect(dsn, autocommit=True) as owner:
        owner.execute("TRUNCATE bare_jobs, bare_mirror RESTART IDENTITY")
    fill_stream(on, 0)
    consumer = [sys.executable, str(PEERS / "bare_consume.py"), dsn, on.redis_socket, str(BATCH), str(on.events)]
    server = [sys.executable, str(PEERS / "bare_chain.py"), str(port), dsn, on.redis_socket]
    with on.process(server, "bare_chain", "ready"), ended(consumer, on.home):
        sent(on, ingest.Server(f"http://127.0.0.1:{port}/", ()), on.events, rate=None)
    with psycopg.connect(dsn) as owner:
        assert owner.execute("SELECT count(*) FROM bare_mirror").fetchone() == (on.events,)
        [(seconds,)] = owner.execute(BARE_CHAIN).fetchall()
    return on.events / float(seconds)


@contextmanager
def ended(command: Sequence[str], home: Path) -> Iterator[None]:
    """Begun before, and waited for afterwards."""
    one = subprocess.Popen(command, cwd=home, stdout=subprocess.DEVNULL)
    try:
        yield
        if one.wait(timeout=PATIENCE):
            raise SystemExit(f"{command[1]} ended with {one.returncode}")
    finally:
        one.kill()
        one.wait()


if __name__ == "__main__":
    told(benchmark)
