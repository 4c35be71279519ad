"""Every page of the console and every list of the API, with a million events and fifty thousand stores behind them.

`make bench ONLY=console_pages` (a tenth of that; `make bench-scale` all of it) starts servers and one http process
of its own, fills the database, and asks for each address over HTTP as a browser or a program would. The promise: 95 of
100 answers of each within 100 ms, of `/metrics` within 50 ms.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Final
from urllib.parse import quote, urlencode

import aiohttp
import psycopg

from benchmarks.report import Goal, Report, Scale, told
from benchmarks.world import Bench, bench
from entrypoints.http.app import ALL_ROUTES
from entrypoints.http.console.access import SIGN_IN
from entrypoints.http.routing import Route
from tests.integration.catalogue.crowd import crowd

ADMIN_KEY: Final = "wasl_" + "b" * 43
ALLOWED, ALLOWED_METRICS = 0.100, 0.050
WHOLE: Final = {
    "/v1/ledger": "counts every event on purpose: nothing else proves that the books balance",
    "/console/audit/download": "is a file with all of the audit",
    "/console/settings/doctor": "asks every server and Zid when it is opened",
    "/v1/stores/{store_id}/segments/classes": "reckons a store's customers anew",
    "/v1/stores/{store_id}/segments/members": "needs an expression",
    "/v1/stores/{store_id}/segments/members.csv": "needs an expression",
    "/console/stores/{store_id}/webhooks": "asks Zid",
}
"""No lists: what they do, and why they may take longer."""
ASKED, WARMING = 20, 3
CAUSES = 20
SHOWN = 8
MIRRORED = 60_000
BUSY = 1
"""The store that has every fifth event, and half of the mirror."""

STORES = """
    INSERT INTO stores (store_id, uuid, title, install_id, epoch, state)
    SELECT n, 'u-' || n, 'متجر ' || left(md5(n::text), 6) || ' ' || n, n + 1000000, 1,
           CASE WHEN n %% 1000 = 7 THEN 'needs_reauthorization' WHEN n %% 20 = 3 THEN 'uninstalled' ELSE 'active' END
    FROM generate_series(1, %(stores)s) AS n
"""
INSTALLS = """
    INSERT INTO installs (install_id, store_id, epoch, state, installed_at)
    SELECT install_id, store_id, 1, state, now() - store_id * interval '5 minutes' FROM stores
"""
TOKENS = """
    INSERT INTO tokens (install_id, store_id, generation, sealed, expires_at)
    SELECT install_id, store_id, 1, '\\x00', now() + (store_id %% 365) * interval '1 day' FROM stores
    WHERE state = 'active'
"""
DUE = """
    INSERT INTO refresh_due (install_id, store_id, due_at)
    SELECT install_id, store_id, expires_at - interval '30 days' FROM tokens
"""
# Ids of version 7, as the service makes them. What is unfinished is the newest.
EVENTS = """
    INSERT INTO events (event_id, store_id, install_id, origin, topic, entity_kind, entity_id, lane, state, open_runs,
                        dead_runs, received_at, settled_at, reason, attempts, size, body)
    SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(h, 1, 3) || '8'
            || substr(h, 4, 15))::uuid,
           store, store + 1000000,
           CASE WHEN n %% 7 = 0 THEN 'derived' WHEN n %% 11 = 0 THEN 'synthetic' ELSE 'zid' END,
           CASE WHEN n %% 200000 = 1 THEN 'category.delete' WHEN n %% 7 = 0 THEN 'payment.paid'
                ELSE (ARRAY['order.create', 'product.update', 'customer.update', 'order.status.update'])[1 + n %% 4]
           END,
           'order', (n * 31 %% 300000)::text, hashint8(n), state, (state = 'running')::int, (state = 'dead')::int,
           at, CASE WHEN state IN ('done', 'dead', 'cancelled') THEN at + interval '2 seconds' END,
           CASE state WHEN 'dead' THEN 'KeyError: nickname' WHEN 'cancelled' THEN 'the install is over' END,
           1, 1500, convert_to('{"id": ' || n || ', "note": "' || repeat(h, 40) || '"}', 'UTF8')
    FROM generate_series(1::bigint, %(events)s) AS n,
         LATERAL (SELECT md5(n::text) AS h,
                         now() - interval '30 days' * (1 - n::float8 / %(events)s) AS at,
                         CASE WHEN n %% 5 = 0 THEN 1 ELSE 1 + (n * 7919 %% %(stores)s) END AS store,
                         CASE WHEN n %% 500 = 0 THEN 'dead' WHEN n %% 97 = 0 THEN 'cancelled'
                              WHEN n > %(events)s - 2000 AND n %% 2 = 0
                              THEN (ARRAY['queued', 'waiting', 'running'])[1 + n %% 3] ELSE 'done' END AS state) AS g
"""
RUNS = """
    INSERT INTO runs (event_id, handler, store_id, install_id, lane, seq, state, attempts, reason, settled_at)
    SELECT event_id, 'shop.greet_' || seq / 500 %% %(causes)s, store_id, install_id, lane, seq, state, 8,
           CASE state WHEN 'dead' THEN 'KeyError: ''nickname_' || seq / 500 %% %(causes)s || '''' END, settled_at
    FROM events WHERE state = 'dead' OR (state = 'done' AND seq %% 5 = 1)
"""
ATTEMPTS = """
    INSERT INTO attempts (event_id, handler, number, started_at, ended_at, outcome, reason, failure)
    SELECT event_id, handler, number, settled_at - interval '1 second', settled_at, 'failed', reason,
           '{"type": "KeyError", "message": "nickname", "traceback": "Traceback (most recent call last):"}'
    FROM runs, generate_series(1, 8) AS number WHERE state = 'dead'
"""
COUNTED = (
    "INSERT INTO intake (store_id, origin, accepted) SELECT store_id, origin, count(*) FROM events GROUP BY 1, 2",
    """
    INSERT INTO dedupe (key, event_id, store_id, origin, expires_at)
    SELECT sha256(uuid_send(event_id)), event_id, store_id, origin, now() + interval '3 days' FROM events
    WHERE received_at > now() - interval '3 days'
    """,
    """
    INSERT INTO audit (action, actor, store_id, install_id)
    SELECT (ARRAY['store.installed', 'tokens.refreshed', 'event.replayed'])[1 + n %% 3], 'api key ' || n %% 9,
           1 + n %% %(stores)s, 1000001 + n %% %(stores)s
    FROM generate_series(1, 200000) AS n
    """,
)


@dataclass(frozen=True, slots=True)
class Timed:
    """An address, and the seconds that it took, shortest first."""

    path: str
    seconds: Sequence[float]
    status: int

    @property
    def p50(self) -> float:
        return self.seconds[len(self.seconds) // 2]

    @property
    def p95(self) -> float:
        return self.seconds[max(0, int(len(self.seconds) * 0.95) - 1)]


def fill(owner: psycopg.Connection[tuple[object, ...]], events: int, stores: int) -> Mapping[str, str]:
    """The database as the promise says; what stands for the ids in addresses."""
    given = {"events": events, "stores": stores, "causes": CAUSES}
    for statement in (STORES, INSTALLS, TOKENS, DUE, EVENTS, RUNS, ATTEMPTS, *COUNTED):
        owner.execute(statement.encode(), given)
    crowd(owner, min(MIRRORED, events))
    [dead] = (
        owner.execute("SELECT event_id FROM events WHERE state = 'dead' ORDER BY seq DESC LIMIT 1").fetchone() or ()
    )
    return {"event_id": str(dead), "store_id": str(BUSY), "merchant_id": str(BUSY), "order_id": "2", "product_id": "2"}


@contextmanager
def served(on: Bench) -> Iterator[str]:
    """One http process on the filled database; its address."""
    url = f"http://127.0.0.1:{on.port()}"
    port = url.rpartition(":")[2]
    given = on.settings(HTTP_PORT=port, PUBLIC_URL=url, ADMIN_API_KEY=ADMIN_KEY, KEY_RATE_PER_MINUTE="0")
    given["SESSION_KEY"] = "benchmark-" + "s" * 40
    with on.process([sys.executable, "-P", "-m", "entrypoints.cli", "http"], "wasl", "http_serving", **given):
        yield url


async def sign_in(session: aiohttp.ClientSession, url: str) -> None:
    async with session.get(url + SIGN_IN) as form:
        found = re.search(r'name="csrf" value="([^"]+)"', await form.text())
    assert found is not None
    async with session.post(url + SIGN_IN, data={"csrf": found[1], "key": ADMIN_KEY}, allow_redirects=False) as answer:
        assert answer.headers["Location"] == "/console", answer.status


def addresses(ids: Mapping[str, str]) -> Iterator[str]:
    """Everything that is read by GET and is ours to answer, in the order of the routes, then events by choice."""
    for route in ALL_ROUTES:
        path = _filled(route, ids)
        if path is not None:
            yield path
    for query in event_choices():
        yield f"/console/events?{urlencode(query)}"
        yield f"/v1/events?{urlencode(query)}"


def _filled(route: Route, ids: Mapping[str, str]) -> str | None:
    """The route's address with ids in it; None for what asks Zid, streams, or is about a thing that there is not."""
    wanted = set(re.findall(r"{(\w+)}", route.path))
    foreign = route.zid or route.path.endswith("/live") or not wanted <= ids.keys()
    ours = route.path.startswith(("/v1/", "/console", "/metrics", "/auth/status"))
    if route.method != "GET" or foreign or not ours or route.path in {SIGN_IN, *WHOLE}:
        return None
    return re.sub(r"{(\w+)}", lambda found: quote(ids[found[1]]), route.path)


def event_choices() -> Iterator[Mapping[str, str]]:
    """Common, rare and absent, alone and together."""
    week = (datetime.now(UTC) - timedelta(days=20)).strftime("%Y-%m-%dT%H:%M:%SZ")
    later = (datetime.now(UTC) - timedelta(days=19)).strftime("%Y-%m-%dT%H:%M:%SZ")
    for state in ("queued", "running", "waiting", "done", "dead", "cancelled", "erased"):
        yield {"state": state}
        yield {"state": state, "store_id": str(BUSY)}
    yield {"topic": "order.create"}
    yield {"topic": "category.delete"}
    yield {"topic": "category.delete", "store_id": str(BUSY)}
    yield {"topic": "no.such"}
    yield {"origin": "replay"}
    yield {"store_id": "777"}
    yield {"store_id": "999999999"}
    yield {"entity_id": "1240"}
    yield {"entity_id": "1240", "store_id": str(BUSY), "state": "done"}
    yield {"since": week}
    yield {"until": week}
    yield {"since": week, "until": later, "topic": "payment.paid", "store_id": str(BUSY)}
    yield {"since": week, "until": later, "state": "dead"}


async def time_one(session: aiohttp.ClientSession, url: str, path: str, asked: int) -> Timed:
    headers = {} if path.startswith("/console") else {"Authorization": f"Bearer {ADMIN_KEY}"}
    seconds, status = [], 0
    for turn in range(WARMING + asked):
        began = perf_counter()
        async with session.get(url + path, headers=headers, allow_redirects=False) as answer:
            await answer.read()
            status = answer.status
        if turn >= WARMING:
            seconds.append(perf_counter() - began)
    return Timed(path, sorted(seconds), status)


async def measure(url: str, ids: Mapping[str, str], asked: int = ASKED) -> list[Timed]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        await sign_in(session, url)
        async with session.get(
            f"{url}/v1/dead-letters/groups", headers={"Authorization": f"Bearer {ADMIN_KEY}"}
        ) as one:
            fingerprint = json.loads(await one.read())["items"][0]["fingerprint"]
        known = {**ids, "fingerprint": fingerprint}
        return [await time_one(session, url, path, asked) for path in dict.fromkeys(addresses(known))]


def benchmark(scale: Scale) -> Report:
    events, stores = scale.pick((2_000, 2_000), (100_000, 10_000), (1_000_000, 50_000))
    with bench(0) as on:
        with psycopg.connect(on.postgres.dsn("wasl_owner", "wasl"), autocommit=True) as owner:
            ids = fill(owner, events, stores)
        with served(on) as url:
            found = asyncio.run(measure(url, ids, scale.pick(2, ASKED, ASKED)))
    if refused := [f"{one.status} {one.path}" for one in found if one.status >= 400]:
        raise SystemExit(f"refused: {', '.join(refused)}")
    return report(found, events, stores)


def report(found: Sequence[Timed], events: int, stores: int) -> Report:
    slowest = sorted(found, key=lambda one: -one.p95)
    pages = [one for one in slowest if one.path != "/metrics"]
    metrics = next(one for one in slowest if one.path == "/metrics")
    return Report(
        goals=[
            Goal(f"the slowest of {len(pages)} pages and lists, p95", pages[0].p95 * 1e3, ALLOWED * 1e3, False, " ms"),
            Goal("/metrics, p95", metrics.p95 * 1e3, ALLOWED_METRICS * 1e3, False, " ms"),
        ],
        facts={
            "events": events,
            "stores": stores,
            "the slowest": [
                {"address": f"`{one.path}`", "p50, ms": round(one.p50 * 1e3, 1), "p95, ms": round(one.p95 * 1e3, 1)}
                for one in slowest[:SHOWN]
            ],
        },
        checked=[f"{len(found)} addresses were answered"],
    )


if __name__ == "__main__":
    told(benchmark)
