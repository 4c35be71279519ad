"""What Redis tells of itself. INFO is enough: managed servers refuse CONFIG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from redis.asyncio.cluster import RedisCluster

from adapters.redis.connection import RedisClients, driver_errors
from core.domain.diagnosis.offsets import ClockOffset
from core.domain.diagnosis.servers import RedisServer
from core.ports.examination import ExaminedRedis
from core.ports.system import Clock

_GOOD: Final = "ok"


class RedisExamination(ExaminedRedis):
    """One server, or each primary of a cluster."""

    def __init__(self, clients: RedisClients, clock: Clock) -> None:
        self._client: Any = clients.writer
        self._clock = clock

    async def servers(self) -> Sequence[RedisServer]:
        with driver_errors():
            if not isinstance(self._client, RedisCluster):
                return [await self._server("")]
            await self._client.initialize()
            nodes = self._client.get_primaries()
            return [await self._server(node.name, target_nodes=[node]) for node in nodes]

    async def _server(self, name: str, **to: object) -> RedisServer:
        info = await self._client.execute_command("INFO", **to)
        asked, started = self._clock.now(), self._clock.monotonic()
        seconds, micros = await self._client.execute_command("TIME", **to)
        half = (self._clock.monotonic() - started) / 2
        theirs = datetime.fromtimestamp(int(seconds) + int(micros) / 1_000_000, UTC)
        return server_of(info, name, ClockOffset((theirs - asked).total_seconds() - half, half))


def server_of(info: Mapping[str, Any], node: str = "", clock: ClockOffset | None = None) -> RedisServer:
    """What INFO says; what a server does not say is taken for harmless."""
    major, minor = (*str(info.get("redis_version", "7.2")).split("."), "0")[:2]
    return RedisServer(
        version=(int(major), int(minor)),
        append_only=bool(int(info.get("aof_enabled", 1))),
        eviction=str(info.get("maxmemory_policy", "noeviction")),
        used=int(info.get("used_memory", 0)),
        limit=int(info.get("maxmemory", 0)),
        replica=info.get("role", "master") != "master",
        cannot_save=any(info.get(name, _GOOD) != _GOOD for name in ("rdb_last_bgsave_status", "aof_last_write_status")),
        node=node,
        clock=clock,
    )
