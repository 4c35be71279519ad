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
from typing import Final, cast

import hiredis
from redis.asyncio.connection import AbstractConnection

Connect = Callable[[], Awaitable[AbstractConnection | None]]
"""A connection that the driver has greeted and signed in; None while there is none to be had."""

PATIENCE: Final = 2.0
"""Seconds after which a server that owes an answer counts as gone."""


@dataclass(frozen=True, slots=True)
class _Question:
    answer: asyncio.Future[object]
    at: float


class _Answers(asyncio.Protocol):
    """Hands each answer to whoever asked first of those that wait."""

    def __init__(self) -> None:
        self._reader = hiredis.Reader(encoding="utf-8")
        self.waiting: deque[_Question] = deque()
        self.is_lost = False

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        while self.waiting and (answer := self._reader.gets()) is not False:
            question = self.waiting.popleft()
            if not question.answer.done():
                question.answer.set_result(answer)

    def connection_lost(self, _: Exception | None) -> None:
        """Whoever waits goes the other way."""
        self.is_lost = True
        for question in self.waiting:
            if not question.answer.done():
                question.answer.set_result(None)
        self.waiting.clear()


class Line:
    """Opened by the first question, and again after it broke."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._connection: AbstractConnection | None = None
        self._transport: asyncio.Transport | None = None
        self._answers = _Answers()
        self._opening = asyncio.Lock()

    async def ask(self, *command: str | int | float) -> object | None:
        """The server's answer; None where it is an error or does not come this way."""
        loop = asyncio.get_running_loop()
        transport = self._transport
        if transport is None or not self._is_sound(loop.time()):
            transport = await self._opened()
        if transport is None:
            return None
        question = _Question(loop.create_future(), loop.time())
        self._answers.waiting.append(question)
        transport.write(hiredis.pack_command(command))  # type: ignore[arg-type]  # its stub takes one-tuples only
        answer = await question.answer
        if not isinstance(answer, hiredis.ReplyError):
            return answer
        await self.aclose()
        return None

    async def aclose(self) -> None:
        """Hangs up; the next question opens it again."""
        connection, self._connection, self._transport = self._connection, None, None
        if connection is not None:
            await connection.disconnect(nowait=True)

    def _is_sound(self, now: float) -> bool:
        waiting = self._answers.waiting
        return not self._answers.is_lost and not (waiting and now - waiting[0].at > PATIENCE)

    async def _opened(self) -> asyncio.Transport | None:
        """None while it cannot be opened, and for those who come while somebody is at it."""
        if self._opening.locked():
            return None
        async with self._opening:
            await self.aclose()
            connection = await self._connect()
            return self._taken_over(connection) if connection else None

    def _taken_over(self, connection: AbstractConnection) -> asyncio.Transport:
        """From here on answers are read by us."""
        writer = connection._writer
        assert writer is not None  # connected
        self._connection, self._answers = connection, _Answers()
        self._transport = cast("asyncio.Transport", writer.transport)
        self._transport.set_protocol(self._answers)
        return self._transport
