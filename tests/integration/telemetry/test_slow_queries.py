"""What took long in the database is named in the log, and its values are not."""

import asyncio

import pytest
from structlog.contextvars import bound_contextvars
from structlog.testing import capture_logs

from adapters.postgres.connection import acquire, open_pool
from adapters.postgres.inbox_sql import ACCEPT
from adapters.postgres.slow_queries import statement_name
from tests.servers import Database

SECRET = "canary-of-a-customer"


async def test_a_slow_statement_is_named_with_its_time_and_the_event_it_was_for(database: Database) -> None:
    async with await open_pool(database.dsn, max_size=1, slow=0.05) as pool:
        for _ in range(2):  # the second time on a connection that came back to the pool
            with capture_logs() as lines, bound_contextvars(event_id="e-1"):
                async with acquire(pool) as connection:
                    await connection.fetch("SELECT pg_sleep(0.1), $1::text FROM stores", SECRET)
                    await connection.fetch("SELECT pg_sleep(0.1), $1::text", SECRET)
                await asyncio.sleep(0)  # the driver tells on the loop's next turn
            slow = [line for line in lines if line["event"] == "slow_query" and line["statement"] == "SELECT"]
            assert len(slow) == 1, lines
            assert slow[0]["seconds"] >= 0.1
            assert slow[0]["failed"] is None
            assert SECRET not in str(lines)


async def test_a_statement_that_fails_late_is_told_too_by_the_class_of_its_failure(database: Database) -> None:
    async with await open_pool(database.dsn, max_size=1, slow=0.05) as pool:
        with capture_logs() as lines:
            with pytest.raises(Exception, match="division"):
                async with acquire(pool) as connection:
                    await connection.fetch("SELECT 1 / (pg_sleep(0.1)::text <> $1)::int", "")
            await asyncio.sleep(0)
    assert [line["failed"] for line in lines if line["event"] == "slow_query"] == ["DivisionByZeroError"]


async def test_nothing_is_told_of_what_is_quick_or_where_nobody_asked(database: Database) -> None:
    for slow in (30.0, 0.0):
        async with await open_pool(database.dsn, max_size=1, slow=slow) as pool:
            with capture_logs() as lines:
                async with acquire(pool) as connection:
                    await connection.fetch("SELECT pg_sleep(0.06)")
                await asyncio.sleep(0)
        assert lines == []


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        (ACCEPT, "inbox_sql.ACCEPT"),
        ("SELECT 1", "SELECT"),
        ("BEGIN;", "BEGIN"),
        (f"INSERT INTO courier_bookings VALUES ('{SECRET}')", "INSERT courier_bookings"),
        (f"update Courier.Bookings set city = '{SECRET}'", "UPDATE courier.bookings"),
        ("WITH a AS (SELECT FROM unnest($1::int[]) x) DELETE FROM runs", "WITH runs"),
        (f"SELECT '{SECRET}' FROM \"odd name\"", "SELECT"),
        (f"'{SECRET}'", "statement"),
        ("", "statement"),
    ],
)
def test_a_name_is_a_constant_of_ours_or_a_verb_and_a_table(sql: str, name: str) -> None:
    assert statement_name(sql) == name
