"""One connection that many callers share: what they ask is sent at once, and answered in the order it was sent.

The driver takes a connection out of its pool for each command and waits for the answer with three timers, which costs
several times what the server needs for a short script. The line only ever shortens that way: where anything is odd it
hangs up, says None, and the caller goes the driver's way, which knows about every trouble there is.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from math import inf
from typing import Final

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import NoScriptError, RedisError

Connect = Callable[[], Awaitable[AbstractConnection | None]]
"""A connection that the driver has greeted and signed in; None while there is none to be had. Takes as long as it may.

It has no time limit for a command of its own: the line has one for all.
"""

PATIENCE: Final = 1.0
"""Seconds after which a server that owes an answer counts as gone: they leave time for the driver's way."""
PAUSE: Final = 0.5
"""Seconds until a line that broke, or could not be had, is opened again."""
_ODD: Final = (RedisError, OSError)


@dataclass(frozen=True, slots=True)
class _Question:
    answer: asyncio.Future[object]
    at: float

    def settle(self, answer: object) -> None:
        """Nothing happens where its caller has gone away."""
        if not self.answer.done():
            self.answer.set_result(answer)


class Line:
    """Opened aside by the first question, and again after it broke: nobody waits for that."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._connection: AbstractConnection | None = None
        self._reading: asyncio.Task[None] | None = None
        self._waiting: deque[_Question] = deque()
        self._watch: asyncio.TimerHandle | None = None
        self._opens_at = 0.0

    async def ask(self, *command: str | int | float) -> object | None:
        """The server's answer, within PATIENCE; None where it is an error or does not come this way."""
        connection = self._connection
        if connection is None or not connection.is_connected:
            self._open()
            return None
        question = self._awaited()
        try:
            await connection.send_command(*command, check_health=False)
        except _ODD:
            self._hang_up()
        return await question.answer

    async def aclose(self) -> None:
        """Hangs up; the next question opens it again."""
        self._hang_up()
        if self._reading is not None:
            await asyncio.wait([self._reading])
        self._opens_at = 0.0

    def _open(self) -> None:
        if self._reading is None and asyncio.get_running_loop().time() >= self._opens_at:
            self._reading = asyncio.create_task(self._live(), name="shared line to redis")
            self._reading.add_done_callback(self._ended)

    def _ended(self, _: asyncio.Task[None]) -> None:
        self._reading = None
        self._opens_at = asyncio.get_running_loop().time() + PAUSE

    def _hang_up(self) -> None:
        if self._reading is not None:
            self._reading.cancel()

    async def _live(self) -> None:
        """Until it breaks or is hung up."""
        connection = await self._connect()
        if connection is None:
            return
        self._connection = connection
        try:
            await self._read(connection)
        except _ODD:
            return
        finally:
            self._connection = None
            self._let_go()
            await connection.disconnect(nowait=True)

    async def _read(self, connection: AbstractConnection) -> None:
        """Hands each answer to whoever asked first of those that wait. Ends at one that nobody asked for."""
        while True:
            try:
                answer = await connection.read_response(timeout=inf)
            except NoScriptError:
                answer = None
            if not self._waiting:
                return
            self._waiting.popleft().settle(answer)

    def _let_go(self) -> None:
        """Whoever waits goes the other way."""
        for question in self._waiting:
            question.settle(None)
        self._waiting.clear()
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def _awaited(self) -> _Question:
        loop = asyncio.get_running_loop()
        question = _Question(loop.create_future(), loop.time())
        self._waiting.append(question)
        if self._watch is None:
            self._watch = loop.call_later(PATIENCE, self._look)
        return question

    def _look(self) -> None:
        """One timer for all: it looks at whoever has waited longest."""
        self._watch = None
        if not self._waiting:
            return
        loop = asyncio.get_running_loop()
        left = self._waiting[0].at + PATIENCE - loop.time()
        if left > 0:
            self._watch = loop.call_later(left, self._look)
        else:
            self._hang_up()
