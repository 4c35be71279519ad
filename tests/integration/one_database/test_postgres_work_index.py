"""The work index in Postgres: what only real servers show."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from signal import SIGKILL

import psycopg
import pytest

from adapters.embedded import DataDir, EmbeddedPostgres
from adapters.postgres import migrator
from adapters.postgres.connection import Pool, open_pool
from adapters.postgres.notices import Notices
from adapters.postgres.work_index import CHANNEL, PostgresWorkIndex
from core.domain.events import WorkItem, WorkKind
from core.errors import Unavailable
from core.ids import StoreId
from tests.servers import Database, own_data_dir

LONG = 30.0
CUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"
)


def items(count: int, store: int = 1) -> list[WorkItem]:
    return [WorkItem(WorkKind.EVENT, f"e{number}", StoreId(store)) for number in range(count)]


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[Pool]:
    pool = await open_pool(database.dsn, max_size=4)
    yield pool
    await pool.close()


@pytest.fixture
async def notices(pool: Pool) -> AsyncIterator[Notices]:
    notices = Notices(pool)
    yield notices
    await notices.aclose()


async def waiting(index: PostgresWorkIndex, notices: Notices) -> asyncio.Task[object]:
    """A take that found nothing and listens."""
    taking: asyncio.Task[object] = asyncio.create_task(index.take(limit=5, wait=LONG))
    async with asyncio.timeout(LONG):
        while not notices.listeners(CHANNEL):
            await asyncio.sleep(0.005)
    return taking


async def test_a_reader_whose_connection_is_cut_gets_what_is_published_then(pool: Pool, notices: Notices) -> None:
    index = PostgresWorkIndex(pool, notices)
    taking = await waiting(index, notices)
    await pool.execute(CUT)
    await index.publish(items(1))
    assert await taking == items(1)


async def test_work_that_nobody_told_of_is_found_all_the_same(pool: Pool, notices: Notices, database: Database) -> None:
    """Behind a transaction pooler no notice arrives."""
    index = PostgresWorkIndex(pool, notices)
    taking = await waiting(index, notices)
    with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
        owner.execute("INSERT INTO work_index (name, item, store_id, turn) VALUES ('work', 'event 1 e0', 1, 0)")
    assert await taking == items(1)


async def test_two_indexes_do_not_see_each_other(pool: Pool, notices: Notices) -> None:
    events, runs = PostgresWorkIndex(pool, notices, name="event"), PostgresWorkIndex(pool, notices, name="run")
    await events.publish(items(2))
    assert await runs.depth() == 0
    assert await runs.take(limit=5, wait=0) == []
    assert await events.incarnation() != await runs.incarnation()
    assert await runs.publish(items(1)) == 1
    assert await runs.finish(items(2)) == []
    assert await events.depth() == 2


async def test_every_reader_of_a_process_shares_one_listening_connection(pool: Pool, notices: Notices) -> None:
    """The pool has four: more readers than that wait without holding any."""
    indexes = [PostgresWorkIndex(pool, notices, name=f"n{number}") for number in range(8)]
    takers = [await waiting(index, notices) for index in indexes]
    async with asyncio.timeout(LONG):
        while pool.get_size() - pool.get_idle_size() > 1:
            await asyncio.sleep(0.005)
    for index in indexes:
        await index.publish(items(1))
    assert await asyncio.gather(*takers) == [items(1)] * 8


async def test_cancelled_takes_give_their_connections_back(pool: Pool, notices: Notices) -> None:
    index = PostgresWorkIndex(pool, notices, reclaim_after=0.2)
    for number in range(40):
        taking = asyncio.create_task(index.take(limit=1, wait=LONG))
        await asyncio.sleep(0.001 * (number % 4))
        taking.cancel()
        await asyncio.wait({taking})
    await index.publish(items(1))
    assert await index.take(limit=1, wait=LONG) == items(1)


async def test_no_question_walks_through_all_rows(database: Database) -> None:
    """Ten thousand items wait, and as many are taken; the statistics are those of an empty table."""
    pool = await open_pool(database.dsn, max_size=2)  # one listens, so all is asked in one session
    notices = Notices(pool)
    index = PostgresWorkIndex(pool, notices, window=200)
    with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
        owner.execute("ANALYZE work_index")
    for store in range(100):
        await index.publish(items(200, store))
    await index.take(limit=10_000, wait=0)
    before = await scans(pool)
    await index.take(limit=5, wait=0)
    await index.publish(items(5, store=200))
    await index.finish(items(5, store=200))
    await index.absent(items(5))
    assert await scans(pool) == before
    await notices.aclose()
    await pool.close()


async def scans(pool: Pool) -> int:
    """Sequential scans of the table, so far."""
    await pool.execute("SELECT pg_stat_force_next_flush()")
    return int(await pool.fetchval("SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'work_index'"))


@pytest.fixture
def own_server() -> Iterator[EmbeddedPostgres]:
    """A Postgres that may crash: it flushes what it answers for."""
    with own_data_dir(in_memory=True) as path, DataDir(path) as data_dir:
        server = EmbeddedPostgres(data_dir)
        server.start()
        server.ensure_roles()
        migrator.apply(server.dsn("wasl_owner", "wasl"))
        yield server
        server.stop()


async def test_a_crash_of_postgres_empties_the_index_and_says_so(own_server: EmbeddedPostgres) -> None:
    """The tables are not logged: half an index would be worse than none. The same readers go on."""
    pool = await open_pool(own_server.dsn("wasl_app", "wasl"), max_size=4)
    notices = Notices(pool)
    index = PostgresWorkIndex(pool, notices)
    await index.publish(items(3))
    before = await index.incarnation()
    taken = await index.take(limit=1, wait=0)
    assert own_server.pid is not None
    os.kill(own_server.pid, SIGKILL)
    await asyncio.to_thread(stopped, own_server)
    with pytest.raises(Unavailable, match="postgres"):
        await index.depth()
    await asyncio.to_thread(own_server.start)
    async with asyncio.timeout(LONG):
        while not await answers(index):
            await asyncio.sleep(0.05)
    assert await index.incarnation() != before
    assert await index.absent(items(3)) == items(3)
    assert await index.finish(taken) == []
    assert await index.publish(items(3)) == 3
    assert await index.take(limit=5, wait=LONG) == items(3)
    await notices.aclose()
    await pool.close()


def stopped(server: EmbeddedPostgres) -> None:
    while server.poll() is None:
        pass


async def answers(index: PostgresWorkIndex) -> bool:
    try:
        return await index.depth() >= 0
    except Unavailable:
        return False
