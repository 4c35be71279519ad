"""Runs: one handler's work on one event, claimed under a worker's lease and a fence."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

import asyncpg

from adapters.postgres.claimable_work import RUN_IS_NEXT, of_live_install
from adapters.postgres.connection import Connection, Pool, acquire
from adapters.postgres.event_rows import EVENT_COLUMNS, claimed_event, run_item
from adapters.postgres.moves import BY_KEY, HELD, TO_RUNNING
from adapters.postgres.run_scope import PostgresRunScope
from core.domain.events import ClaimedRun, WorkItem
from core.ids import Fence, WorkerId
from core.ports.event_ledger import RunLedger, RunScope

# Only a worker whose lease holds by this database's clock gets anything. What ends the lease
# between this look and our commit is no harm: the sweep releases whatever is running without one.
_CLAIM: Final = f"""
    WITH next AS (
        SELECT r.run_id FROM runs r
        WHERE r.run_id = ANY ($1) AND {RUN_IS_NEXT} AND {of_live_install("r")}
        AND EXISTS (SELECT FROM workers w WHERE w.worker_id = $2 AND w.lease_until > now())
        AND EXISTS (SELECT FROM events e WHERE e.event_id = r.event_id)
        ORDER BY r.run_id FOR UPDATE OF r SKIP LOCKED
    ),
    claimed AS (
        UPDATE runs r SET state = 'running', attempts = attempts + 1, worker_id = $2, fence = fence + 1,
                          due_at = NULL, started_at = now()
        FROM next WHERE r.run_id = next.run_id AND r.state{BY_KEY} IN {TO_RUNNING}
        RETURNING r.run_id, r.handler, r.attempts AS attempt, r.fence, r.event_id
    )
    SELECT c.run_id, c.handler, c.attempt, c.fence, {EVENT_COLUMNS}
    FROM claimed c JOIN events e USING (event_id) ORDER BY e.seq, c.run_id
"""

_GIVE_BACK: Final = f"""
    UPDATE runs SET state = 'queued', attempts = greatest(attempts - 1, 0), worker_id = NULL
    WHERE worker_id = $1 AND state IN {HELD}
    RETURNING run_id, store_id
"""

_SOMEBODY_WAS_FASTER: Final = (asyncpg.UniqueViolationError, asyncpg.DeadlockDetectedError)


class PostgresRunLedger(RunLedger):
    """The table `runs`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def claim(self, run_ids: Sequence[int], worker: WorkerId) -> Sequence[ClaimedRun]:
        """Where two claims meet in one lane, the database lets one through; the rest is then claimed singly."""
        async with acquire(self._pool) as connection:
            try:
                return await _claim(connection, run_ids, worker)
            except _SOMEBODY_WAS_FASTER:
                return [run for run_id in run_ids for run in await _claim_one(connection, run_id, worker)]

    def open(self, run: ClaimedRun) -> AbstractAsyncContextManager[RunScope]:
        return self._scope(run)

    @asynccontextmanager
    async def _scope(self, run: ClaimedRun) -> AsyncIterator[RunScope]:
        scope = PostgresRunScope(self._pool, run)
        try:
            yield scope
        finally:
            await scope.close()

    async def give_back(self, worker: WorkerId) -> Sequence[WorkItem]:
        async with acquire(self._pool) as connection:
            return [run_item(row) for row in await connection.fetch(_GIVE_BACK, worker)]


async def _claim(connection: Connection, run_ids: Sequence[int], worker: WorkerId) -> Sequence[ClaimedRun]:
    return [_claimed_run(row, worker) for row in await connection.fetch(_CLAIM, run_ids, worker)]


async def _claim_one(connection: Connection, run_id: int, worker: WorkerId) -> Sequence[ClaimedRun]:
    try:
        return await _claim(connection, [run_id], worker)
    except _SOMEBODY_WAS_FASTER:
        return []


def _claimed_run(row: asyncpg.Record, worker: WorkerId) -> ClaimedRun:
    return ClaimedRun(row["run_id"], row["handler"], row["attempt"], worker, Fence(row["fence"]), claimed_event(row))
