"""What single-use states and named locks promise."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from adapters.memory.guards import MemoryLocks, MemoryStateStore
from adapters.memory.system import ManualClock
from adapters.postgres.connection import open_pool
from adapters.postgres.locks import PostgresLocks
from adapters.postgres.maintenance import PostgresMaintenance
from adapters.postgres.state_store import PostgresStateStore
from adapters.redis.connection import open_redis
from adapters.redis.state_store import RedisStateStore
from core.ports.guards import Locks, StateStore
from tests.contract.two_pools import two_pools
from tests.servers import Database

SOON = 20.0


@dataclass
class States:
    """A state store, the same as another process sees it, and time."""

    store: StateStore
    other: StateStore
    gone: Callable[[str], Awaitable[bool]]
    """Whether a state expires by itself within a few seconds."""


@pytest.fixture(params=["memory", "redis", "postgres"])
async def states(request: pytest.FixtureRequest) -> AsyncIterator[States]:
    match request.param:
        case "memory":
            yield memory_states()
        case "redis":
            async with redis_states(request.getfixturevalue("redis_url")) as states:
                yield states
        case _:
            async with postgres_states(request.getfixturevalue("database")) as states:
                yield states


@asynccontextmanager
async def redis_states(url: str) -> AsyncIterator[States]:
    clients, other = open_redis(url), open_redis(url)

    async def gone(state: str) -> bool:
        async with asyncio.timeout(SOON):
            while await clients.writer.exists(f"wasl:state:{{{state}}}"):
                await asyncio.sleep(0.01)
        return True

    yield States(RedisStateStore(clients), RedisStateStore(other), gone)
    await clients.aclose()
    await other.aclose()


@asynccontextmanager
async def postgres_states(database: Database) -> AsyncIterator[States]:
    async with two_pools(database) as (ours, theirs):

        async def gone(_: str) -> bool:
            async with asyncio.timeout(SOON):
                while not await PostgresMaintenance(ours).forget_expired(limit=10):
                    await asyncio.sleep(0.01)
            return True

        yield States(PostgresStateStore(ours), PostgresStateStore(theirs), gone)


def memory_states() -> States:
    clock = ManualClock()
    store = MemoryStateStore(clock)

    async def gone(state: str) -> bool:
        clock.advance(SOON)
        return True

    return States(store, store, gone)


async def test_a_state_is_taken_once(states: States) -> None:
    await states.store.put("abc", "قيمة", ttl=60)
    assert await states.other.take("abc") == "قيمة"
    assert await states.store.take("abc") is None


async def test_of_many_at_once_one_takes_it(states: States) -> None:
    await states.store.put("abc", "value", ttl=60)
    taken = await asyncio.gather(*(taker.take("abc") for taker in [states.store, states.other] * 10))
    assert [value for value in taken if value is not None] == ["value"]


async def test_an_unknown_state_is_none(states: States) -> None:
    assert await states.store.take("never put") is None
    assert await states.store.take("") is None
    assert await states.store.take("}{ with * braces\n" * 50) is None


async def test_an_expired_state_is_none(states: States) -> None:
    await states.store.put("abc", "value", ttl=0.05)
    await states.store.put("other", "value", ttl=600)
    assert await states.gone("abc")
    assert await states.store.take("abc") is None
    assert await states.store.take("other") == "value"


async def test_a_state_is_none_from_its_end_on_also_where_it_is_still_kept(states: States) -> None:
    await states.store.put("abc", "value", ttl=0.001)
    await states.store.put("later", "value", ttl=0.001)
    assert await states.gone("abc")
    assert await states.other.take("later") is None


async def test_the_last_value_put_counts(states: States) -> None:
    await states.store.put("abc", "first", ttl=60)
    await states.store.put("abc", "second", ttl=60)
    assert await states.store.take("abc") == "second"


@pytest.fixture(params=["memory", "postgres"])
async def locks(request: pytest.FixtureRequest) -> AsyncIterator[Locks]:
    if request.param == "memory":
        yield MemoryLocks()
        return
    pool = await open_pool(request.getfixturevalue("database").dsn, max_size=4)
    yield PostgresLocks(pool)
    await pool.close()


async def test_a_free_lock_is_held_at_once(locks: Locks) -> None:
    async with locks.hold("store 1", wait=0) as held:
        assert held


async def test_a_held_lock_is_refused_after_the_wait(locks: Locks) -> None:
    async with locks.hold("store 1", wait=0) as first:
        async with locks.hold("store 1", wait=0) as at_once:
            assert not at_once
        async with locks.hold("store 1", wait=0.15) as later:
            assert not later
        async with locks.hold("store 2", wait=0) as another:
            assert another
        assert first


async def test_a_lock_that_was_refused_stays_with_its_holder(locks: Locks) -> None:
    async with locks.hold("x", wait=0):
        async with locks.hold("x", wait=0) as refused:
            assert not refused
        async with locks.hold("x", wait=0) as again:
            assert not again


async def test_a_lock_is_free_after_its_block_and_after_an_exception(locks: Locks) -> None:
    with pytest.raises(LookupError):
        await _hold_and_fail(locks)
    async with locks.hold("x", wait=0) as held:
        assert held


async def _hold_and_fail(locks: Locks) -> None:
    async with locks.hold("x", wait=0):
        raise LookupError


async def test_who_waits_gets_it_when_it_is_let_go(locks: Locks) -> None:
    order = []

    async def wait_for_it() -> bool:
        async with locks.hold("x", wait=SOON) as held:
            order.append("second")
            return held

    async with locks.hold("x", wait=0):
        waiting = asyncio.create_task(wait_for_it())
        done, _ = await asyncio.wait({waiting}, timeout=0.05)
        assert not done
        order.append("first")
    assert await waiting
    assert order == ["first", "second"]


async def test_one_at_a_time(locks: Locks) -> None:
    inside = most = 0

    async def work() -> None:
        nonlocal inside, most
        async with locks.hold("x", wait=SOON) as held:
            assert held
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(work() for _ in range(5)))
    assert most == 1
