"""What took long to count, in a table of a few rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from adapters.postgres.connection import Pool, acquire
from core.ports.bulletins import Bulletin, Bulletins

_POST: Final = """
    INSERT INTO bulletins AS b (name, posted_at, content) VALUES ($1, $2, $3)
    ON CONFLICT (name) DO UPDATE SET posted_at = EXCLUDED.posted_at, content = EXCLUDED.content
    WHERE b.posted_at <= EXCLUDED.posted_at
"""
_READ: Final = "SELECT name, posted_at, content FROM bulletins"


class PostgresBulletins(Bulletins):
    """The table `bulletins`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def post(self, name: str, bulletin: Bulletin) -> None:
        async with acquire(self._pool) as connection:
            await connection.execute(_POST, name, bulletin.posted_at, bulletin.content)

    async def read(self) -> Mapping[str, Bulletin]:
        async with acquire(self._pool) as connection:
            rows = await connection.fetch(_READ)
        return {row["name"]: Bulletin(row["content"], row["posted_at"]) for row in rows}
