"""The work index in memory."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice

from core.domain.events import WorkItem
from core.ids import StoreId
from core.ports.system import Clock
from core.ports.work_index import Announcer, WorkIndex


class MemoryWorkIndex(WorkIndex):
    """Items by arrival; `reclaim_after` is the clock's time, the wait of `take` is real time."""

    def __init__(self, clock: Clock, *, window: int = 256, reclaim_after: float = 5.0) -> None:
        self._clock = clock
        self._window = window
        self._reclaim_after = reclaim_after
        self._free_at: dict[WorkItem, float] = {}
        self._full: set[StoreId] = set()
        self._arrived = asyncio.Event()
        self._lives = 1

    async def publish(self, items: Sequence[WorkItem]) -> int:
        before = len(self._free_at)
        counts = Counter(item.store_id for item in self._free_at)
        for item in items:
            if item in self._free_at:
                continue
            if counts[item.store_id] >= self._window:
                self._full.add(item.store_id)
                continue
            counts[item.store_id] += 1
            self._free_at[item] = float("-inf")
        self._arrived.set()
        return len(self._free_at) - before

    async def take(self, *, limit: int, wait: float) -> Sequence[WorkItem]:
        with suppress(TimeoutError):
            async with asyncio.timeout(wait):
                while not self._free(limit):
                    self._arrived.clear()
                    await self._arrived.wait()
        taken = self._free(limit)
        back_at = self._clock.monotonic() + self._reclaim_after
        self._free_at.update(dict.fromkeys(taken, back_at))
        return taken

    def _free(self, limit: int) -> list[WorkItem]:
        now = self._clock.monotonic()
        return list(islice((item for item, free_at in self._free_at.items() if free_at <= now), limit))

    async def finish(self, items: Sequence[WorkItem]) -> Sequence[StoreId]:
        for item in items:
            self._free_at.pop(item, None)
        counts = Counter(item.store_id for item in self._free_at)
        relieved = [store_id for store_id in sorted(self._full) if counts[store_id] <= self._window // 2]
        self._full -= set(relieved)
        return relieved

    async def absent(self, items: Sequence[WorkItem]) -> Sequence[WorkItem]:
        return [item for item in items if item not in self._free_at]

    async def incarnation(self) -> str:
        return str(self._lives)

    async def depth(self) -> int:
        return len(self._free_at)

    def lose_everything(self) -> None:
        """What `FLUSHALL` does."""
        self._free_at.clear()
        self._full.clear()
        self._lives += 1


class RecordingAnnouncer(Announcer):
    """Remembers what was announced, in order."""

    def __init__(self) -> None:
        self.announced: list[WorkItem] = []

    def announce(self, items: Sequence[WorkItem]) -> None:
        self.announced.extend(items)
