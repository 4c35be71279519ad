"""Every process's view of who came in how often, kept in Postgres and reckoned on its clock."""

from __future__ import annotations

from adapters.postgres.connection import Pool
from adapters.postgres.rate_limiter import RateLevels
from core.domain.doors import Door, visitor_key
from core.domain.rate import Allowance, Traffic, take
from core.ports.doors import DoorKeeper


class PostgresDoorKeeper(DoorKeeper):
    """One row per door and visitor, by the rules that reckon Zid's allowance. Raises Unavailable."""

    def __init__(self, pool: Pool) -> None:
        self._levels = RateLevels(pool)

    async def knock(self, door: Door, visitor: str, allowance: Allowance) -> float:
        reckoned = await self._levels.change(
            f"door:{visitor_key(door, visitor)}",
            allowance,
            lambda bucket, now: take(bucket, allowance, Traffic.INTERACTIVE, now),
        )
        return reckoned.wait
