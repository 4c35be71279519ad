"""Events worked off in a second by one process: the bare limit, Wasl, and the queues a user would pick instead.

`python -m benchmarks.consume [--events 10000] [--rounds 5]`. `bare` claims, upserts and settles in batches, and
Wasl's `mirror` does the same with all its rules and derived events: those two are compared. `handler` is Wasl with a
handler of an app's own that writes one row in its unit of work, compared with arq, taskiq, dramatiq, celery and
procrastinate doing the same. Every round begins with a full backlog and a fresh process; rates are from the first
effect to the last. Each effect has to be there exactly once at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import quote

import psycopg

from benchmarks import whole_path
from benchmarks.ingest import PEERS
from benchmarks.peers import environments
from benchmarks.rounds import Figure, interleave, ratio
from benchmarks.world import Bench, bench

TABLES = """
    CREATE TABLE IF NOT EXISTS peer_effects (queue text, job int, at timestamptz DEFAULT clock_timestamp());
    GRANT ALL ON peer_effects TO wasl_app;
    CREATE TABLE IF NOT EXISTS bare_jobs (
        seq bigserial PRIMARY KEY, entity bigint, body bytea, state text DEFAULT 'queued', settled_at timestamptz);
    CREATE INDEX IF NOT EXISTS bare_queued ON bare_jobs (seq) WHERE state = 'queued';
    CREATE TABLE IF NOT EXISTS bare_mirror (entity bigint PRIMARY KEY, version bigint, body bytea)
"""
FILL_BARE = """
    TRUNCATE bare_jobs, bare_mirror;
    INSERT INTO bare_jobs (entity, body)
    SELECT n, convert_to('{{"id": ' || n || '}}', 'UTF8') FROM generate_series(1, {events}) AS n
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
GOALS = {"mirror_to_bare": 0.5, "handler_to_best_peer": 2.0, "mirror_to_best_peer": 6.0}
DRAIN_SECONDS = 300


def bare(on: Bench) -> float:
    dsn = on.postgres.dsn("wasl_owner", "wasl")
    with psycopg.connect(dsn, autocommit=True) as owner:
        owner.execute(FILL_BARE.format(events=on.events).encode())
    command = [sys.executable, str(PEERS / "bare_consume.py"), dsn, str(BATCH)]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=DRAIN_SECONDS)
    with psycopg.connect(dsn) as owner:
        assert owner.execute("SELECT count(*) FROM bare_mirror").fetchone() == (on.events,)
    return on.events / float(told.stdout)


def peer(name: str, interpreter: Path, on: Bench) -> float:
    dsn = on.postgres.dsn("wasl_owner", "wasl")
    with psycopg.connect(dsn, autocommit=True) as owner:
        owner.execute("DELETE FROM peer_effects WHERE queue = %s", [name])
    given = {**os.environ, "DSN": dsn, "REDIS_URL": f"unix://{quote(on.redis_socket)}?db=5", "QUEUE": name}
    given["PYTHONPATH"] = str(PEERS)
    enqueue = [str(interpreter), str(PEERS / "jobs.py"), name, "enqueue", str(on.events)]
    subprocess.run(enqueue, env=given, check=True, timeout=DRAIN_SECONDS, cwd=on.home)
    with _worker([str(interpreter), *WORKERS[name]], given, on.home / f"{name}.log", on.home):
        return drained(dsn, name, on.events)


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


def contestants(on: Bench) -> dict[str, Callable[[], float]]:
    found: dict[str, Callable[[], float]] = {
        "bare": partial(bare, on),
        "mirror": partial(whole_path.worked_off, on, handlers=""),
        "handler": partial(whole_path.worked_off, on, handlers="benchmarks.whole_path"),
    }
    for name, packages in PACKAGES.items():
        try:
            found[name] = partial(peer, name, environments.python(name, packages), on)
        except environments.Missing as missing:
            print(f"NOT MEASURED: {missing}", file=sys.stderr, flush=True)
    return found


def report(figures: list[Figure]) -> dict[str, object]:
    peers = [figure for figure in figures if figure.name in PACKAGES]
    best = max(peers, key=lambda figure: figure.median).name if peers else None
    ratios = {"mirror_to_bare": ratio(figures, "mirror", "bare")}
    if best:
        ratios["handler_to_best_peer"] = ratio(figures, "handler", best)
        ratios["mirror_to_best_peer"] = ratio(figures, "mirror", best)
    return {
        "per_second": {figure.name: figure.shown() for figure in figures},
        "best_peer": best,
        "ratios": ratios,
        "goals": GOALS,
        "load_average": round(os.getloadavg()[0], 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with bench(options.events) as on:
        with psycopg.connect(on.postgres.dsn("wasl_owner", "wasl"), autocommit=True) as owner:
            owner.execute(TABLES.encode())
        whole_path.stores(on.postgres)
        result = report(interleave(contestants(on), options.rounds))
    print(json.dumps(result, indent=2))
    ratios = result["ratios"]
    assert isinstance(ratios, dict)
    if below := [name for name, goal in GOALS.items() if name in ratios and ratios[name]["median"] < goal]:
        raise SystemExit("below the goal: " + ", ".join(below))


if __name__ == "__main__":
    main()
