"""Which spool stands behind the port, and how long the database may take before it is used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from adapters.files.file_spool import FileSpool
from adapters.redis.connection import RedisClients
from adapters.redis.spool import RedisSpool
from config.settings import Settings, SpoolKind
from core.errors import SettingInvalid
from core.ports.sealing import Sealer
from core.ports.spool import Spool

PROMPT_PATIENCE: Final = 1.5
"""Seconds that Zid's deliveries wait for Postgres before they are spooled: it sees no slow answer."""


MAX_BYTES: Final = {SpoolKind.FILE: 1024 * 1024 * 1024, SpoolKind.REDIS: 256 * 1024 * 1024}
"""Of a disk there is more than of a memory. At 300 deliveries a second and 7 KB each, a gigabyte is eight minutes."""


def spool_of(settings: Settings, redis: RedisClients | None, sealer: Callable[[], Sealer]) -> Spool:
    """The spool that SPOOL names; SettingInvalid where there is no Redis for it."""
    max_bytes = settings.spool_max_bytes or MAX_BYTES[settings.spool]
    if settings.spool is SpoolKind.FILE:
        return FileSpool(settings.spool_dir, sealer, max_bytes=max_bytes)
    if redis is None:
        raise SettingInvalid("SPOOL", "is redis, but REDIS_URL is not set: use SPOOL=file, or set REDIS_URL")
    return RedisSpool(redis, sealer, max_bytes=max_bytes)
