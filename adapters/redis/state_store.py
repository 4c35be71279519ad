"""OAuth states in Redis: kept for minutes, taken once."""

from __future__ import annotations

from typing import Final

from adapters.redis.connection import RedisClients, driver_errors
from core.ports.guards import StateStore

# The tag keeps each state on one cluster node and spreads states over the nodes.
_KEY: Final = "wasl:state:{%s}"


class RedisStateStore(StateStore):
    """One key per state; Redis forgets it at its time, GETDEL hands it out once."""

    def __init__(self, clients: RedisClients) -> None:
        self._redis = clients.writer

    async def put(self, state: str, value: str, *, ttl: float) -> None:
        with driver_errors():
            await self._redis.set(_KEY % state, value, px=max(1, round(ttl * 1000)))

    async def take(self, state: str) -> str | None:
        with driver_errors():
            value = await self._redis.getdel(_KEY % state)
        return value if isinstance(value, str) else None
