"""Runs: one handler's work on one event, claimed under a worker's lease and a fence."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Final

import asyncpg

from adapters.postgres.attempts import keep_unsettled
from adapters.postgres.claimable_work import RUN_IS_NEXT, of_live_install
from adapters.postgres.connection import Connection, Pool, acquire, keeping_plans
from adapters.postgres.event_rows import EVENT_COLUMNS, claimed_event, run_item
from adapters.postgres.moves import BY_KEY, HELD, TO_RUNNING
from adapters.postgres.orphans import poison
from adapters.postgres.run_scope import PostgresRunScope
from core.domain.attempts import AttemptEnd
from core.domain.events import ClaimedRun, QueuedRun, WorkItem
from core.domain.suspicion import IN_COMPANY
from core.ids import Fence, WorkerId
from core.ports.event_ledger import RunLedger, RunScope

_SUSPECT: Final = f"r.crashes >= {IN_COMPANY}"
_FREE: Final = f"""
    r.run_id = ANY ($1) AND {RUN_IS_NEXT} AND {of_live_install("r")}
    AND EXISTS (SELECT FROM events e WHERE e.event_id = r.event_id)
"""
_HOLDS: Final = f"EXISTS (SELECT FROM runs r WHERE r.worker_id = $2 AND r.state IN {HELD} {{also}})"

# Only a worker whose lease holds by this database's clock gets anything. What ends the lease
# between this look and our commit is no harm: the sweep releases whatever is running without one.
_CLAIM: Final = f"""
    WITH free AS (
        SELECT r.run_id, r.handler, r.seq FROM runs r
        WHERE {_FREE} AND EXISTS (SELECT FROM workers w WHERE w.worker_id = $2 AND w.lease_until > now())
        AND {{allowed}} ORDER BY r.run_id {{most}} FOR UPDATE OF r SKIP LOCKED
    ),
    next AS (
        SELECT run_id FROM (
            SELECT run_id, handler, row_number() OVER (PARTITION BY handler ORDER BY seq, run_id) AS place FROM free
        ) AS placed
        WHERE place <= coalesce(($3::jsonb ->> handler)::bigint, place)
    ),
    claimed AS (
        UPDATE runs r SET state = 'running', attempts = attempts + 1, worker_id = $2, fence = fence + 1,
                          due_at = NULL, started_at = now()
        FROM next WHERE r.run_id = next.run_id AND r.state{BY_KEY} IN {TO_RUNNING}
        RETURNING r.run_id, r.handler, r.attempts AS attempt, r.fence, r.event_id, r.tries AS run_tries
    )
    SELECT c.run_id, c.handler, c.attempt, c.fence, c.run_tries, {EVENT_COLUMNS}
    FROM claimed c JOIN events e USING (event_id) ORDER BY e.seq, c.run_id
"""
_CLAIM_OTHERS: Final = _CLAIM.format(allowed=f"NOT {_SUSPECT} AND NOT {_HOLDS.format(also=f'AND {_SUSPECT}')}", most="")
_CLAIM_ALONE: Final = _CLAIM.format(allowed=f"{_SUSPECT} AND NOT {_HOLDS.format(also='')}", most="LIMIT 1")

_LOOK_AT: Final = f"SELECT r.run_id, r.handler, {_SUSPECT} AS suspect FROM runs r WHERE {_FREE} ORDER BY r.run_id"

_GIVE_BACK: Final = f"""
    WITH held AS (
        SELECT run_id, event_id, handler, attempts, worker_id, started_at FROM runs
        WHERE worker_id = $1 AND state IN {HELD} AND run_id <> ALL ($2::bigint[]) ORDER BY run_id FOR UPDATE
    ),
    kept AS ({keep_unsettled("held", AttemptEnd.GIVEN_BACK)})
    UPDATE runs SET state = 'queued', attempts = greatest(runs.attempts - 1, 0), worker_id = NULL
    FROM held WHERE runs.run_id = held.run_id AND runs.state IN {HELD}
    RETURNING runs.run_id, runs.store_id
"""

_SOMEBODY_WAS_FASTER: Final = (asyncpg.UniqueViolationError, asyncpg.DeadlockDetectedError)


class PostgresRunLedger(RunLedger):
    """The table `runs`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def claim(
        self, run_ids: Sequence[int], worker: WorkerId, *, room: Mapping[str, int] | None = None
    ) -> Sequence[ClaimedRun]:
        """Where two claims meet in one lane, the database lets one through; the rest is then claimed singly."""
        left = dict(room or {})
        try:
            async with keeping_plans(self._pool) as connection:
                return await _claim(connection, run_ids, worker, left)
        except _SOMEBODY_WAS_FASTER:
            async with acquire(self._pool) as connection:
                return await _claim_singly(connection, run_ids, worker, left)

    async def claim_alone(self, run_ids: Sequence[int], worker: WorkerId) -> ClaimedRun | None:
        async with acquire(self._pool) as connection:
            try:
                rows = await connection.fetch(_CLAIM_ALONE, run_ids, worker, {})
            except _SOMEBODY_WAS_FASTER:
                return None
        return _claimed_run(rows[0], worker) if rows else None

    async def look_at(self, run_ids: Sequence[int]) -> Sequence[QueuedRun]:
        async with acquire(self._pool) as connection:
            rows = await connection.fetch(_LOOK_AT, run_ids)
        return [QueuedRun(row["run_id"], row["handler"], row["suspect"]) for row in rows]

    async def poison(self, *, limit: int) -> Sequence[ClaimedRun]:
        async with acquire(self._pool) as connection:
            return [_claimed_run(row, WorkerId(row["worker_id"])) for row in await poison(connection, limit)]

    def open(self, *runs: ClaimedRun) -> AbstractAsyncContextManager[RunScope]:
        return self._scope(runs)

    @asynccontextmanager
    async def _scope(self, runs: Sequence[ClaimedRun]) -> AsyncIterator[RunScope]:
        scope = PostgresRunScope(self._pool, runs)
        try:
            yield scope
        finally:
            await scope.close()

    async def give_back(self, worker: WorkerId, *, but: Collection[int] = ()) -> Sequence[WorkItem]:
        async with acquire(self._pool) as connection:
            return [run_item(row) for row in await connection.fetch(_GIVE_BACK, worker, list(but))]


async def _claim(
    connection: Connection, run_ids: Sequence[int], worker: WorkerId, room: Mapping[str, int]
) -> Sequence[ClaimedRun]:
    return [_claimed_run(row, worker) for row in await connection.fetch(_CLAIM_OTHERS, run_ids, worker, room)]


async def _claim_singly(
    connection: Connection, run_ids: Sequence[int], worker: WorkerId, room: dict[str, int]
) -> Sequence[ClaimedRun]:
    claimed: list[ClaimedRun] = []
    for run_id in run_ids:
        with suppress(*_SOMEBODY_WAS_FASTER):
            for run in await _claim(connection, [run_id], worker, room):
                claimed.append(run)
                if run.handler in room:
                    room[run.handler] -= 1
    return claimed


def _claimed_run(row: asyncpg.Record, worker: WorkerId) -> ClaimedRun:
    event, fence = claimed_event(row), Fence(row["fence"])
    return ClaimedRun(row["run_id"], row["handler"], row["attempt"], worker, fence, event, tries=row["run_tries"])
