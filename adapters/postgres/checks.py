"""Is the database there, and does it answer."""

from __future__ import annotations

from adapters.postgres.connection import Pool, acquire


async def ping(pool: Pool) -> None:
    """Returns when the database answers. Raises Unavailable."""
    async with acquire(pool) as connection:
        await connection.fetchval("SELECT 1")
