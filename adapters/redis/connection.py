"""The two clients, and the line that the driver's exceptions do not cross.

The writer never repeats a command whose answer was lost: a repeated XADD is a second
entry. The reader may wait inside Redis, so its socket waits longer than it ever blocks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import redis.exceptions as driver
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.maint_notifications import MaintNotificationsConfig

from core.errors import SettingInvalid, Unavailable

LONGEST_BLOCK: Final = 2.0
"""Seconds that one read may wait inside Redis."""
_WRITER_SECONDS: Final = 3.0
_READER_SECONDS: Final = LONGEST_BLOCK + 5.0
_CONNECT_SECONDS: Final = 2.0
_POOL_SECONDS: Final = 2.0
_SCHEMES: Final = ("redis", "rediss", "unix")

TRANSIENT: Final = (
    driver.ConnectionError,  # also LOADING, wrong password, no free connection
    driver.TimeoutError,
    driver.OutOfMemoryError,
    driver.ReadOnlyError,  # a failover left us on the former primary
    driver.ClusterDownError,
    driver.TryAgainError,
    driver.InvalidResponse,
    OSError,
    TimeoutError,
)
_TRANSIENT_CODES: Final = ("MISCONF", "NOREPLICAS", "BUSY ", "UNKILLABLE")


@dataclass(frozen=True, slots=True)
class RedisClients:
    """A `writer` for quick commands and a `reader` for those that wait inside Redis."""

    writer: Redis
    reader: Redis

    async def aclose(self) -> None:
        """Closes every connection of both."""
        try:
            await self.reader.aclose(close_connection_pool=True)
        finally:
            await self.writer.aclose(close_connection_pool=True)


def open_redis(url: str, *, ca_cert: Path | None = None, max_connections: int = 32) -> RedisClients:
    """Clients for a `redis://`, `rediss://` or `unix://` URL; connects at the first command.

    Raises SettingInvalid for a URL that is none. `ca_cert` is the file that a `rediss://` server's certificate
    is checked with, in place of the system's.
    """
    if urlsplit(url).scheme not in _SCHEMES:
        raise SettingInvalid("REDIS_URL", "must start with redis://, rediss:// or unix://")
    return RedisClients(
        writer=_client(url, ca_cert, max_connections, _WRITER_SECONDS),
        reader=_client(url, ca_cert, max_connections, _READER_SECONDS),
    )


def _client(url: str, ca_cert: Path | None, max_connections: int, socket_seconds: float) -> Redis:
    trust = {"ssl_ca_certs": str(ca_cert)} if ca_cert and urlsplit(url).scheme == "rediss" else {}
    try:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=max_connections,
            timeout=_POOL_SECONDS,
            socket_timeout=socket_seconds,
            socket_connect_timeout=_CONNECT_SECONDS,
            retry=Retry(NoBackoff(), 0),
            health_check_interval=30,
            protocol=3,
            legacy_responses=False,
            decode_responses=True,
            maint_notifications_config=MaintNotificationsConfig(enabled=False),
            **trust,
        )
    except ValueError as error:
        raise SettingInvalid("REDIS_URL", str(error)) from error
    return Redis(connection_pool=pool)


@contextmanager
def driver_errors() -> Iterator[None]:
    """Around driver calls: Unavailable("redis") for what is transient; every other exception passes.

    A cancellation passes too: the driver sends inside `asyncio.wait_for`, which on Python
    3.11 drops one that arrives as the sending ends (bpo-37658).
    """
    before = _cancellations()
    try:
        with _translated():
            yield
    finally:
        if _cancellations() > before:
            raise asyncio.CancelledError


def _cancellations() -> int:
    task = asyncio.current_task()
    return task.cancelling() if task is not None else 0


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except TRANSIENT as error:
        raise Unavailable("redis", type(error).__name__) from error
    except driver.ResponseError as error:
        if str(error).startswith(_TRANSIENT_CODES):
            raise Unavailable("redis", str(error).partition(" ")[0]) from error
        raise
