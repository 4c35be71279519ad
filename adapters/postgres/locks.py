"""Named locks across processes: advisory locks of one database session per process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from hashlib import blake2b
from typing import Final

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from adapters.postgres.connection import ACQUIRE_SECONDS, Pool, driver_errors
from core.errors import Unavailable
from core.ports.guards import Locks

POLL_SECONDS: Final = 0.1
_TRY: Final = "SELECT pg_try_advisory_lock($1)"
_UNLOCK: Final = "SELECT pg_advisory_unlock($1)"
_UNLOCK_ALL: Final = "SELECT pg_advisory_unlock_all()"


def lock_key(name: str) -> int:
    """The number the database knows the lock by. A collision only makes two names exclude each other."""
    return int.from_bytes(blake2b(b"wasl-lock\0" + name.encode(), digest_size=8).digest(), "big", signed=True)


class PostgresLocks(Locks):
    """Locks of this process share one connection, taken from the pool while any of them is wanted.

    A connection for each would starve the work done under the locks. The session has to be
    the database's own: behind a transaction pooler give this a pool that connects directly.
    """

    def __init__(self, pool: Pool, *, poll: float = POLL_SECONDS) -> None:
        self._session = _Session(pool)
        self._poll = poll
        # A session may take its own lock again, so callers in this process exclude each other here.
        self._taken: dict[int, object] = {}

    @asynccontextmanager
    async def hold(self, name: str, *, wait: float) -> AsyncIterator[bool]:
        """Raises Unavailable when the database does not answer."""
        key, me = lock_key(name), object()
        async with self._session.in_use():
            try:
                yield await self._gain(key, me, wait)
            finally:
                await self._let_go(key, me)

    async def _gain(self, key: int, me: object, wait: float) -> bool:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait
        while not await self._try(key, me):
            left = deadline - loop.time()
            if left <= 0:
                return False
            await asyncio.sleep(min(self._poll, left))
        return True

    async def _try(self, key: int, me: object) -> bool:
        """Cut off in the middle it stays ours to let go: the database may have said yes to nobody."""
        if self._taken.setdefault(key, me) is not me:
            return False
        if await self._session.ask(_TRY, key):
            return True
        del self._taken[key]
        return False

    async def _let_go(self, key: int, me: object) -> None:
        if self._taken.get(key) is not me:
            return
        try:
            await self._session.ask(_UNLOCK, key)
        except Unavailable:
            pass  # the connection is gone, and the lock with it
        finally:
            del self._taken[key]


class _Session:
    """One connection for many short questions; connects again when it was lost, and its locks with it."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._users = 0
        self._turn = asyncio.Lock()
        self._connection: PoolConnectionProxy | None = None

    @asynccontextmanager
    async def in_use(self) -> AsyncIterator[None]:
        self._users += 1
        try:
            yield
        finally:
            self._users -= 1
            if not self._users:
                await self._give_back()

    async def ask(self, question: str, key: int) -> bool:
        """Asked once more on a new connection when the one before was lost."""
        async with self._turn:
            is_new = self._connection is None
            try:
                return await self._ask(question, key)
            except Unavailable:
                self._drop()
                if is_new:
                    raise
                return await self._ask(question, key)

    async def _ask(self, question: str, key: int) -> bool:
        with driver_errors():
            if self._connection is None:
                self._connection = await self._pool.acquire(timeout=ACQUIRE_SECONDS)
            return await self._connection.fetchval(question, key) is True

    async def _give_back(self) -> None:
        """Nobody is left who wants a lock, so none may stay: the pool does not reset what it gets back."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        unlocked = False
        try:
            with suppress(Unavailable), driver_errors():
                await connection.execute(_UNLOCK_ALL)
                unlocked = True
        finally:
            if not unlocked:
                _end(connection)
            await self._pool.release(connection)

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            _end(connection)


def _end(connection: PoolConnectionProxy) -> None:
    """Ends the connection, and with it whatever it still holds."""
    # What the server closed, the pool has taken back already: then there is nothing to end.
    with suppress(asyncpg.InterfaceError):
        connection.terminate()
