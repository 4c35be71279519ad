"""The processes that hold a lease, by this database's clock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from adapters.postgres.connection import Pool, acquire
from core.ports.roster import Roster

_ALIVE: Final = "SELECT kind, count(*) FROM workers WHERE lease_until > now() GROUP BY kind"


class PostgresRoster(Roster):
    """The table `workers`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def alive(self) -> Mapping[str, int]:
        async with acquire(self._pool) as connection:
            return {row[0]: row[1] for row in await connection.fetch(_ALIVE)}
