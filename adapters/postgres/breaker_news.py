"""Breaker news over LISTEN and NOTIFY, and the permission to probe as a row with an end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Final

import orjson

from adapters.postgres.connection import Pool, acquire
from adapters.postgres.notices import Notices
from adapters.postgres.short_lived import ShortLived
from core.domain.breaker import BreakerName, News
from core.errors import Unavailable
from core.ids import StoreId
from core.ports.guards import BreakerNews

CHANNEL: Final = "wasl_breakers"
CHECK_EVERY: Final = 30.0
"""Seconds of silence after which the connection is asked whether it still works."""
_TELL: Final = "SELECT pg_notify($1, $2)"


class PostgresBreakerNews(BreakerNews):
    """What is told reaches those who listen at that moment: every breaker also finds out by itself."""

    def __init__(self, pool: Pool, notices: Notices) -> None:
        self._pool = pool
        self._notices = notices
        self._permissions = ShortLived(pool, "probe")

    async def tell(self, news: News) -> None:
        body = {
            "family": news.name.family,
            "store": news.name.store_id,
            "opened": news.opened,
            "teller": news.teller,
        }
        async with acquire(self._pool) as connection:
            await connection.execute(_TELL, CHANNEL, orjson.dumps(body).decode())

    async def listen(self) -> AsyncGenerator[News, None]:
        told: asyncio.Queue[str | None] = asyncio.Queue()
        await self._notices.listen(CHANNEL, told.put_nowait)
        try:
            while True:
                yield _news(await self._next(told))
        finally:
            self._notices.forget(CHANNEL, told.put_nowait)

    async def _next(self, told: asyncio.Queue[str | None]) -> str:
        while True:
            try:
                async with asyncio.timeout(CHECK_EVERY):
                    text = await told.get()
            except TimeoutError:
                await self._notices.check()
                continue
            if text is None:
                raise Unavailable("postgres", "the connection for notices was lost")
            return text

    async def may_probe(self, name: BreakerName, *, seconds: float) -> bool:
        return await self._permissions.put_first(str(name), "", seconds=seconds)

    async def hold_probes(self, name: BreakerName, *, seconds: float) -> None:
        if seconds <= 0:
            await self._permissions.drop(str(name))
        else:
            await self._permissions.put(str(name), "", seconds=seconds)


def _news(text: str) -> News:
    body = orjson.loads(text)
    store = body["store"]
    name = BreakerName(body["family"], None if store is None else StoreId(store))
    return News(name, body["opened"], body["teller"])
