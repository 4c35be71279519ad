"""What one call to Zid costs: a page of orders into clean values, in processor time of the calling process.

`python -m benchmarks.gateway [--scale quick|usual|large]`. Wasl's gateway with all that production has (the limiter
shared through Redis, breakers, tokens from the vault, metrics, retries, readers that trust no shape) against bare
aiohttp with orjson, plain httpx, and Zid's own SDK with its models and without, at one call at a time and at 100.
Every round is a fresh process; the stub that answers has to have counted every call, and every call to have given
every order of the page.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.request import urlopen

import psycopg

from benchmarks.peers import environments
from benchmarks.report import Goal, Report, Scale, Series, at_most, told
from benchmarks.rounds import Figure, interleave, ratio
from benchmarks.vault import fill
from benchmarks.world import TREE, Bench, bench
from core.domain.secret import Secret

PEERS = TREE / "benchmarks" / "peers"
FIXTURE = TREE / "tests" / "fixtures" / "zid" / "api" / "sdk__orders_list_default.json"
STORES = 100
BODY_BYTES = 20_000
AT_ONCE = (1, 100)
PACKAGES = {
    "httpx": ("httpx==0.28.1", "uvloop==0.23.0"),
    "zid_client": ("zid-client==0.1.2", "httpx==0.28.1"),
}
OF_BARE, OF_MODELS = 2.5, 1 / 30
SLOW = ("httpx", "zid_client", "zid_client_models")
"""They get fewer calls: what is asked for is the time of one."""
SECONDS = 120


@dataclass(frozen=True)
class Zid:
    """The stub, and how many orders its page holds."""

    url: str
    orders: int

    def counted(self) -> int:
        """Calls since it was last asked."""
        with urlopen(f"{self.url}/counted", timeout=10) as answer:
            return int(json.load(answer)["answered"])


def page() -> tuple[bytes, int]:
    """A page of full orders of about 20 KB, and how many they are."""
    document = json.loads(FIXTURE.read_text())
    known, orders = document["orders"], []
    while True:
        found = {**known[len(orders) % len(known)], "id": 39_000_000 + len(orders)}
        content = {**document, "orders": [*orders, found], "grand_total": len(orders) + 1, "tax_settings": []}
        body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        orders.append(found)
        if len(body) >= BODY_BYTES - 2000:
            return body, len(orders)


def called(command: Sequence[str], calls: int, zid: Zid, warm: int, given: Mapping[str, str] | None = None) -> float:
    """Microseconds per call. Raises SystemExit where a call or an order is missing."""
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=SECONDS, env=given, cwd=TREE)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr[-2000:]}")
    found = json.loads(done.stdout.splitlines()[-1])
    if (answered := zid.counted()) != calls + warm or found["orders"] != zid.orders:
        raise SystemExit(f"{command[1]}: {answered} of {calls + warm} calls, {found['orders']} of {zid.orders} orders")
    return float(found["microseconds"])


def peer(way: str, zid: Zid, calls: int, at_once: int, interpreter: Path) -> float:
    calls = max(100, calls // 10) if way in SLOW else calls
    command = [str(interpreter), str(PEERS / "calls.py"), way, zid.url, str(calls), str(at_once)]
    return called(command, calls, zid, min(calls, 500))


def wasl(on: Bench, zid: Zid, calls: int, at_once: int) -> float:
    given = on.settings(
        ZID_API_URL=zid.url,
        ZID_OAUTH_URL=zid.url,
        ZID_RATE_PER_MINUTE="1000000000",
        STORES=str(STORES),
        PATH="/usr/bin:/bin",
        PUBLIC_URL="http://127.0.0.1:1",
    )
    command = [sys.executable, "-P", "-m", "benchmarks.peers.wasl_calls", str(calls), str(at_once)]
    return called(command, calls, zid, max(min(calls, 500), STORES), given)


def contestants(on: Bench, zid: Zid, calls: int, at_once: int) -> dict[str, Callable[[], float]]:
    def of(way: str, interpreter: Path) -> Callable[[], float]:
        return partial(peer, way, zid, calls, at_once, interpreter)

    found = {"bare": of("bare", Path(sys.executable)), "wasl": partial(wasl, on, zid, calls, at_once)}
    ways = {"httpx": "httpx", "zid_client": "zid_client", "zid_client_models": "zid_client"}
    for way, packages in ways.items():
        try:
            found[way] = of(way, environments.python(packages, PACKAGES[packages]))
        except environments.Missing as missing:
            print(f"NOT MEASURED: {missing}", file=sys.stderr, flush=True)
    return found


def goals(figures: Sequence[Figure], at_once: int) -> list[Goal]:
    limits = {"bare": OF_BARE, "zid_client_models": OF_MODELS, "zid_client": 1.0}
    names = {figure.name for figure in figures}
    return [
        at_most(f"processor time of a call to that of {name}, {at_once} at once", ratio(figures, "wasl", name), limit)
        for name, limit in limits.items()
        if name in names
    ]


def benchmark(scale: Scale) -> Report:
    calls = scale.pick(300, 1500, 10_000)
    body, orders = page()
    series, reached = [], []
    with bench(calls) as on:
        with psycopg.connect(on.postgres.dsn("wasl_owner", "wasl"), autocommit=True) as owner:
            fill(owner, STORES, Secret(on.token_key))
        port, written = on.port(), on.home / "page.json"
        written.write_bytes(body)
        zid = Zid(f"http://127.0.0.1:{port}", orders)
        with on.process([sys.executable, str(PEERS / "zid_stub.py"), str(port), str(written)], "zid_stub", "ready"):
            for at_once in AT_ONCE:
                figures = interleave(contestants(on, zid, calls, at_once), scale.rounds)
                series.append(Series(f"A page of orders, {at_once} calls at once", "µs of processor per call", figures))
                reached += goals(figures, at_once)
    return Report(
        series=series,
        goals=reached,
        facts={"page_bytes": len(body), "orders": orders, "stores": STORES},
        checked=["the stub counted every call, and every call gave every order of the page"],
        versions={"zid-client": "0.1.2", "httpx": "0.28.1"},
    )


if __name__ == "__main__":
    told(benchmark)
