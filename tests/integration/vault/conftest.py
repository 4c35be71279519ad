"""A pool and a vault on a database of the test's own."""

from collections.abc import AsyncIterator

import pytest

from adapters.postgres.connection import Pool, open_pool
from tests.integration.vault.vault_world import World
from tests.servers import Database


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[Pool]:
    pool = await open_pool(database.dsn, max_size=20)
    try:
        yield pool
    finally:
        await pool.close()


@pytest.fixture
def world(pool: Pool) -> World:
    return World(pool)
