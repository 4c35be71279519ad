"""Webhooks taken in a second, durable before the answer: the bare limit, Wasl, and what a user would pick instead.

One `wasl http` process with all it does (address and Basic credentials, duplicates, the ledger's commit, the index),
against aiohttp with one coalesced insert, FastAPI with arq, FastAPI with Celery and Express with BullMQ, each one
process, on the same servers with every write on disk before its answer. Then it alone: at a fixed rate, and at twice
what it reached. Afterwards every 200 has to be in the ledger, once.
"""

from __future__ import annotations

import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import psycopg

from benchmarks.flood import FLOODING, install
from benchmarks.http_load import Answers, Target, bodies, closed, flooded, opened
from benchmarks.peers import environments
from benchmarks.report import Goal, Report, Scale, Series, at_least, told
from benchmarks.rounds import Figure, interleave, ratio
from benchmarks.world import SECRET, TREE, Bench, bench
from core.domain.secret import Secret

PEERS = TREE / "benchmarks" / "peers"
BODY_BYTES = 3000
CREDENTIALS = (("Authorization", "Basic " + b64encode(b"zid:a-password-of-a-webhook").decode()),)
FASTAPI = ("fastapi==0.165.0", "uvicorn==0.54.0", "uvloop==0.23.0", "httptools==0.7.1", "arq==0.28.0")
CELERY = ("fastapi==0.165.0", "uvicorn==0.54.0", "uvloop==0.23.0", "httptools==0.7.1", "celery[redis]==5.7.0")
EXPRESS = ("express@5.3.0", "bullmq@6.7.0", "ioredis@6.0.0")
PACKAGES = {"fastapi_arq": FASTAPI, "fastapi_celery": CELERY, "express_bullmq": EXPRESS}
OPEN_RATE = 2000.0
OPEN_SECONDS = 5.0
ACK_P99_MS = 5.0
FLOOD_SECONDS = 3.0
FLOODED_P99_MS = 50.0
ENTERED_WITHIN = 60.0
GOALS = {"bare": (0.75, 0.85), "fastapi_arq": (3.0, 4.0), "express_bullmq": (1.6, 2.0)}
"""What is promised of the ratio to each, and what would be better still."""
SLOW = {"fastapi_celery": 5}
"""So many times fewer requests are measured of them; a quick run leaves them out."""


@dataclass(frozen=True)
class Server:
    """A running contestant."""

    url: str
    headers: tuple[tuple[str, str], ...]


def target(on: Bench, server: Server, events: int | None = None) -> Target:
    """So many orders that nobody has sent yet."""
    return Target(server.url, server.headers, tuple(bodies(events or on.events, BODY_BYTES, on.first())))


@contextmanager
def bare(on: Bench) -> Iterator[Server]:
    port = on.port()
    command = [sys.executable, str(PEERS / "bare_ingest.py"), str(port), on.postgres.dsn("wasl_owner", "wasl")]
    with on.process(command, "bare", "ready"):
        yield Server(f"http://127.0.0.1:{port}/", ())


@contextmanager
def wasl(on: Bench) -> Iterator[Server]:
    port = on.port()
    given = on.settings(HTTP_PORT=str(port))
    with psycopg.connect(on.postgres.dsn("wasl_owner", "wasl"), autocommit=True) as owner:
        address = install(owner, Secret(SECRET))[FLOODING]
    path = urlsplit(address.url).path
    with on.process([sys.executable, "-P", "-m", "entrypoints.cli", "http"], "wasl", "http_serving", **given):
        yield Server(f"http://127.0.0.1:{port}{path}", tuple(address.headers.items()))


@contextmanager
def fastapi_arq(on: Bench) -> Iterator[Server]:
    port, interpreter = on.port(), environments.python("fastapi_arq", FASTAPI)
    given = {"PORT": str(port), "REDIS_SOCKET": on.redis_socket, "PYTHONPATH": ""}
    with on.process([str(interpreter), str(PEERS / "fastapi_arq.py")], "fastapi_arq", "ready", **given):
        yield Server(f"http://127.0.0.1:{port}/webhooks/1/order.create", CREDENTIALS)


@contextmanager
def express_bullmq(on: Bench) -> Iterator[Server]:
    port, script = on.port(), environments.node("express_bullmq", PEERS / "express_bullmq.mjs", EXPRESS)
    given = {"PORT": str(port), "REDIS_SOCKET": on.redis_socket, "NODE_ENV": "production"}
    with on.process(["node", str(script)], "express_bullmq", "ready", **given):
        yield Server(f"http://127.0.0.1:{port}/webhooks/1/order.create", CREDENTIALS)


@contextmanager
def fastapi_celery(on: Bench) -> Iterator[Server]:
    port, interpreter = on.port(), environments.python("fastapi_celery", CELERY)
    given = {"PORT": str(port), "REDIS_SOCKET": on.redis_socket, "PYTHONPATH": ""}
    with on.process([str(interpreter), str(PEERS / "fastapi_celery.py")], "fastapi_celery", "ready", **given):
        yield Server(f"http://127.0.0.1:{port}/webhooks/1/order.create", CREDENTIALS)


CONTESTANTS = {
    "bare": bare,
    "wasl": wasl,
    "fastapi_arq": fastapi_arq,
    "fastapi_celery": fastapi_celery,
    "express_bullmq": express_bullmq,
}


def started(on: Bench, stack: ExitStack, names: Sequence[str]) -> dict[str, Server]:
    """Those that can be had here; the others are named loudly."""
    servers = {}
    for name in names:
        try:
            servers[name] = stack.enter_context(CONTESTANTS[name](on))
        except environments.Missing as missing:
            print(f"NOT MEASURED: {missing}", file=sys.stderr, flush=True)
    return servers


def all_taken(server: Server, answers: Answers, wanted: int) -> Answers:
    if answers.statuses != {200: wanted}:
        raise SystemExit(f"{server.url}: not every request was answered 200: {dict(answers.statuses)}")
    return answers


def entered(on: Bench) -> tuple[int, int]:
    """What was counted on arrival, and the events there are."""
    with psycopg.connect(on.postgres.dsn("wasl_owner", "wasl"), autocommit=True) as owner:
        [(accepted,)] = owner.execute("SELECT coalesce(sum(accepted), 0)::int FROM intake").fetchall()
        [(events,)] = owner.execute("SELECT count(*)::int FROM events").fetchall()
    return accepted, events


@dataclass(frozen=True)
class Findings:
    """What one run of all found."""

    figures: Sequence[Figure]
    paced: Answers
    flooded: Answers
    flood_rate: float


def benchmark(scale: Scale) -> Report:
    events = scale.pick(500, 10_000, 100_000)
    names = [name for name in CONTESTANTS if scale is not Scale.QUICK or name not in SLOW]
    with bench(events) as on, ExitStack() as stack:
        servers = started(on, stack, names)
        found = _measured(on, servers, scale)
        sent = _warm(events) + events * scale.rounds + found.paced.statuses[200] + found.flooded.statuses[200]
        _check(on, sent)
    if scale is not Scale.QUICK and not found.flooded.statuses[429]:
        raise SystemExit(f"{found.flood_rate:,.0f}/s was to be more than can be taken in, and nobody was turned away")
    return _report(found, sent)


def _warm(events: int) -> int:
    return min(1000, events)


def _measured(on: Bench, servers: dict[str, Server], scale: Scale) -> Findings:
    def rate_of(name: str) -> Callable[[], float]:
        count = on.events // SLOW.get(name, 1)
        return lambda: all_taken(servers[name], closed(target(on, servers[name], count)), count).rate

    for server in servers.values():
        warm = _warm(on.events)
        all_taken(server, closed(target(on, server, warm)), warm)
    figures = interleave({name: rate_of(name) for name in servers}, scale.rounds)
    mine = servers["wasl"]
    paced = min(on.events, int(OPEN_RATE * OPEN_SECONDS))
    answers = all_taken(mine, opened(target(on, mine, paced), rate=OPEN_RATE), paced)
    rate = 2 * next(figure.median for figure in figures if figure.name == "wasl")
    requests = min(5 * on.events, int(rate * FLOOD_SECONDS))
    return Findings(figures, answers, flooded(target(on, mine, requests), rate=rate), rate)


def _check(on: Bench, sent: int) -> None:
    """What had to be spooled follows in a moment."""
    deadline = time.monotonic() + ENTERED_WITHIN
    while (found := entered(on)) != (sent, sent) and time.monotonic() < deadline:
        time.sleep(0.2)
    if found != (sent, sent):
        accepted, kept = found
        raise SystemExit(f"{sent} were answered 200, {accepted} were counted and {kept} are in the ledger")


def _report(found: Findings, sent: int) -> Report:
    if others := set(found.flooded.statuses) - {200, 429}:
        raise SystemExit(f"at {found.flood_rate:,.0f}/s some were answered neither 200 nor 429: {sorted(others)}")
    measured = {figure.name for figure in found.figures}
    ratios = [
        at_least(f"ingest to {name}", ratio(found.figures, "wasl", name), goal, stretch=stretch)
        for name, (goal, stretch) in GOALS.items()
        if name in measured
    ]
    waits = [
        Goal(f"ack p99 at {OPEN_RATE:,.0f}/s", _ms(found.paced, 0.99), ACK_P99_MS, at_least=False, unit=" ms"),
        Goal("ack p99 at twice the ceiling", _ms(found.flooded, 0.99), FLOODED_P99_MS, at_least=False, unit=" ms"),
    ]
    return Report(
        series=[Series("durable ingest", "requests/s", found.figures)],
        goals=[*ratios, *waits],
        facts={
            "ack_ms": {f"p{int(share * 100)}": _ms(found.paced, share) for share in (0.5, 0.95, 0.99)},
            "flood_rate": round(found.flood_rate),
            "flood_answers": {str(status): count for status, count in sorted(found.flooded.statuses.items())},
        },
        checked=[f"each of the {sent:,} that were answered 200 is in the ledger, once, and nothing was answered 5xx"],
        versions={name: ", ".join(packages) for name, packages in PACKAGES.items() if name in measured},
    )


def _ms(answers: Answers, share: float) -> float:
    return round(answers.quantile(share) * 1000, 2)


if __name__ == "__main__":
    told(benchmark)
