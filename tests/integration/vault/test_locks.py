"""Named locks across processes and within one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from adapters.postgres.connection import Pool, open_pool
from adapters.postgres.locks import PostgresLocks, lock_key
from core.errors import Unavailable
from tests.servers import Database


@pytest.fixture
async def other_pool(database: Database) -> AsyncIterator[Pool]:
    """The pool of another process."""
    pool = await open_pool(database.dsn, max_size=4)
    try:
        yield pool
    finally:
        await pool.close()


async def _held_in_database(pool: Pool) -> int:
    statement = """
        SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    """
    count = await pool.fetchval(statement)
    assert isinstance(count, int)
    return count


@pytest.mark.parametrize("same_process", [True, False])
async def test_one_holder_at_a_time(pool: Pool, other_pool: Pool, same_process: bool) -> None:
    mine = PostgresLocks(pool)
    others = mine if same_process else PostgresLocks(other_pool)
    async with mine.hold("store:1", wait=0) as first:
        async with others.hold("store:1", wait=0.05) as second, others.hold("store:2", wait=0) as third:
            assert (first, second, third) == (True, False, True)
        async with others.hold("store:1", wait=0) as still:
            assert not still
    async with others.hold("store:1", wait=0) as now:
        assert now


async def test_many_who_wait_all_get_it_one_after_the_other(pool: Pool, other_pool: Pool) -> None:
    sides = [PostgresLocks(pool, poll=0.005), PostgresLocks(other_pool, poll=0.005)]
    inside = 0
    served = 0

    async def work(locks: PostgresLocks) -> None:
        nonlocal inside, served
        async with locks.hold("store:1", wait=20) as held:
            assert held
            inside += 1
            assert inside == 1
            await pool.fetchval("SELECT 1")
            inside -= 1
            served += 1

    await asyncio.gather(*(work(sides[n % 2]) for n in range(20)))
    assert served == 20
    assert await _held_in_database(pool) == 0


async def test_any_number_of_locks_takes_one_connection_and_gives_it_back(database: Database) -> None:
    pool = await open_pool(database.dsn, max_size=2)
    locks = PostgresLocks(pool)
    inside, everybody = 0, asyncio.Event()

    async def work(name: str) -> None:
        nonlocal inside
        async with locks.hold(name, wait=5) as held:
            assert held
            inside += 1
            if inside == 30:
                everybody.set()
            await everybody.wait()
            await pool.fetchval("SELECT 1")

    async with asyncio.timeout(30):
        await asyncio.gather(*(work(f"store:{n}") for n in range(30)))
        assert await _held_in_database(pool) == 0
        await pool.close()


async def test_an_exception_under_the_lock_frees_it(pool: Pool, other_pool: Pool) -> None:
    with suppress(ZeroDivisionError):
        async with PostgresLocks(pool).hold("store:1", wait=0):
            raise ZeroDivisionError
    async with PostgresLocks(other_pool).hold("store:1", wait=0) as held:
        assert held


async def test_a_holder_whose_connection_ends_loses_the_lock(pool: Pool, other_pool: Pool) -> None:
    mine, others = PostgresLocks(pool), PostgresLocks(other_pool)
    async with mine.hold("store:1", wait=0):
        await other_pool.execute("""
            SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'
        """)
        async with others.hold("store:1", wait=5) as taken_over:
            assert taken_over
        async with mine.hold("store:2", wait=5) as after_reconnecting:
            assert after_reconnecting
    async with mine.hold("store:1", wait=0) as again:
        assert again
    assert await _held_in_database(pool) == 0


async def test_callers_that_give_up_at_any_moment_leave_no_lock_behind(pool: Pool, other_pool: Pool) -> None:
    mine = PostgresLocks(pool, poll=0.001)

    async def work() -> None:
        async with mine.hold("store:1", wait=10):
            await pool.fetchval("SELECT pg_sleep(0.002)")

    async with mine.hold("another", wait=0):  # keeps the session open all the while
        tasks = [asyncio.create_task(work()) for _ in range(40)]
        for number, task in enumerate(tasks):
            for _ in range(number % 7):
                await asyncio.sleep(0)
            await pool.fetchval("SELECT 1")
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(outcome is None or isinstance(outcome, asyncio.CancelledError) for outcome in outcomes)
        async with PostgresLocks(other_pool).hold("store:1", wait=0) as held:
            assert held
    assert await _held_in_database(pool) == 0


async def test_without_the_database_nobody_is_told_that_he_holds_a_lock(database: Database) -> None:
    pool = await open_pool(database.dsn, max_size=2)
    await pool.close()
    with pytest.raises(Unavailable):
        async with PostgresLocks(pool).hold("store:1", wait=0):
            pytest.fail("entered")


def test_names_map_to_different_numbers_that_the_database_can_hold() -> None:
    keys = {lock_key(f"store:{number}") for number in range(10_000)}
    assert len(keys) == 10_000
    assert all(-(2**63) <= key < 2**63 for key in keys)
