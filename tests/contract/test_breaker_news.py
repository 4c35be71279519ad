"""What processes may rely on when they tell each other of Zid's failures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

import pytest

from adapters.memory.breaker_news import MemoryBreakerNews
from adapters.memory.system import ManualClock
from adapters.postgres.breaker_news import CHANNEL as NOTICES
from adapters.postgres.breaker_news import PostgresBreakerNews
from adapters.postgres.connection import open_pool
from adapters.postgres.notices import Notices
from adapters.redis.breaker_news import CHANNEL, RedisBreakerNews
from adapters.redis.connection import open_redis
from core.domain.breaker import BreakerName, News
from core.errors import Unavailable
from core.ids import StoreId
from core.ports.guards import BreakerNews
from tests.contract.two_pools import two_pools
from tests.servers import Database

STORE = BreakerName("products", StoreId(9))
FAMILY = BreakerName("products")
OPENED, CLOSED = News(STORE, True, "a"), News(FAMILY, False, "b")


@dataclass
class Newsroom:
    """The news as two processes have them. `heard_by(n)` waits until n listen."""

    ours: BreakerNews
    theirs: BreakerNews
    sleep: Callable[[float], Awaitable[None]]
    heard_by: Callable[[int], Awaitable[None]]


@pytest.fixture(params=["memory", "redis", "postgres"])
async def newsroom(request: pytest.FixtureRequest) -> AsyncIterator[Newsroom]:
    match request.param:
        case "memory":
            clock = ManualClock()
            news = MemoryBreakerNews(clock)
            yield Newsroom(news, news, clock.sleep, lambda _: asyncio.sleep(0))
        case "redis":
            async with redis_newsroom(request.getfixturevalue("redis_url")) as newsroom:
                yield newsroom
        case _:
            async with postgres_newsroom(request.getfixturevalue("database")) as newsroom:
                yield newsroom


@asynccontextmanager
async def postgres_newsroom(database: Database) -> AsyncIterator[Newsroom]:
    """Listeners of one process share its connection: they have their places when their tasks wait."""
    async with two_pools(database) as pools:
        notices = [Notices(pool) for pool in pools]
        ours, theirs = (PostgresBreakerNews(pool, heard) for pool, heard in zip(pools, notices, strict=True))

        async def heard_by(count: int) -> None:
            async with asyncio.timeout(20):
                while sum(one.listeners(NOTICES) for one in notices) < count:
                    await asyncio.sleep(0.005)

        yield Newsroom(ours, theirs, asyncio.sleep, heard_by)
        for one in notices:
            await one.aclose()


@asynccontextmanager
async def redis_newsroom(url: str) -> AsyncIterator[Newsroom]:
    ours, theirs = open_redis(url), open_redis(url)

    async def heard_by(count: int) -> None:
        async with asyncio.timeout(20):
            while dict(await ours.writer.pubsub_numsub(CHANNEL)).get(CHANNEL, 0) < count:
                await asyncio.sleep(0.005)

    yield Newsroom(RedisBreakerNews(ours), RedisBreakerNews(theirs), asyncio.sleep, heard_by)
    await ours.aclose()
    await theirs.aclose()


async def hear(news: BreakerNews, count: int) -> list[News]:
    async with aclosing(news.listen()) as heard:
        return [await anext(heard) for _ in range(count)]


async def test_every_listener_hears_what_is_told_in_order(newsroom: Newsroom) -> None:
    listening = [asyncio.create_task(hear(news, 2)) for news in (newsroom.ours, newsroom.theirs, newsroom.theirs)]
    await newsroom.heard_by(3)
    await newsroom.ours.tell(OPENED)
    await newsroom.theirs.tell(CLOSED)
    async with asyncio.timeout(20):
        assert await asyncio.gather(*listening) == [[OPENED, CLOSED]] * 3


async def test_who_listens_later_hears_what_is_told_later(newsroom: Newsroom) -> None:
    await newsroom.ours.tell(OPENED)
    listening = asyncio.create_task(hear(newsroom.theirs, 1))
    await newsroom.heard_by(1)
    await newsroom.ours.tell(CLOSED)
    async with asyncio.timeout(20):
        assert await listening == [CLOSED]


async def test_of_many_askers_one_may_probe(newsroom: Newsroom) -> None:
    askers = [newsroom.ours, newsroom.theirs] * 10
    assert sum(await asyncio.gather(*(asker.may_probe(STORE, seconds=60) for asker in askers))) == 1
    assert await newsroom.ours.may_probe(FAMILY, seconds=60)


async def test_the_permission_ends_with_its_time(newsroom: Newsroom) -> None:
    assert await newsroom.ours.may_probe(FAMILY, seconds=60)
    assert not await newsroom.theirs.may_probe(FAMILY, seconds=60)
    assert await newsroom.ours.may_probe(STORE, seconds=0.05)
    await newsroom.sleep(0.1)
    assert await newsroom.theirs.may_probe(STORE, seconds=60)


async def test_the_permission_may_be_extended_and_given_back(newsroom: Newsroom) -> None:
    assert await newsroom.ours.may_probe(STORE, seconds=0.5)
    await newsroom.ours.hold_probes(STORE, seconds=60)
    await newsroom.sleep(0.6)
    assert not await newsroom.theirs.may_probe(STORE, seconds=60)
    await newsroom.ours.hold_probes(STORE, seconds=0)
    assert await newsroom.theirs.may_probe(STORE, seconds=60)


async def test_a_lost_connection_is_said() -> None:
    clients = open_redis("redis://127.0.0.1:1")
    news = RedisBreakerNews(clients)
    for attempt in (news.tell(OPENED), news.may_probe(STORE, seconds=1), news.hold_probes(STORE, seconds=1)):
        with pytest.raises(Unavailable):
            await attempt
    with pytest.raises(Unavailable):
        await hear(news, 1)
    await clients.aclose()


CUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"
)


async def test_a_listener_hears_that_postgres_cut_it_off_and_may_listen_again(database: Database) -> None:
    pool = await open_pool(database.dsn, max_size=4)
    notices = Notices(pool)
    news = PostgresBreakerNews(pool, notices)
    for _ in range(2):
        listening = asyncio.create_task(hear(news, 1))
        async with asyncio.timeout(20):
            while not notices.listeners(NOTICES):
                await asyncio.sleep(0.005)
        await pool.execute(CUT)
        async with asyncio.timeout(20):
            with pytest.raises(Unavailable):
                await listening
    await notices.aclose()
    await pool.close()
