"""What every other test relies on: the run's own servers and what the fixtures promise."""

import asyncpg
import psycopg
import pytest
import redis.asyncio

from tests.servers import Database


@pytest.mark.parametrize("turn", [1, 2])
async def test_each_test_has_a_database_of_its_own(database: Database, turn: int) -> None:
    owner = await asyncpg.connect(database.owner_dsn)
    await owner.execute("CREATE TABLE mine (turn int)")  # exists already if the first turn's database came back
    assert await owner.fetchval("SELECT current_user::text") == "wasl_owner"
    await owner.close()


async def test_the_app_role_creates_nothing(database: Database) -> None:
    app = await asyncpg.connect(database.dsn)
    assert await app.fetchval("SELECT current_user::text") == "wasl_app"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await app.execute("CREATE TABLE theirs (id int)")
    await app.close()


def test_arabic_words_have_trigrams(database: Database) -> None:
    with psycopg.connect(database.dsn) as connection:
        row = connection.execute("SELECT similarity('طلب جديد', 'طلبات جديدة')").fetchone()
    assert row is not None
    assert row[0] > 0.3


@pytest.mark.parametrize("turn", [1, 2])
async def test_redis_starts_empty(redis_url: str, turn: int) -> None:
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        assert await client.dbsize() == 0
        await client.set("left", turn)
        policy = await client.config_get("maxmemory-policy")
    assert policy == {"maxmemory-policy": "noeviction"}
