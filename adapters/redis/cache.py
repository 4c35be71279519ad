"""A cache in Redis: every name is a key of its own, which Redis forgets at its time."""

from __future__ import annotations

from typing import Final

from adapters.redis.connection import RedisClients, driver_errors
from core.ports.cache import Cache

# The tag spreads names over the nodes of a cluster.
_KEY: Final = "wasl:cache:{%s}"


class RedisCache(Cache):
    """Plain keys with a time to live."""

    def __init__(self, clients: RedisClients) -> None:
        self._redis = clients.writer

    async def get(self, name: str) -> str | None:
        with driver_errors():
            content = await self._redis.get(_KEY % name)
        return content if isinstance(content, str) else None

    async def put(self, name: str, content: str, *, ttl: float) -> None:
        with driver_errors():
            await self._redis.set(_KEY % name, content, px=max(1, round(ttl * 1000)))
