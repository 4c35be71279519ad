"""Events worked off in a second by one process: the bare limit, Wasl, and the queues a user would pick instead.

`make bench ONLY=consume`. `bare` claims, upserts and settles in batches, and Wasl's `mirror` does the same with all its
rules and derived events: those two are compared. `handler` is Wasl with a handler of an app's own that writes one row
in its unit of work, after the event went through the mirror; arq, taskiq, dramatiq, celery and procrastinate do no
more than write that row. Every round begins with a full backlog and a fresh consumer; rates are from the first effect
to the last. Each effect has to be there exactly once at the end.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import quote

import psycopg
import redis

from benchmarks import whole_path
from benchmarks.peers import environments
from benchmarks.report import Goal, Report, Scale, Series, at_least, told
from benchmarks.rounds import Figure, interleave, ratio
from benchmarks.world import TREE, Bench, bench

PEERS = TREE / "benchmarks" / "peers"
TABLES = """
    CREATE TABLE IF NOT EXISTS peer_effects (queue text, job int, at timestamptz DEFAULT clock_timestamp());
    GRANT ALL ON peer_effects TO wasl_app;
    CREATE TABLE IF NOT EXISTS bare_jobs (
        seq bigserial PRIMARY KEY, entity bigint, body bytea, state text DEFAULT 'queued', settled_at timestamptz);
    CREATE INDEX IF NOT EXISTS bare_queued ON bare_jobs (seq) WHERE state = 'queued';
    CREATE TABLE IF NOT EXISTS bare_mirror (entity bigint PRIMARY KEY, version bigint, body bytea)
"""
FILL_BARE = """
    TRUNCATE bare_jobs, bare_mirror RESTART IDENTITY;
    INSERT INTO bare_jobs (entity, body) SELECT n, convert_to(format(
        '{{"id": %s, "code": "C%s", "order_status": {{"code": "new"}}}}', n, n), 'UTF8')
    FROM generate_series(1, {events}) AS n
"""
BATCH = 500
SPAN = "SELECT count(*), count(DISTINCT job), extract(epoch FROM max(at) - min(at)) FROM peer_effects WHERE queue = %s"
PACKAGES = {
    "arq": ("arq==0.28.0", "asyncpg==0.31.0"),
    "taskiq": ("taskiq-redis==1.2.4", "asyncpg==0.31.0", "uvloop==0.23.0"),
    "dramatiq": ("dramatiq[redis]==2.2.1", "psycopg[binary]==3.3.1"),
    "celery": ("celery[redis]==5.7.0", "psycopg[binary]==3.3.1"),
    "procrastinate": ("procrastinate==3.10.0", "psycopg[binary,pool]==3.3.1"),
}
WORKERS = {
    "arq": ("-m", "arq", "jobs.worker"),
    "taskiq": ("-m", "taskiq", "worker", "jobs:worker", "--workers", "1"),
    "dramatiq": ("-m", "dramatiq", "jobs:worker", "--processes", "1", "--threads", "8"),
    "celery": ("-m", "celery", "-A", "jobs:worker", "worker", "--concurrency", "2", "--loglevel", "WARNING"),
    "procrastinate": ("-m", "procrastinate", "--app=jobs.worker", "worker", "--concurrency", "10"),
}
DRAIN_SECONDS = 300


def benchmark(scale: Scale) -> Report:
    with bench(scale.pick(300, 10_000, 100_000)) as on:
        with psycopg.connect(on.postgres.dsn("wasl_owner", "wasl"), autocommit=True) as owner:
            owner.execute(TABLES.encode())
        whole_path.stores(on.postgres)
        jobs = scale.pick(0, 1_000, 20_000)
        ours, peers = contestants(on), peers_at_hand(on, jobs) if jobs else {}
        figures = interleave({**ours, **peers}, scale.rounds)
    return Report(
        [Series("Events worked off by one process", "events/s", figures)],
        goals(figures),
        facts={"events": on.events, "jobs of each peer": jobs},
        checked=["every event is done, and every effect and row is there exactly once"],
        versions={packages[0].partition("==")[0]: packages[0].partition("==")[2] for packages in PACKAGES.values()},
    )


def goals(figures: Sequence[Figure]) -> list[Goal]:
    found = [at_least("built-in order handler to bare batches", ratio(figures, "mirror", "bare"), 0.5)]
    peers = [figure for figure in figures if figure.name in PACKAGES]
    if peers:
        best = max(peers, key=lambda figure: figure.median).name
        found += [
            at_least(f"built-in order handler to the best Python peer ({best})", ratio(figures, "mirror", best), 6.0),
            at_least(f"an app's own handler to the best Python peer ({best})", ratio(figures, "handler", best), 2.0),
        ]
    return found


def contestants(on: Bench) -> dict[str, Callable[[], float]]:
    return {
        "bare": partial(bare, on),
        "mirror": partial(whole_path.worked_off, on, handlers=""),
        "handler": partial(whole_path.worked_off, on, handlers="benchmarks.whole_path"),
    }


def peers_at_hand(on: Bench, jobs: int) -> dict[str, Callable[[], float]]:
    found: dict[str, Callable[[], float]] = {}
    for name, packages in PACKAGES.items():
        try:
            found[name] = partial(peer, name, environments.python(name, packages), on, jobs)
        except environments.Missing as missing:
            print(f"NOT MEASURED: {missing}", file=sys.stderr, flush=True)
    return found


def bare(on: Bench) -> float:
    dsn = on.postgres.dsn("wasl_owner", "wasl")
    with psycopg.connect(dsn, autocommit=True) as owner:
        owner.execute(FILL_BARE.format(events=on.events).encode())
    fill_stream(on)
    command = [sys.executable, str(PEERS / "bare_consume.py"), dsn, on.redis_socket, str(BATCH), str(on.events)]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=DRAIN_SECONDS)
    with psycopg.connect(dsn) as owner:
        assert owner.execute("SELECT count(*) FROM bare_mirror").fetchone() == (on.events,)
    return on.events / float(told.stdout)


def fill_stream(on: Bench, events: int | None = None) -> None:
    with redis.Redis(unix_socket_path=on.redis_socket, db=6) as valkey, valkey.pipeline(transaction=False) as pipeline:
        pipeline.flushdb()
        pipeline.xgroup_create("bare", "workers", "0", mkstream=True)
        for seq in range(1, (on.events if events is None else events) + 1):
            pipeline.xadd("bare", {"seq": seq})
        pipeline.execute()


def peer(name: str, interpreter: Path, on: Bench, jobs: int) -> float:
    dsn = on.postgres.dsn("wasl_owner", "wasl")
    with psycopg.connect(dsn, autocommit=True) as owner:
        owner.execute("DELETE FROM peer_effects WHERE queue = %s", [name])
    given = {**os.environ, "DSN": dsn, "REDIS_URL": f"unix://{quote(on.redis_socket)}?db=5", "QUEUE": name}
    given["PYTHONPATH"] = str(PEERS)
    enqueue = [str(interpreter), str(PEERS / "jobs.py"), name, "enqueue", str(jobs)]
    subprocess.run(enqueue, env=given, check=True, timeout=DRAIN_SECONDS, cwd=on.home)
    with _worker([str(interpreter), *WORKERS[name]], given, on.home / f"{name}.log", on.home):
        return drained(dsn, name, jobs)


@contextmanager
def _worker(command: list[str], given: Mapping[str, str], log: Path, cwd: Path) -> Iterator[None]:
    with log.open("wb") as output:
        one = subprocess.Popen(command, env=dict(given), stdout=output, stderr=output, cwd=cwd, start_new_session=True)
    try:
        yield
    finally:
        os.killpg(one.pid, signal.SIGTERM)
        try:
            one.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(one.pid, signal.SIGKILL)
            one.wait()


def drained(dsn: str, name: str, events: int) -> float:
    """Jobs per second; each has to have happened once."""
    deadline = time.monotonic() + DRAIN_SECONDS
    with psycopg.connect(dsn, autocommit=True) as owner:
        while time.monotonic() < deadline:
            [(effects, jobs, seconds)] = owner.execute(SPAN, [name]).fetchall()
            if jobs == events:
                if effects != jobs:
                    raise SystemExit(f"{name}: {effects} effects of {jobs} jobs")
                return events / float(seconds)
            time.sleep(0.2)
    raise SystemExit(f"{name}: {jobs} of {events} jobs after {DRAIN_SECONDS} s")


if __name__ == "__main__":
    told(benchmark)
