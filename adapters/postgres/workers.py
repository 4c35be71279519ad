"""Leases of workers, by this database's clock: no two machines need to agree on the time."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Final

from adapters.postgres.connection import Pool, acquire
from core.ids import WorkerId
from core.ports.event_ledger import Workers

LEASE: Final = timedelta(seconds=10)

_JOIN: Final = "INSERT INTO workers (kind, process, lease_until) VALUES ($1, $2, now() + $3) RETURNING worker_id"
_PROCESSES: Final = "SELECT worker_id, process FROM workers WHERE lease_until > now()"
_END: Final = "UPDATE workers SET lease_until = now() WHERE worker_id = ANY ($1) AND lease_until > now()"
_RENEW: Final = """
    UPDATE workers SET lease_until = now() + $2 WHERE worker_id = $1 AND lease_until > now() RETURNING true
"""
_LEAVE: Final = "DELETE FROM workers WHERE worker_id = $1"


class PostgresWorkers(Workers):
    """The table `workers`. A lease that ran out is never renewed: what it held may be somebody else's by now."""

    def __init__(self, pool: Pool, lease: timedelta = LEASE) -> None:
        self._pool = pool
        self._lease = lease

    async def join(self, kind: str, process: str = "") -> WorkerId:
        async with acquire(self._pool) as connection:
            return WorkerId(await connection.fetchval(_JOIN, kind, process, self._lease))

    async def processes(self) -> Mapping[WorkerId, str]:
        async with acquire(self._pool) as connection:
            rows = await connection.fetch(_PROCESSES)
        return {WorkerId(row["worker_id"]): row["process"] for row in rows}

    async def end(self, workers: Collection[WorkerId]) -> None:
        async with acquire(self._pool) as connection:
            await connection.execute(_END, list(workers))

    async def renew(self, worker: WorkerId) -> bool:
        async with acquire(self._pool) as connection:
            return bool(await connection.fetchval(_RENEW, worker, self._lease))

    async def leave(self, worker: WorkerId) -> None:
        async with acquire(self._pool) as connection:
            await connection.execute(_LEAVE, worker)
