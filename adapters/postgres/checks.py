"""Is the database there, and does it answer."""

from __future__ import annotations

from adapters.postgres.connection import Pool, acquire, driver_errors
from adapters.postgres.migrator import require_schema


async def ping(pool: Pool) -> None:
    """Returns when the database answers. Raises Unavailable."""
    async with acquire(pool) as connection:
        await connection.fetchval("SELECT 1")


async def check_schema(pool: Pool) -> None:
    """Returns when every migration this code needs is applied. Raises SchemaTooOld, and Unavailable."""
    with driver_errors():
        await require_schema(pool)
