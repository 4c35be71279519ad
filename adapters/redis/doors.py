"""Every process's view of who came in how often, kept in Redis and reckoned on its clock."""

from __future__ import annotations

from typing import Final

from adapters.redis.connection import RedisClients
from adapters.redis.rate_limiter import RateScript
from core.domain.doors import Door, visitor_key
from core.domain.rate import Allowance, Traffic
from core.ports.doors import DoorKeeper

# The tag keeps one visitor on one cluster node and spreads visitors over the nodes.
_KEY: Final = "wasl:door:{%s}"


class RedisDoorKeeper(DoorKeeper):
    """One hash per door and visitor, by the script that reckons Zid's allowance. Raises Unavailable."""

    def __init__(self, clients: RedisClients) -> None:
        self._script = RateScript(clients)

    async def knock(self, door: Door, visitor: str, allowance: Allowance) -> float:
        key = _KEY % visitor_key(door, visitor)
        return (await self._script.run(key, allowance, "take", int(Traffic.INTERACTIVE))).wait
