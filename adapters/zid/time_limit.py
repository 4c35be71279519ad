"""How long one operation may take altogether, however many sendings it needs."""

from __future__ import annotations

import asyncio
import math

from adapters.zid.wire import Request, Wire
from core.domain.exchange import AnswerLost, Sent
from core.ports.system import Clock


class TimeLimit:
    """So many seconds from `start`, or any number of them."""

    def __init__(self, clock: Clock, seconds: float | None) -> None:
        self._clock = clock
        self._seconds = seconds

    def start(self) -> float | None:
        """The moment, on the monotonic clock, at which an operation that begins now has to be over."""
        return None if self._seconds is None else self._clock.monotonic() + self._seconds

    def left(self, until: float | None) -> float:
        return math.inf if until is None else until - self._clock.monotonic()


class TimedWire(Wire):
    """Ends a sending at its request's `until`. It was sent, so its answer is lost."""

    def __init__(self, wire: Wire, clock: Clock) -> None:
        self._wire = wire
        self._clock = clock

    async def send(self, request: Request) -> Sent:
        if request.until is None:
            return await self._wire.send(request)
        limit = asyncio.timeout(max(0.0, request.until - self._clock.monotonic()))
        try:
            async with limit:
                return await self._wire.send(request)
        except TimeoutError:
            if not limit.expired():
                raise
            return AnswerLost("the time for this operation is over")
