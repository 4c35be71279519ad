"""A cache in Postgres: a row per name, swept away after its time."""

from __future__ import annotations

from adapters.postgres.connection import Pool
from adapters.postgres.short_lived import ShortLived
from core.ports.cache import Cache


class PostgresCache(Cache):
    """Rows past their time are not read; the sweep deletes them."""

    def __init__(self, pool: Pool) -> None:
        self._kept = ShortLived(pool, "cache")

    async def get(self, name: str) -> str | None:
        return await self._kept.get(name)

    async def put(self, name: str, content: str, *, ttl: float) -> None:
        await self._kept.put(name, content, seconds=ttl)
