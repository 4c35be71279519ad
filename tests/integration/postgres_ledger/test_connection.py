"""The pool, the URL dialects of managed providers, and the line the driver's exceptions do not cross."""

import asyncio
from datetime import UTC, datetime

import asyncpg
import pytest

from adapters.postgres.connection import Pool, acquire, open_pool, transaction
from adapters.postgres.dsn import read_dsn
from core.errors import SettingInvalid, Unavailable
from tests.servers import Database


@pytest.mark.parametrize(
    ("dsn", "url"),
    [
        (
            "postgresql://u:p@db.neon.tech/app?sslmode=require&channel_binding=require",
            "postgresql://u:p@db.neon.tech/app?sslmode=require",
        ),
        ("postgres://u:p@h:6543/postgres?pgbouncer=true", "postgres://u:p@h:6543/postgres"),
        ("postgresql://u@h/app?keepalives=1&keepalives_idle=30&tcp_user_timeout=9", "postgresql://u@h/app"),
        ("postgresql://u@h/app?application_name=mine", "postgresql://u@h/app?application_name=mine"),
    ],
)
def test_libpq_parameters_do_not_reach_the_server(dsn: str, url: str) -> None:
    assert read_dsn(dsn).url == url


def test_a_url_says_how_to_connect() -> None:
    target = read_dsn("postgresql://u:hidden@h/app?pgbouncer=true&connect_timeout=2&sslrootcert=system")
    assert target.pooled
    assert target.connect_timeout == 2.0
    assert target.tls is not None
    assert target.tls.check_hostname
    assert "hidden" not in repr(target)


@pytest.mark.parametrize(
    ("dsn", "ca_cert", "key"),
    [
        ("mysql://u@h/app", None, "DATABASE_URL"),
        ("postgresql://u@h/app?connect_timeout=soon", None, "DATABASE_URL"),
        ("postgresql://u@h/app", "/no/such/file.pem", "DATABASE_CA_CERT"),
    ],
)
def test_a_wrong_setting_is_named(dsn: str, ca_cert: str | None, key: str) -> None:
    with pytest.raises(SettingInvalid) as caught:
        read_dsn(dsn, ca_cert=ca_cert)
    assert caught.value.key == key


async def test_a_missing_database_is_a_wrong_setting(database: Database) -> None:
    with pytest.raises(SettingInvalid, match="DATABASE_URL"):
        await open_pool(database.dsn.replace(database.name, "nowhere"))


async def test_nobody_listening_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="postgres"):
        await open_pool("postgresql://u@127.0.0.1:1/app")


async def test_an_exhausted_pool_says_so_in_time(database: Database) -> None:
    async with await open_pool(database.dsn, max_size=1) as pool, acquire(pool):
        with pytest.raises(Unavailable):
            async with acquire(pool, timeout=0.05):
                pytest.fail("there was no second connection")


async def test_a_cut_connection_is_unavailable_and_the_pool_recovers(database: Database) -> None:
    async with await open_pool(database.dsn) as pool:
        with pytest.raises(Unavailable):
            async with transaction(pool) as connection:
                await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        async with acquire(pool) as connection:
            assert await connection.fetchval("SELECT 1") == 1


async def test_our_own_mistakes_are_not_called_unavailable(database: Database) -> None:
    async with await open_pool(database.dsn) as pool:
        with pytest.raises(asyncpg.DataError, match="invalid input"):
            async with acquire(pool) as connection:
                await connection.fetchval("SELECT $1::int", "not a number")
        with pytest.raises(asyncpg.UndefinedTableError):
            async with acquire(pool) as connection:
                await connection.fetchval("SELECT * FROM nowhere")


async def test_json_goes_in_and_out_as_values(database: Database) -> None:
    value = {"name": "سلة", "at": datetime(2026, 1, 2, tzinfo=UTC), "n": [1, None, True]}
    async with await open_pool(database.dsn) as pool, acquire(pool) as connection:
        found = await connection.fetchval("SELECT $1::jsonb", value)
    assert found == {"name": "سلة", "at": "2026-01-02T00:00:00+00:00", "n": [1, None, True]}


async def test_a_cancelled_transaction_keeps_nothing(database: Database) -> None:
    async with await open_pool(database.dsn) as pool:
        task = asyncio.create_task(_insert_and_wait(pool, inserted := asyncio.Event()))
        await inserted.wait()
        task.cancel()
        await asyncio.wait({task})
        async with acquire(pool) as connection:
            assert await connection.fetchval("SELECT count(*) FROM workers") == 0


async def _insert_and_wait(pool: Pool, inserted: asyncio.Event) -> None:
    async with transaction(pool) as connection:
        await connection.execute("INSERT INTO workers (kind, lease_until) VALUES ('x', now())")
        inserted.set()
        await asyncio.Event().wait()
