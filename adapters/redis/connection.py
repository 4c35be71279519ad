"""The two clients, and the line that the driver's exceptions do not cross.

The writer never repeats a command whose answer was lost: a repeated XADD is a second
entry. The reader may wait inside Redis, so its socket waits longer than it ever blocks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import redis.exceptions as driver
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.cluster import ClusterNode, RedisCluster
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff
from redis.maint_notifications import MaintNotificationsConfig

from adapters.redis.addresses import Cluster, OneServer, Service, read_address
from adapters.redis.line import Connect, Line
from core.errors import SettingInvalid, Unavailable

LONGEST_BLOCK: Final = 2.0
"""Seconds that one read may wait inside Redis."""
_WRITER_SECONDS: Final = 3.0
_READER_SECONDS: Final = LONGEST_BLOCK + 5.0
_CONNECT_SECONDS: Final = 2.0
_POOL_SECONDS: Final = 2.0
_SENTINEL_SECONDS: Final = 1.0
_CLUSTER_CONNECTIONS: Final = 256
"""To each node. A cluster's client does not wait for a free one, so this is more than are ever in use."""
_NEVER_AGAIN: Final = Retry(NoBackoff(), 0)
_ASKING_SENTINELS: Final[Mapping[str, Any]] = {
    "socket_timeout": _SENTINEL_SECONDS,
    "socket_connect_timeout": _SENTINEL_SECONDS,
    "retry": _NEVER_AGAIN,
}
_EVERY_CONNECTION: Final[Mapping[str, Any]] = {
    "socket_connect_timeout": _CONNECT_SECONDS,
    "retry": _NEVER_AGAIN,
    "health_check_interval": 30,
    "protocol": 3,
    "legacy_responses": False,
    "decode_responses": True,
    "maint_notifications_config": MaintNotificationsConfig(enabled=False),
}

TRANSIENT: Final = (
    driver.ConnectionError,  # also LOADING, wrong password, no free connection
    driver.TimeoutError,
    driver.OutOfMemoryError,
    driver.ReadOnlyError,  # a failover left us on the former primary
    driver.ClusterDownError,
    driver.ClusterError,  # sent from node to node and nowhere taken
    driver.RedisClusterException,  # no node answers
    driver.TryAgainError,
    driver.InvalidResponse,
    OSError,
    TimeoutError,
)
_TRANSIENT_CODES: Final = ("MISCONF", "NOREPLICAS", "BUSY ", "UNKILLABLE")

PEM: Final = "-----BEGIN"


@dataclass(frozen=True, slots=True)
class RedisClients:
    """A `writer` for quick commands, a `reader` for those that wait inside Redis, a `line` for short scripts."""

    writer: Redis
    reader: Redis
    line: Line

    async def aclose(self) -> None:
        """Closes every connection."""
        try:
            await self.line.aclose()
            await self.reader.aclose(close_connection_pool=True)
        finally:
            await self.writer.aclose(close_connection_pool=True)


def open_redis(url: str, *, ca_cert: str | None = None, max_connections: int = 32) -> RedisClients:
    """Clients for one server, for a service watched by sentinels, or for a cluster; connects at the first command.

    Raises SettingInvalid for a URL that is none. `ca_cert` (a PEM text or a file's path) is what a TLS server's
    certificate is checked with, in place of the system's authorities.
    """
    try:
        address = read_address(url)
        writer = _client(address, ca_cert, max_connections, _WRITER_SECONDS)
        reader = _client(address, ca_cert, max_connections, _READER_SECONDS)
        return RedisClients(writer, reader, Line(_connect(address, writer)))
    except ValueError as error:
        raise SettingInvalid("REDIS_URL", str(error)) from error


def _client(
    address: OneServer | Service | Cluster, ca_cert: str | None, max_connections: int, socket_seconds: float
) -> Redis:
    trust = _trust(ca_cert) if ca_cert and address.tls else {}
    match address:
        case OneServer(url):
            pool = BlockingConnectionPool.from_url(
                url,
                max_connections=max_connections,
                timeout=_POOL_SECONDS,
                socket_timeout=socket_seconds,
                **_EVERY_CONNECTION,
                **trust,
            )
            return Redis(connection_pool=pool)
        case Service():
            return _of_service(address, trust, max_connections, socket_seconds)
        case Cluster():
            return _of_cluster(address, trust, socket_seconds)


def _connect(address: OneServer | Service | Cluster, client: Redis) -> Connect:
    """A connection as the client's own. None with a cluster, which has no one server that all keys are on."""
    if isinstance(address, Cluster):
        return _nowhere
    pool = client.connection_pool

    async def connect() -> AbstractConnection | None:
        connection: AbstractConnection = pool.connection_class(**{**pool.connection_kwargs, "socket_timeout": None})
        try:
            with driver_errors():
                async with asyncio.timeout(_CONNECT_SECONDS):
                    await connection.connect()  # type: ignore[no-untyped-call]  # the driver's
        except BaseException as problem:
            await connection.disconnect(nowait=True)
            if isinstance(problem, Unavailable):
                return None
            raise
        return connection

    return connect


async def _nowhere() -> None:
    """There is no one connection to be had."""


def _trust(ca_cert: str) -> Mapping[str, str]:
    if PEM in ca_cert:
        return {"ssl_ca_data": ca_cert.replace("\\n", "\n")}
    if not Path(ca_cert).is_file():
        raise SettingInvalid("REDIS_CA_CERT", "is neither a PEM certificate nor the path of one")
    return {"ssl_ca_certs": ca_cert}


class _ServicePool(SentinelConnectionPool, BlockingConnectionPool):
    """Connections to whoever is the primary; who finds none free waits for one."""


def _of_service(service: Service, trust: Mapping[str, Any], max_connections: int, socket_seconds: float) -> Redis:
    """Asks the sentinels before each new connection; a connection to a demoted primary is dropped."""
    tls: Mapping[str, Any] = {"ssl": True, **trust} if service.tls else {}
    asking = {**_ASKING_SENTINELS, **service.sentinel_credentials, **tls}
    sentinels = Sentinel(service.sentinels, sentinel_kwargs=asking)  # type: ignore[no-untyped-call]  # the driver's
    pool = _ServicePool(  # type: ignore[no-untyped-call]  # the driver's
        service.name,
        sentinels,
        max_connections=max_connections,
        timeout=_POOL_SECONDS,
        socket_timeout=socket_seconds,
        db=service.db,
        **service.credentials,
        **_EVERY_CONNECTION,
        **tls,
    )
    return _ServiceClient(pool, sentinels)


class _ServiceClient(Redis):
    """Closes the sentinels' connections with its own."""

    def __init__(self, pool: _ServicePool, sentinels: Sentinel) -> None:
        super().__init__(connection_pool=pool)
        self._sentinels = sentinels

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        try:
            await super().aclose(close_connection_pool=close_connection_pool)
        finally:
            await self._sentinels.aclose()


def _of_cluster(cluster: Cluster, trust: Mapping[str, Any], socket_seconds: float) -> Redis:
    """Follows slots that move; what was perhaps done is not sent again. All keys of one call share a hash tag."""
    options: Mapping[str, Any] = {**_EVERY_CONNECTION, **cluster.credentials, **trust}
    client = _ClusterClient(
        startup_nodes=[ClusterNode(host, port) for host, port in cluster.nodes],
        require_full_coverage=False,
        max_connections=_CLUSTER_CONNECTIONS,
        socket_timeout=socket_seconds,
        ssl=cluster.tls,
        **options,
    )
    # The commands used here are those that both classes have.
    return cast("Redis", client)


class _ClusterClient(RedisCluster):
    """Closed like a client of one server."""

    async def aclose(self, **_: bool) -> None:
        await super().aclose()


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
