"""The pool, and the line that the driver's exceptions do not cross.

`async with acquire(pool) as connection:` is the one way to a connection: it waits a
bounded time and turns what means "Postgres does not answer" into Unavailable.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Final

import asyncpg
import orjson
from asyncpg.pool import PoolConnectionProxy

from adapters.postgres.dsn import Target, read_dsn
from adapters.postgres.slow_queries import watch_slow
from core.errors import SettingInvalid, Unavailable

Pool = asyncpg.Pool
Connection = asyncpg.Connection | PoolConnectionProxy
"""What SQL is run on; inside `acquire` it is the pool's, valid until the block ends."""

ACQUIRE_SECONDS: Final = 3.0
COMMAND_SECONDS: Final = 10.0
"""Without a limit of its own the driver waits for a frozen server for ever, and no outer time-out ends that."""

SESSION: Final = {
    "statement_timeout": "15000",
    "idle_in_transaction_session_timeout": "90000",
    "lock_timeout": "5000",
    # A prepared statement keeps its generic plan, also one that was made while the tables were small.
    "plan_cache_mode": "force_custom_plan",
}
"""Times in milliseconds. A transaction may be idle for longer than a handler's time limit, not much longer."""

STATEMENT_SECONDS: Final = 60
"""How long the driver keeps a prepared statement, and with it a plan where plans may be kept."""

TRANSIENT_PG: Final = (
    asyncpg.InternalClientError,  # first use of a connection that the server dropped (asyncpg 0.32)
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shutting down, starting up, statement_timeout
    asyncpg.InsufficientResourcesError,  # too many connections, disk full
    asyncpg.TransactionRollbackError,  # deadlock, serialization
    asyncpg.LockNotAvailableError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,  # a failover left us on the former primary
    OSError,
    TimeoutError,
)
_WRONG_SETTING: Final = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientPrivilegeError,
    asyncpg.ClientConfigurationError,
)


def is_transient(error: BaseException) -> bool:
    """Whether the same call may succeed later. The driver's complaints about our own arguments are ValueErrors."""
    return isinstance(error, TRANSIENT_PG) and not isinstance(error, ValueError)


@contextmanager
def driver_errors() -> Iterator[None]:
    """Around driver calls: Unavailable("postgres") for what is transient; every other exception passes."""
    try:
        yield
    except TRANSIENT_PG as error:
        if not is_transient(error):
            raise
        raise Unavailable("postgres", type(error).__name__) from error


@asynccontextmanager
async def acquire(pool: Pool, *, timeout: float = ACQUIRE_SECONDS) -> AsyncIterator[Connection]:
    """A connection within `timeout` seconds; Unavailable when there is none or it breaks inside the block.

    Session settings are not reset on the way back: change them with SET LOCAL only.
    """
    with driver_errors():
        async with pool.acquire(timeout=timeout) as connection:
            yield connection


@asynccontextmanager
async def transaction(pool: Pool, *, timeout: float = ACQUIRE_SECONDS) -> AsyncIterator[Connection]:
    """`acquire` with a transaction around the block: all of it is committed, or nothing."""
    async with acquire(pool, timeout=timeout) as connection, connection.transaction():
        yield connection


_BEGIN: Final = "BEGIN"
_BEGIN_KEEPING_PLANS: Final = "BEGIN; SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL enable_seqscan = off"
# The planner as an app finds it anywhere: it keeps the plans that cost no more than new ones.
_BEGIN_FOR_FOREIGN_SQL: Final = "BEGIN; SET LOCAL plan_cache_mode = auto"


class OpenTransaction:
    """A transaction that outlives a block of ours: it ends with `commit` or `abandon`, the connection with it."""

    def __init__(self, pool: Pool, connection: PoolConnectionProxy, *, afterwards: str) -> None:
        self._pool = pool
        self._held: PoolConnectionProxy | None = connection
        self._afterwards = afterwards

    @classmethod
    async def begin(cls, pool: Pool) -> OpenTransaction:
        """Raises Unavailable."""
        return await cls._begin(pool, _BEGIN)

    @classmethod
    async def begin_keeping_plans(cls, pool: Pool) -> OpenTransaction:
        """For statements that take longer to plan than to run and find their rows by keys. Raises Unavailable.

        A plan serves for STATEMENT_SECONDS, or until the tables are analyzed.
        """
        return await cls._begin(pool, _BEGIN_KEEPING_PLANS)

    @classmethod
    async def begin_for_foreign_sql(cls, pool: Pool) -> OpenTransaction:
        """The session is reset afterwards; plans may be kept. Raises Unavailable."""
        return await cls._begin(pool, _BEGIN_FOR_FOREIGN_SQL, resets=True)

    @classmethod
    async def _begin(cls, pool: Pool, how: str, *, resets: bool = False) -> OpenTransaction:
        with driver_errors():
            connection = await pool.acquire(timeout=ACQUIRE_SECONDS)
            opened = cls(pool, connection, afterwards=connection.get_reset_query() if resets else "")
            try:
                await connection.execute(how)
            except BaseException:
                await opened._release()
                raise
        return opened

    @property
    def is_open(self) -> bool:
        return self._held is not None

    @property
    def connection(self) -> PoolConnectionProxy:
        if self._held is None:
            raise RuntimeError("the transaction is over")
        return self._held

    async def commit(self) -> None:
        """Raises Unavailable when the answer was lost: then it may or may not have been committed."""
        try:
            with driver_errors():
                await self._end("COMMIT")
        finally:
            await self._release()

    async def abandon(self) -> None:
        """Keeps nothing. Does nothing when the transaction is over; never raises for a broken connection."""
        if self._held is None:
            return
        try:
            with suppress(asyncpg.PostgresError, *TRANSIENT_PG):
                await self._end("ROLLBACK")
        finally:
            await self._release()

    async def cut(self) -> None:
        """As `abandon`, for a connection that somebody may still be using: it is closed under his hands."""
        if self._held is None:
            return
        connection, self._held = self._held, None
        connection.terminate()
        with suppress(asyncpg.PostgresError, *TRANSIENT_PG):
            await self._pool.release(connection)

    async def _end(self, how: str) -> None:
        """What is sent after the transaction goes along with its end: one round trip for both."""
        await self.connection.execute(f"{how}; {self._afterwards}")

    async def _release(self) -> None:
        if self._held is not None:
            connection, self._held = self._held, None
            await self._pool.release(connection)


@asynccontextmanager
async def keeping_plans(pool: Pool) -> AsyncIterator[Connection]:
    """`transaction` for statements whose plans may be kept, as `OpenTransaction.begin_keeping_plans` has it."""
    opened = await OpenTransaction.begin_keeping_plans(pool)
    try:
        with driver_errors():
            yield opened.connection
        await opened.commit()
    finally:
        await opened.abandon()


@dataclass(frozen=True, slots=True)
class PoolUsage:
    """Connections of a pool: in somebody's hands, open and unused, and how many it may open."""

    busy: int
    idle: int
    limit: int


def usage_of(pool: Pool) -> PoolUsage:
    """As the pool counts itself; asks nobody."""
    idle = pool.get_idle_size()
    return PoolUsage(pool.get_size() - idle, idle, pool.get_max_size())


async def open_pool(
    dsn: str,
    *,
    max_size: int = 10,
    application_name: str = "wasl",
    ca_cert: str | None = None,
    connect: bool = True,
    slow: float = 0.0,
) -> Pool:
    """A pool that has connected once, unless told not to `connect` yet.

    Raises SettingInvalid for a wrong DATABASE_URL, Unavailable for no answer.

    Statements that take `slow` seconds or more are logged by name; 0 logs none.

    `?pgbouncer=true` in the URL gives up what a transaction pooler cannot keep: prepared
    statements and session settings (give the role its time-outs with ALTER ROLE there).
    """
    target = read_dsn(dsn, ca_cert=ca_cert)
    try:
        with driver_errors():
            return await _connect(target, max_size, application_name, init_size=1 if connect else 0, slow=slow)
    except _WRONG_SETTING as error:
        raise SettingInvalid("DATABASE_URL", str(error).splitlines()[0]) from error
    except ssl.SSLCertVerificationError as error:
        raise SettingInvalid(
            "DATABASE_CA_CERT", f"does not vouch for the server's certificate: {error.verify_message}"
        ) from error


async def _connect(target: Target, max_size: int, application_name: str, *, init_size: int, slow: float) -> Pool:
    """One connection proves the server; no floor is kept, since the driver logs a traceback while it cannot."""
    return await asyncpg.create_pool(
        target.url,
        init_size=init_size,
        min_size=0,
        max_size=max_size,
        max_inactive_connection_lifetime=300,
        timeout=target.connect_timeout,
        command_timeout=COMMAND_SECONDS,
        statement_cache_size=0 if target.pooled else 200,
        max_cached_statement_lifetime=STATEMENT_SECONDS,
        server_settings={} if target.pooled else {"application_name": application_name, **SESSION},
        ssl=target.tls,
        init=_prepare(slow),
        reset=_keep_session,
    )


def _prepare(slow: float) -> Callable[[asyncpg.Connection], Coroutine[object, object, None]]:
    """What is done with every new connection."""
    watch = watch_slow(slow) if slow else None

    async def prepare(connection: asyncpg.Connection) -> None:
        if watch is not None:
            watch(connection)
        await _teach_json(connection)

    return prepare


async def _teach_json(connection: asyncpg.Connection) -> None:
    """jsonb in and out as Python values; its binary form is a version byte (1) and the text."""
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        format="binary",
        encoder=lambda value: b"\x01" + orjson.dumps(value),
        decoder=lambda raw: orjson.loads(raw[1:]),
    )


async def _keep_session(_: asyncpg.Connection) -> None:
    """The driver still rolls back; its RESET of the session costs three quarters of a short query."""
