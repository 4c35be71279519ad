"""What a cache promises."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest

from adapters.memory.cache import MemoryCache
from adapters.memory.system import ManualClock
from adapters.postgres.cache import PostgresCache
from adapters.redis.cache import RedisCache
from adapters.redis.connection import open_redis
from core.errors import Unavailable
from core.ports.cache import Cache
from tests.contract.two_pools import two_pools

SOON = 20.0


@dataclass
class Caches:
    """A cache, the same as another process sees it, and time."""

    cache: Cache
    other: Cache
    gone: Callable[[str], Awaitable[bool]]
    """Whether a name is forgotten by itself within a few seconds."""


@pytest.fixture(params=["memory", "redis", "postgres"])
async def caches(request: pytest.FixtureRequest) -> AsyncIterator[Caches]:
    match request.param:
        case "memory":
            yield memory_caches()
        case "redis":
            clients = open_redis(request.getfixturevalue("redis_url"))
            other = open_redis(request.getfixturevalue("redis_url"))
            yield shared_caches(RedisCache(clients), RedisCache(other))
            await clients.aclose()
            await other.aclose()
        case _:
            async with two_pools(request.getfixturevalue("database")) as (ours, theirs):
                yield shared_caches(PostgresCache(ours), PostgresCache(theirs))


def shared_caches(cache: Cache, other: Cache) -> Caches:
    async def gone(name: str) -> bool:
        async with asyncio.timeout(SOON):
            while await cache.get(name) is not None:
                await asyncio.sleep(0.01)
        return True

    return Caches(cache, other, gone)


def memory_caches() -> Caches:
    clock = ManualClock()
    cache = MemoryCache(clock)

    async def gone(name: str) -> bool:
        clock.advance(SOON)
        return True

    return Caches(cache, cache, gone)


async def test_what_was_put_last_is_got_by_everybody_any_number_of_times(caches: Caches) -> None:
    await caches.cache.put("cities/184", "first", ttl=60)
    await caches.other.put("cities/184", "الرياض", ttl=60)

    for _ in range(2):
        assert await caches.cache.get("cities/184") == "الرياض"


async def test_names_do_not_meet(caches: Caches) -> None:
    await caches.cache.put("a", "1", ttl=60)
    await caches.cache.put("a:b}{*", "", ttl=60)

    assert await caches.other.get("a") == "1"
    assert await caches.other.get("a:b}{*") == ""
    assert await caches.other.get("b") is None


async def test_what_is_over_is_not_known(caches: Caches) -> None:
    await caches.cache.put("a", "1", ttl=0.05)
    await caches.cache.put("b", "2", ttl=600)

    assert await caches.gone("a")
    assert await caches.cache.get("a") is None
    assert await caches.cache.get("b") == "2"


async def test_a_redis_that_is_away_is_unavailable() -> None:
    clients = open_redis("redis://127.0.0.1:1/0")
    try:
        with pytest.raises(Unavailable):
            await RedisCache(clients).get("a")
        with pytest.raises(Unavailable):
            await RedisCache(clients).put("a", "1", ttl=1)
    finally:
        await clients.aclose()
