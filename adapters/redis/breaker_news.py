"""Breaker news over Redis pub/sub, and the permission to probe as a key that expires."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Final

import orjson

from adapters.redis.connection import LONGEST_BLOCK, RedisClients, driver_errors
from core.domain.breaker import BreakerName, News
from core.ids import StoreId
from core.ports.guards import BreakerNews

CHANNEL: Final = "wasl:breakers"
_PROBE: Final = "wasl:probe:{%s}"


class RedisBreakerNews(BreakerNews):
    """A message is lost where nobody listens at that moment: every breaker also finds out by itself."""

    def __init__(self, clients: RedisClients) -> None:
        self._writer = clients.writer
        self._reader = clients.reader

    async def tell(self, news: News) -> None:
        body = {
            "family": news.name.family,
            "store": news.name.store_id,
            "opened": news.opened,
            "teller": news.teller,
        }
        with driver_errors():
            await self._writer.publish(CHANNEL, orjson.dumps(body).decode())

    async def listen(self) -> AsyncGenerator[News, None]:
        with driver_errors():
            await self._reader.exists(CHANNEL)  # a cluster's client finds its nodes with a command, not by listening
        async with self._reader.pubsub() as subscription:
            with driver_errors():
                await subscription.subscribe(CHANNEL)
            while True:
                with driver_errors():
                    message = await subscription.get_message(ignore_subscribe_messages=True, timeout=LONGEST_BLOCK)
                if message is not None:
                    yield _news(message)

    async def may_probe(self, name: BreakerName, *, seconds: float) -> bool:
        with driver_errors():
            return bool(await self._writer.set(_PROBE % name, "1", nx=True, px=_milliseconds(seconds)))

    async def hold_probes(self, name: BreakerName, *, seconds: float) -> None:
        with driver_errors():
            if seconds <= 0:
                await self._writer.delete(_PROBE % name)
            else:
                await self._writer.set(_PROBE % name, "1", px=_milliseconds(seconds))


def _news(message: Mapping[str, str]) -> News:
    body = orjson.loads(message["data"])
    store = body["store"]
    name = BreakerName(body["family"], None if store is None else StoreId(store))
    return News(name, body["opened"], body["teller"])


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))
