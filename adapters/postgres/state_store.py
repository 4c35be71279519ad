"""OAuth states in Postgres: kept for minutes, taken once."""

from __future__ import annotations

from adapters.postgres.connection import Pool
from adapters.postgres.short_lived import ShortLived
from core.ports.guards import StateStore


class PostgresStateStore(StateStore):
    """One row per state; deleting it hands it out, to one."""

    def __init__(self, pool: Pool) -> None:
        self._kept = ShortLived(pool, "state")

    async def put(self, state: str, value: str, *, ttl: float) -> None:
        await self._kept.put(state, value, seconds=ttl)

    async def take(self, state: str) -> str | None:
        return await self._kept.take(state)
