"""Console sessions in Redis, which ends them at their time."""

from __future__ import annotations

from typing import Final

from adapters.redis.connection import RedisClients, driver_errors
from core.ports.sign_in_guards import Sessions

# The tag spreads sessions over the nodes of a cluster.
_KEY: Final = "wasl:session:{%s}"


class RedisSessions(Sessions):
    """A key per session. GETEX prolongs only what is there: a session that was ended meanwhile does not come back."""

    def __init__(self, clients: RedisClients) -> None:
        self._redis = clients.writer

    async def begin(self, name: str, content: str, *, idle: float) -> None:
        with driver_errors():
            await self._redis.set(_KEY % name, content, px=_milliseconds(idle))

    async def use(self, name: str, *, idle: float) -> str | None:
        with driver_errors():
            content = await self._redis.getex(_KEY % name, px=_milliseconds(idle))
        return content if isinstance(content, str) else None

    async def look(self, name: str) -> str | None:
        with driver_errors():
            content = await self._redis.get(_KEY % name)
        return content if isinstance(content, str) else None

    async def end(self, name: str) -> None:
        with driver_errors():
            await self._redis.delete(_KEY % name)


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))
