"""Sessions of the embedded app in Redis, under the hash of their bearer: a dump of Redis opens none of them."""

from __future__ import annotations

from typing import Final

from adapters.redis.connection import RedisClients, driver_errors
from core.domain.embedded import EmbeddedSession
from core.ports.embedded import EmbeddedSessions

# The tag spreads sessions over the nodes of a cluster.
_KEY: Final = "wasl:embedded:{%s}"


class RedisEmbeddedSessions(EmbeddedSessions):
    """One key per session; Redis forgets it when it was idle for too long."""

    def __init__(self, clients: RedisClients) -> None:
        self._redis = clients.writer

    async def open(self, key: bytes, session: EmbeddedSession, *, idle: float) -> None:
        with driver_errors():
            await self._redis.set(_KEY % key.hex(), session.write(), px=_milliseconds(idle))

    async def use(self, key: bytes, *, idle: float) -> EmbeddedSession | None:
        with driver_errors():
            content = await self._redis.getex(_KEY % key.hex(), px=_milliseconds(idle))
        return EmbeddedSession.read(content) if isinstance(content, str) else None

    async def close(self, key: bytes) -> None:
        with driver_errors():
            await self._redis.delete(_KEY % key.hex())


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))
