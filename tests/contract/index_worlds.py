"""A work index as two processes see it, in memory and on Redis."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from adapters.memory.system import ManualClock
from adapters.memory.work_index import MemoryWorkIndex
from adapters.redis.connection import open_redis
from adapters.redis.work_index import RedisWorkIndex
from core.domain.events import WorkItem, WorkKind
from core.ids import StoreId
from core.ports.work_index import WorkIndex

WINDOW = 4
RECLAIM_AFTER = 0.3
LONG = 5.0
"""The most that a take waits for what must come; it returns as soon as it is there."""


@dataclass
class IndexWorld:
    """`other` is the same index in another process; `age` makes what is taken now come back soon."""

    index: WorkIndex
    other: WorkIndex
    lose: Callable[[], Awaitable[object]]
    age: Callable[[], None]


def memory_index_world() -> IndexWorld:
    clock = ManualClock()
    index = MemoryWorkIndex(clock, window=WINDOW, reclaim_after=RECLAIM_AFTER)

    async def lose() -> None:
        index.lose_everything()

    return IndexWorld(index, index, lose, lambda: clock.advance(RECLAIM_AFTER))


@asynccontextmanager
async def redis_index_world(url: str) -> AsyncIterator[IndexWorld]:
    ours, theirs = open_redis(url), open_redis(url)
    index = RedisWorkIndex(ours, window=WINDOW, reclaim_after=RECLAIM_AFTER)
    other = RedisWorkIndex(theirs, window=WINDOW, reclaim_after=RECLAIM_AFTER)
    try:
        yield IndexWorld(index, other, ours.writer.flushall, lambda: None)
    finally:
        await ours.aclose()
        await theirs.aclose()


def events(count: int, store: int = 1, start: int = 0) -> list[WorkItem]:
    return [WorkItem(WorkKind.EVENT, f"e{number}", StoreId(store)) for number in range(start, start + count)]
