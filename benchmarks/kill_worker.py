"""Drained after `kill -9` of the only consumer in mid-run: seconds from its restart, nothing lost, nothing doubled.

`make bench ONLY=kill_worker`. Each time a backlog is worked off by one consumer, which is killed when a third of it is
done, and started again at once. Its successor on the machine takes over at once what it had taken of built-in events
(the mirror's), and ends its lease, so that what a handler of an app's own had begun is free as well.
"""

from __future__ import annotations

import asyncio
import signal
import time
from functools import partial

import psycopg

from benchmarks import whole_path
from benchmarks.report import Goal, Report, Scale, Series, told
from benchmarks.rounds import Figure, interleave
from benchmarks.world import WASL, Bench, bench

TITLES = {
    "mirror": "drained after the restart, the slowest: built-in events",
    "handler": "drained after the restart, the slowest: an app's own handler",
}
EVENTS = {"mirror": 5_000, "handler": 2_000}
HANDLERS = {"mirror": "", "handler": "benchmarks.whole_path"}
PATIENCE = 60.0
DONE = "SELECT count(*) FROM events WHERE state = 'done' AND origin = 'zid' AND entity_id::bigint >= %s"
ROWS = "SELECT count(*) FROM mirror_orders WHERE entity_id::bigint >= %s"


def benchmark(scale: Scale) -> Report:
    times = {"mirror": scale.pick(1, 20, 20), "handler": scale.pick(0, 3, 20)}
    with bench(0) as on:
        whole_path.stores(on.postgres)
        figures = [figure for kind in times if times[kind] for figure in measured(on, kind, times[kind])]
    return Report(
        [Series("Drained after the restart", "seconds", figures)],
        [
            Goal(TITLES[one.name], max(one.values), 2.0, False, " s", (min(one.values), max(one.values)))
            for one in figures
        ],
        facts={"backlog": EVENTS, "killed": times},
        checked=["every event is done with one row in the mirror and, where there is a handler, one effect"],
    )


def measured(on: Bench, kind: str, times: int) -> list[Figure]:
    return interleave({kind: partial(killed, on, kind)}, times)


def killed(on: Bench, kind: str) -> float:
    first, events = on.first(), EVENTS[kind]
    with psycopg.connect(on.postgres.dsn("wasl_owner", "wasl"), autocommit=True) as owner:
        owner.execute("TRUNCATE effects")
        asyncio.run(whole_path.fill(on.postgres, first, events))
        given = on.settings(WASL_HANDLERS=HANDLERS[kind])
        with on.process([*WASL, "scheduler"], "scheduler", "swept", **given):
            with on.process([*WASL, "consumer"], "killed", "", **given) as consumer:
                until_done(owner, first, events // 3)
                consumer.send_signal(signal.SIGKILL)
                consumer.wait()
                before = until_done(owner, first, events // 3)
            if before == events:
                raise SystemExit("the consumer was done before it was killed: the backlog is too short")
            began = time.monotonic()
            with on.process([*WASL, "consumer"], "consumer", "", **given):
                until_done(owner, first, events)
                seconds = time.monotonic() - began
        check(owner, first, events, effects=events if HANDLERS[kind] else 0)
    return seconds


def until_done(owner: psycopg.Connection, first: int, wanted: int) -> int:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        [(done,)] = owner.execute(DONE, [first]).fetchall()
        if done >= wanted:
            return int(done)
        time.sleep(0.02)
    raise SystemExit(f"{done} of {wanted} events were done after {PATIENCE:.0f} s")


def check(owner: psycopg.Connection, first: int, events: int, *, effects: int) -> None:
    [(rows,)] = owner.execute(ROWS, [first]).fetchall()
    found = owner.execute(whole_path.EFFECTS).fetchall()
    if rows != events or found != [(effects, effects)]:
        raise SystemExit(f"{events} events left {rows} rows and {found} effects")


if __name__ == "__main__":
    told(benchmark)
