"""One database as two processes see it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.postgres.connection import Pool, open_pool
from tests.servers import Database


@asynccontextmanager
async def two_pools(database: Database) -> AsyncIterator[tuple[Pool, Pool]]:
    ours = await open_pool(database.dsn, max_size=8)
    theirs = await open_pool(database.dsn, max_size=8)
    try:
        yield ours, theirs
    finally:
        await ours.close()
        await theirs.close()
