"""Breaker news between parts of one process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from core.domain.breaker import BreakerName, News
from core.ports.guards import BreakerNews
from core.ports.system import Clock


class MemoryBreakerNews(BreakerNews):
    """Every listener has a queue of its own; permissions are kept by the given clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._listeners: set[asyncio.Queue[News]] = set()
        self._held: dict[BreakerName, float] = {}

    async def tell(self, news: News) -> None:
        for queue in self._listeners:
            queue.put_nowait(news)

    async def listen(self) -> AsyncGenerator[News, None]:
        queue: asyncio.Queue[News] = asyncio.Queue()
        self._listeners.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self._listeners.discard(queue)

    async def may_probe(self, name: BreakerName, *, seconds: float) -> bool:
        now = self._clock.monotonic()
        if now < self._held.get(name, now):
            return False
        self._held[name] = now + seconds
        return True

    async def hold_probes(self, name: BreakerName, *, seconds: float) -> None:
        self._held[name] = self._clock.monotonic() + seconds
