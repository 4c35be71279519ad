"""The work index in memory."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice

from core.domain.events import WorkItem
from core.domain.turns import Turns
from core.ids import StoreId
from core.ports.system import Clock
from core.ports.work_index import SET_OUT, Announcer, WorkIndex


class MemoryWorkIndex(WorkIndex):
    """Items in turns by store; `reclaim_after` is the clock's time, the wait of `take` is real time."""

    def __init__(self, clock: Clock, *, window: int = 256, reclaim_after: float = 5.0) -> None:
        self._clock = clock
        self._window = window
        self._reclaim_after = reclaim_after
        self._forget()
        self._arrived = asyncio.Event()
        self._lives = 1

    def _forget(self) -> None:
        self._waiting: Turns[StoreId, WorkItem] = Turns()
        self._members: dict[WorkItem, None] = {}
        self._set_out: list[WorkItem] = []
        self._back_at: dict[WorkItem, float] = {}
        self._full: set[StoreId] = set()

    async def publish(self, items: Sequence[WorkItem]) -> int:
        before = len(self._members)
        counts = self._counts()
        for item in items:
            if item in self._members:
                continue
            if counts[item.store_id] >= self._window:
                self._full.add(item.store_id)
                continue
            counts[item.store_id] += 1
            self._members[item] = None
            self._waiting.add(item.store_id, item)
        self._choose()
        self._arrived.set()
        return len(self._members) - before

    def _counts(self) -> Counter[StoreId]:
        return Counter(item.store_id for item in self._members)

    def _choose(self) -> None:
        """What lies ready for the next caller."""
        while len(self._set_out) < SET_OUT and (item := self._waiting.next()):
            self._set_out.append(item)

    async def take(self, *, limit: int, wait: float) -> Sequence[WorkItem]:
        with suppress(TimeoutError):
            async with asyncio.timeout(wait):
                while not self._set_out and not self._left_over(limit):
                    self._arrived.clear()
                    await self._arrived.wait()
        taken = self._left_over(limit) or self._next(limit)
        back_at = self._clock.monotonic() + self._reclaim_after
        self._back_at.update(dict.fromkeys(taken, back_at))
        return taken

    def _left_over(self, limit: int) -> list[WorkItem]:
        now = self._clock.monotonic()
        return list(islice((item for item, back_at in self._back_at.items() if back_at <= now), limit))

    def _next(self, limit: int) -> list[WorkItem]:
        taken: list[WorkItem] = []
        while len(taken) < limit and self._set_out:
            taken.append(self._set_out.pop(0))
            self._choose()
        return taken

    async def finish(self, items: Sequence[WorkItem]) -> Sequence[StoreId]:
        for item in items:
            self._let_go(item)
        self._choose()
        counts = self._counts()
        relieved = [store_id for store_id in sorted(self._full) if counts[store_id] <= self._window // 2]
        self._full -= set(relieved)
        return relieved

    def _let_go(self, item: WorkItem) -> None:
        self._members.pop(item, None)
        self._back_at.pop(item, None)
        self._waiting.remove(item.store_id, item)
        if item in self._set_out:
            self._set_out.remove(item)

    async def absent(self, items: Sequence[WorkItem]) -> Sequence[WorkItem]:
        return [item for item in items if item not in self._members]

    async def incarnation(self) -> str:
        return str(self._lives)

    async def depth(self) -> int:
        return len(self._members)

    def lose_everything(self) -> None:
        """What `FLUSHALL` does."""
        self._forget()
        self._lives += 1


class RecordingAnnouncer(Announcer):
    """Remembers what was announced, in order."""

    def __init__(self) -> None:
        self.announced: list[WorkItem] = []

    def announce(self, items: Sequence[WorkItem]) -> None:
        self.announced.extend(items)
