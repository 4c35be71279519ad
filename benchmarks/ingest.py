"""Webhooks taken in a second, durable before the answer: the bare limit, Wasl, and what a user would pick instead.

`python -m benchmarks.ingest [--events 20000] [--rounds 5]`. One `wasl http` process with all it does (address and Basic
credentials, duplicates, the ledger's commit, the index), against aiohttp with one coalesced insert, FastAPI with arq
and Express with BullMQ, each one process, on the same servers with every write on disk before its answer. Rounds are
interleaved; afterwards every 200 has to be in the ledger, once.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import psycopg

from benchmarks.flood import FLOODING, install
from benchmarks.http_load import Answers, Target, bodies, closed, opened
from benchmarks.peers import environments
from benchmarks.rounds import Figure, interleave, ratio
from benchmarks.world import SECRET, TREE, Bench, bench
from core.domain.secret import Secret

PEERS = TREE / "benchmarks" / "peers"
BODY_BYTES = 3000
CREDENTIALS = (("Authorization", "Basic " + b64encode(b"zid:a-password-of-a-webhook").decode()),)
FASTAPI = ("fastapi==0.165.0", "uvicorn==0.54.0", "uvloop==0.23.0", "httptools==0.7.1", "arq==0.28.0")
EXPRESS = ("express@5.3.0", "bullmq@6.7.0", "ioredis@6.0.0")
OPEN_RATE = 2000.0
GOALS = {"bare": 0.75, "fastapi_arq": 3.0, "express_bullmq": 1.6}


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


CONTESTANTS = {"bare": bare, "wasl": wasl, "fastapi_arq": fastapi_arq, "express_bullmq": express_bullmq}


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


def measure(events: int, rounds: int) -> dict[str, object]:
    with bench(events) as on, ExitStack() as stack:
        servers = started(on, stack, list(CONTESTANTS))

        def rate_of(server: Server) -> Callable[[], float]:
            return lambda: all_taken(server, closed(target(on, server)), events).rate

        for server in servers.values():
            all_taken(server, closed(target(on, server, 1000)), 1000)  # warm
        figures = interleave({name: rate_of(server) for name, server in servers.items()}, rounds)
        paced = all_taken(servers["wasl"], opened(target(on, servers["wasl"]), rate=OPEN_RATE), events)
        accepted, kept = entered(on)
    sent = 1000 + events * (rounds + 1)
    if (accepted, kept) != (sent, sent):
        raise SystemExit(f"{sent} were answered 200, {accepted} were counted and {kept} are in the ledger")
    return report(figures, paced)


def report(figures: Sequence[Figure], paced: Answers) -> dict[str, object]:
    ratios = {figure.name: ratio(figures, "wasl", figure.name) for figure in figures if figure.name != "wasl"}
    return {
        "requests_per_second": {figure.name: figure.shown() for figure in figures},
        "wasl_to": ratios,
        "open_rate": OPEN_RATE,
        "ack_ms": {f"p{int(share * 100)}": round(paced.quantile(share) * 1000, 2) for share in (0.5, 0.95, 0.99)},
        "goals": GOALS,
        "load_average": round(os.getloadavg()[0], 1),
    }


def missed(result: Mapping[str, object]) -> list[str]:
    found = result["wasl_to"]
    assert isinstance(found, dict)
    return [
        f"{name}: {found[name]['median']} of {goal}"
        for name, goal in GOALS.items()
        if name in found and found[name]["median"] < goal
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=20_000, help="in each round, for each contestant")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    result = measure(options.events, options.rounds)
    print(json.dumps(result, indent=2))
    if below := missed(result):
        raise SystemExit("below the goal: " + "; ".join(below))


if __name__ == "__main__":
    main()
