"""What other sessions NOTIFY, heard on one connection per process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from adapters.postgres.connection import ACQUIRE_SECONDS, Pool, driver_errors
from core.errors import Unavailable

Hear = Callable[[str | None], None]
"""Called with a notice's text; once with None when the connection was lost, and then no more."""

_IS_THERE: Final = "SELECT true"


class Notices:
    """Keeps one connection of the pool from the first `listen` on until `aclose`.

    The session has to be the database's own: a transaction pooler swallows what is told.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._turn = asyncio.Lock()
        self._connection: PoolConnectionProxy | None = None
        self._ears: dict[str, set[Hear]] = {}

    async def listen(self, channel: str, hear: Hear) -> None:
        """`hear` gets whatever is told on the channel after this returned. Raises Unavailable."""
        async with self._turn:
            connection = self._connection or await self._connect()
            if channel not in self._ears:
                await self._ask(connection, connection.add_listener(channel, self._heard))
            if self._connection is not connection:
                raise Unavailable("postgres", "the connection for notices was lost")
            self._ears.setdefault(channel, set()).add(hear)

    def forget(self, channel: str, hear: Hear) -> None:
        """`hear` gets nothing more."""
        self._ears.get(channel, set()).discard(hear)

    def listeners(self, channel: str) -> int:
        """How many hear what is told on the channel."""
        return len(self._ears.get(channel, ()))

    async def check(self) -> None:
        """Finds out whether the connection still works: a peer that vanished says nothing. Raises Unavailable."""
        async with self._turn:
            if self._connection is None:
                raise Unavailable("postgres", "the connection for notices was lost")
            await self._ask(self._connection, self._connection.fetchval(_IS_THERE))

    async def aclose(self) -> None:
        """Gives the connection back; whoever still listens hears that it is lost."""
        async with self._turn:
            connection = self._connection
            if connection is None:
                return
            channels = list(self._ears)
            self._lost(connection)
            try:
                with suppress(Unavailable), driver_errors():
                    connection.remove_termination_listener(self._ended)
                    for channel in channels:
                        await connection.remove_listener(channel, self._heard)
            finally:
                with suppress(Unavailable), driver_errors():
                    await self._pool.release(connection)

    async def _connect(self) -> PoolConnectionProxy:
        with driver_errors():
            connection = await self._pool.acquire(timeout=ACQUIRE_SECONDS)
            connection.add_termination_listener(self._ended)
        self._connection = connection
        return connection

    async def _ask(self, connection: PoolConnectionProxy, question: Awaitable[object]) -> None:
        """A connection that fails to answer is ended: whoever listens on it has to know."""
        answered = False
        try:
            with driver_errors():
                await question
            answered = True
        finally:
            if not answered:
                self._lost(connection)
                # What the server closed, the pool has taken back already: then there is nothing to end.
                with suppress(asyncpg.InterfaceError):
                    connection.terminate()

    def _heard(self, _connection: object, _pid: int, channel: str, told: object) -> None:
        for hear in tuple(self._ears.get(channel, ())):
            hear(str(told))

    def _ended(self, connection: object) -> None:
        if connection is self._connection:
            self._lost(connection)

    def _lost(self, connection: object) -> None:
        if connection is not self._connection:
            return
        self._connection = None
        ears, self._ears = self._ears, {}
        for hear in {hear for of_channel in ears.values() for hear in of_channel}:
            hear(None)
