"""A work index as two processes see it, in memory, on Redis and on Postgres."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import psycopg

from adapters.memory.system import ManualClock
from adapters.memory.work_index import MemoryWorkIndex
from adapters.postgres.notices import Notices
from adapters.postgres.work_index import PostgresWorkIndex
from adapters.redis.connection import open_redis
from adapters.redis.work_index import RedisWorkIndex
from core.domain.events import WorkItem, WorkKind
from core.ids import StoreId
from core.ports.work_index import WorkIndex
from tests.contract.two_pools import two_pools
from tests.servers import Database

WINDOW = 4
RECLAIM_AFTER = 0.3
LONG = 20.0
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


@asynccontextmanager
async def postgres_index_world(database: Database) -> AsyncIterator[IndexWorld]:
    async with two_pools(database) as pools:
        notices = [Notices(pool) for pool in pools]
        ours, theirs = (
            PostgresWorkIndex(pool, heard, window=WINDOW, reclaim_after=RECLAIM_AFTER)
            for pool, heard in zip(pools, notices, strict=True)
        )
        yield IndexWorld(ours, theirs, partial(asyncio.to_thread, _crash, database), lambda: None)
        for one in notices:
            await one.aclose()


def _crash(database: Database) -> None:
    """What a crash of Postgres does to tables that are not logged."""
    with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
        owner.execute("TRUNCATE work_index, work_index_full, work_index_life")


def events(count: int, store: int = 1, start: int = 0) -> list[WorkItem]:
    return [WorkItem(WorkKind.EVENT, f"e{number}", StoreId(store)) for number in range(start, start + count)]
