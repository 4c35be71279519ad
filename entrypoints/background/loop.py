"""Work that goes on beside other work until it is told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from entrypoints.process import keep_doing


class Work(Protocol):
    """Goes on by itself: what fails is logged and tried again."""

    async def work(self, stop: asyncio.Event) -> None:
        """Returns when `stop` is set and nothing of it is under way any more."""


@dataclass(frozen=True, slots=True)
class Loop:
    """One step again and again, `every` seconds apart. A stop waits for the step, or cuts it off where it may be."""

    name: str
    step: Callable[[], Awaitable[object]]
    every: float
    cut_off: bool = False

    async def work(self, stop: asyncio.Event) -> None:
        doing = keep_doing(self.name, self.step, every=self.every, stop=stop)
        if not self.cut_off:
            return await doing
        task = asyncio.create_task(doing, name=self.name)
        try:
            await stop.wait()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        return None


async def work_together(works: Iterable[Work], stop: asyncio.Event) -> None:
    """All of them at once, until each has ended."""
    async with asyncio.TaskGroup() as tasks:
        for one in works:
            tasks.create_task(one.work(stop))
