"""OAuth states and named locks inside one process."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from core.ports.guards import Locks, StateStore
from core.ports.system import Clock


class MemoryStateStore(StateStore):
    """States in a dict; expiry by the given clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[str, tuple[str, float]] = {}

    async def put(self, state: str, value: str, *, ttl: float) -> None:
        self._kept[state] = (value, self._clock.monotonic() + ttl)

    async def take(self, state: str) -> str | None:
        value, until = self._kept.pop(state, (None, 0.0))
        return value if self._clock.monotonic() < until else None


class MemoryLocks(Locks):
    """One lock per name; waiting is real time."""

    def __init__(self) -> None:
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def hold(self, name: str, *, wait: float) -> AbstractAsyncContextManager[bool]:
        return _held(self._locks[name], wait)


@asynccontextmanager
async def _held(lock: asyncio.Lock, wait: float) -> AsyncIterator[bool]:
    if not await _acquired(lock, wait):
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


async def _acquired(lock: asyncio.Lock, wait: float) -> bool:
    if not lock.locked():
        return await lock.acquire()
    try:
        return await asyncio.wait_for(lock.acquire(), wait)
    except TimeoutError:
        return False
