"""Memory of http, consumer and scheduler: when idle, under full load, and for each 100,000 events more.

`make bench ONLY=memory`. Webhooks of 3 KB are taken in as fast as they are answered and worked off beside it. Resident
memory is read while they are; the slope is fitted to what was read after the first third, when pools and caches are
full. What of it is shared with every other process (libraries' files) is told apart, since ten processes have it once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from urllib.parse import urlsplit

import psutil
import psycopg

from benchmarks.flood import install
from benchmarks.http_load import Target, bodies, closed
from benchmarks.report import Goal, Report, Scale, Series, told
from benchmarks.rounds import Figure
from benchmarks.starting import answered
from benchmarks.world import SECRET, WASL, Bench, bench
from core.domain.secret import Secret

KINDS = ("http", "consumer", "scheduler")
BODY_BYTES = 3000
CHUNK = 10_000
IDLE_SECONDS = 5.0
EVERY = 0.2
DRAIN_SECONDS = 600
IDLE_MB, LOADED_MB, SLOPE_MB = 75.0, 100.0, 1.0
UNIT = 100_000
OPEN = "SELECT count(*) FROM events WHERE state IN ('queued', 'running', 'waiting')"
COUNTED = "SELECT count(*), count(*) FILTER (WHERE state = 'done') FROM events"


@dataclass
class Watched:
    """A process's resident megabytes, with how many events there had been."""

    process: psutil.Process
    idle: float = 0.0
    private: float = 0.0
    samples: list[tuple[int, float]] = field(default_factory=list)

    def now(self) -> float:
        return float(self.process.memory_info().rss) / 2**20

    def slope(self) -> float:
        """Megabytes for each 100,000 events, by least squares."""
        last = self.samples[-1][0]
        late = [one for one in self.samples if one[0] > last / 3]
        mean_x, mean_y = (sum(column) / len(late) for column in zip(*late, strict=True))
        spread = sum((x - mean_x) ** 2 for x, _ in late)
        return UNIT * sum((x - mean_x) * (y - mean_y) for x, y in late) / spread if spread else 0.0


@dataclass
class Count:
    """How many events were taken in."""

    events: int = 0


@contextmanager
def sampling(watched: Mapping[str, Watched], count: Count) -> Iterator[None]:
    over = threading.Event()

    def read() -> None:
        while not over.wait(EVERY):
            for one in watched.values():
                one.samples.append((count.events, one.now()))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield
    finally:
        over.set()
        reader.join()


@contextmanager
def running(on: Bench, port: int) -> Iterator[Mapping[str, Watched]]:
    """The three processes, ready."""
    with ExitStack() as stack:
        found = {}
        for kind in KINDS:
            own = port if kind == "http" else on.port()
            given = on.settings(**{"HTTP_PORT" if kind == "http" else "METRICS_PORT": str(own)})
            one = stack.enter_context(on.process([*WASL, kind], kind, "", **given))
            _until_ready(own)
            found[kind] = Watched(psutil.Process(one.pid))
        yield found


def _until_ready(port: int) -> None:
    deadline = time.monotonic() + 60
    while answered(port, "/health/ready") != 200:
        if time.monotonic() > deadline:
            raise SystemExit(f"nothing is ready on {port}")
        time.sleep(0.05)


def note_idle(watched: Mapping[str, Watched], seconds: float) -> None:
    time.sleep(seconds)
    for one in watched.values():
        one.idle, one.private = one.now(), float(one.process.memory_full_info().uss) / 2**20


def load(on: Bench, targets: Sequence[tuple[str, Mapping[str, str]]], events: int, count: Count) -> None:
    """Every event taken in, in turns among the stores, and worked off."""
    addresses = cycle(targets)
    with psycopg.connect(on.postgres.dsn("wasl_owner", "wasl"), autocommit=True) as owner:
        while count.events < events:
            url, headers = next(addresses)
            size = min(CHUNK, events - count.events)
            sent = bodies(size, BODY_BYTES, on.first())
            answers = closed(Target(url, tuple(headers.items()), tuple(sent)))
            if answers.statuses != {200: size}:
                raise SystemExit(f"not every request was answered 200: {dict(answers.statuses)}")
            count.events += size
            _drain(owner)
        [counted] = owner.execute(COUNTED).fetchall()
    if counted != (events, events):
        raise SystemExit(f"{events} were sent, in the ledger and done are {counted}")


def _drain(owner: psycopg.Connection[tuple[object, ...]]) -> None:
    deadline = time.monotonic() + DRAIN_SECONDS
    while owner.execute(OPEN).fetchall() != [(0,)]:
        if time.monotonic() > deadline:
            raise SystemExit(f"not drained after {DRAIN_SECONDS} s")
        time.sleep(0.2)


def benchmark(scale: Scale) -> Report:
    events = scale.pick(500, 60_000, 1_000_000)
    count = Count()
    with bench(events) as on:
        with psycopg.connect(on.postgres.dsn("wasl_owner", "wasl"), autocommit=True) as owner:
            stores = install(owner, Secret(SECRET)).values()
        port = on.port()
        targets = [(f"http://127.0.0.1:{port}{urlsplit(one.url).path}", one.headers) for one in stores]
        with running(on, port) as watched:
            note_idle(watched, scale.pick(0.2, IDLE_SECONDS, IDLE_SECONDS))
            with sampling(watched, count):
                load(on, targets, events, count)
    return report(watched, events)


def report(watched: Mapping[str, Watched], events: int) -> Report:
    loaded = {kind: max(megabytes for _, megabytes in one.samples) for kind, one in watched.items()}
    return Report(
        series=[
            Series("Idle", "MB", [Figure(kind, (one.idle,)) for kind, one in watched.items()]),
            Series("Under full load", "MB", [Figure(kind, (megabytes,)) for kind, megabytes in loaded.items()]),
        ],
        goals=[goal for kind, one in watched.items() for goal in goals(kind, one, loaded[kind])],
        facts={
            "events": events,
            "private_megabytes_of_an_idle_process": {kind: round(one.private, 1) for kind, one in watched.items()},
        },
        checked=[f"all {events:,} events are in the ledger, and done"],
    )


def goals(kind: str, one: Watched, loaded: float) -> Sequence[Goal]:
    return (
        Goal(f"{kind}, idle", one.idle, IDLE_MB, False, " MB"),
        Goal(f"{kind}, under full load", loaded, LOADED_MB, False, " MB"),
        Goal(f"{kind}, for each 100,000 events more", one.slope(), SLOPE_MB, False, " MB"),
    )


if __name__ == "__main__":
    told(benchmark)
