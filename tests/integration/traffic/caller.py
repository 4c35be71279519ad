"""One process that calls Zid for some stores as fast as it is let; started by the tests, wired as the service is.

Reads its task as one JSON line, says `ready`, begins at the next line, and says in JSON what came of it.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.memory.metrics import RecordingMetrics
from adapters.redis.breaker_news import RedisBreakerNews
from adapters.redis.connection import open_redis
from adapters.redis.rate_limiter import RedisRateLimiter
from adapters.system import SystemChance, SystemClock
from adapters.zid.gateway import AiohttpZidGateway
from adapters.zid.http_session import open_http
from config import traffic
from config.settings import load_settings
from core.domain.operations.account import GetProfile
from core.domain.rate import Allowance, Traffic
from core.domain.secret import Secret
from core.domain.tokens import Tokens, TokenSet
from core.errors import TryLater, WaslError
from core.ids import Generation, InstallId, StoreId
from core.ports.zid_gateway import TokenSource


class GivenTokens(TokenSource):
    """Tokens that were handed over with the task; they outlive it."""

    def __init__(self, stores: dict[str, dict[str, str]]) -> None:
        self._stores = stores

    async def current(self, store_id: StoreId) -> TokenSet:
        given = self._stores[str(store_id)]
        tokens = Tokens(
            Secret(given["authorization"]),
            Secret(given["access_token"]),
            Secret(given["refresh_token"]),
            datetime.now(UTC) + timedelta(days=300),
        )
        return TokenSet(store_id, InstallId(1), Generation(1), tokens)

    async def renew(self, seen: TokenSet) -> TokenSet:
        raise AssertionError(f"store {seen.store_id}: nothing here expires")


async def main() -> None:
    lines = asyncio.StreamReader(limit=2**22)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    task = json.loads(await lines.readline())
    settings = load_settings(task["settings"])
    clients, metrics, clock = open_redis(task["redis_url"]), RecordingMetrics(), SystemClock()
    breakers = traffic.breakers(RedisBreakerNews(clients), settings, metrics, clock)
    shared = RedisRateLimiter(clients, Allowance(settings.zid_rate_per_minute))
    limiter = traffic.limiter(shared, settings, metrics, clock)
    async with open_http() as http, breakers.connected():
        wire = traffic.measured_wire(http, metrics, clock)
        gateways = {
            kind: traffic.gateway(
                kind,
                settings=settings,
                wire=wire,
                breakers=breakers,
                limiter=limiter,
                tokens=GivenTokens(task["stores"]),
                metrics=metrics,
                clock=clock,
                chance=SystemChance(),
            )
            for kind in Traffic
        }
        await clients.writer.ping()
        print("ready", flush=True)
        await lines.readline()
        done = await _call_all(gateways, task)
    await clients.aclose()
    done["fallbacks"] = metrics.counted("rate_fallback_total")
    print(json.dumps(done), flush=True)


async def _call_all(gateways: dict[Traffic, AiohttpZidGateway], task: dict[str, Any]) -> dict[str, Any]:
    counts: Counter[str] = Counter()
    callers = [
        _call(gateways[Traffic[kind]], StoreId(int(store)), counts, f"{store} {kind}")
        for store, kind, number in task["callers"]
        for _ in range(number)
    ]
    try:
        async with asyncio.timeout(task["seconds"]), asyncio.TaskGroup() as tasks:
            for caller in callers:
                tasks.create_task(caller)
    except TimeoutError:
        return dict(counts)
    raise AssertionError("callers never stop by themselves")


async def _call(gateway: AiohttpZidGateway, store: StoreId, counts: Counter[str], name: str) -> None:
    while True:
        try:
            await gateway.perform(store, GetProfile())
            counts[name] += 1
        except TryLater as later:
            counts[f"{name} {type(later).__name__}"] += 1
            await asyncio.sleep(later.retry_after)
        except WaslError as problem:
            counts[f"{name} {type(problem).__name__}"] += 1


if __name__ == "__main__":
    asyncio.run(main())
