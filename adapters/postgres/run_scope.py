"""One run while it is handled: its unit of work, and the settle that commits both or neither."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import Final

from adapters.postgres.attempts import failure_document
from adapters.postgres.connection import Connection, OpenTransaction, Pool, acquire, driver_errors
from adapters.postgres.event_rows import run_item
from adapters.postgres.moves import BY_KEY, HELD, UNFINISHED_STATES
from adapters.postgres.storable_text import storable
from core.domain.event_states import FINISHED, MOVES, EventState
from core.domain.events import ClaimedRun, Settlement, WorkItem
from core.errors import LostClaim
from core.ports.event_ledger import AppTransaction, RunScope

# The run under its claim, then its event. Two runs of one event that settle at once meet at the
# event's row: the second waits, and then counts from what the first left. That is why the event's
# new state is judged by its own counters and not by a look at the other run, which would be old.
_SETTLE: Final = f"""
    WITH run AS (
        UPDATE runs SET state = $4, attempts = greatest(attempts - $5, 0), reason = $6, failure = $7,
                        due_at = CASE WHEN $4 = 'waiting' THEN coalesce($8, now()) END, fingerprint = $10,
                        worker_id = NULL, settled_at = CASE WHEN $9 THEN now() END,
                        crashes = CASE WHEN $4 = 'queued' THEN crashes ELSE 0 END
        WHERE run_id = $1 AND state{BY_KEY} IN {HELD} AND worker_id = $2 AND fence = $3
        RETURNING event_id, lane, handler, started_at
    ),
    attempt AS (
        INSERT INTO attempts (event_id, handler, number, worker_id, started_at, outcome, reason, failure)
        SELECT event_id, handler, $12, $2, started_at, $11, $6, $7 FROM run
    ),
    event AS (
        UPDATE events e
        SET open_runs = open_runs - 1,
            dead_runs = dead_runs + ($4 = 'dead')::int,
            done_runs = done_runs + ($4 = 'done')::int,
            state = CASE WHEN open_runs > 1 THEN state
                         WHEN dead_runs > 0 OR $4 = 'dead' THEN 'dead'
                         WHEN done_runs > 0 OR $4 = 'done' THEN 'done'
                         ELSE $4 END,
            reason = CASE WHEN $4 = 'dead' THEN $6
                          WHEN open_runs > 1 OR dead_runs > 0 OR $4 = 'done' THEN reason
                          WHEN done_runs > 0 THEN NULL
                          ELSE $6 END,
            settled_at = CASE WHEN open_runs = 1 THEN now() END
        FROM run WHERE $9 AND e.event_id = run.event_id AND e.state{BY_KEY} IN {HELD} AND e.open_runs > 0
    )
    SELECT run.lane, next.run_id, next.store_id FROM run LEFT JOIN LATERAL (
        SELECT first.* FROM (
            SELECT run_id, store_id, state FROM runs
            WHERE lane = run.lane AND state IN {UNFINISHED_STATES} AND (run_id <> $1 OR NOT $9)
            ORDER BY seq LIMIT 1
        ) AS first
        WHERE first.state = 'queued' OR (first.run_id = $1 AND $4 = 'queued')
    ) AS next ON true
"""


class PostgresAppTransaction(AppTransaction):
    """SQL of the app, inside its unit of work only."""

    def __init__(self, connection: Connection) -> None:
        self._connection: Connection | None = connection
        self._failed = False

    async def execute(self, sql: str, *args: object) -> str:
        with self._watched() as connection:
            return await connection.execute(sql, *args)

    async def fetch(self, sql: str, *args: object) -> Sequence[Mapping[str, object]]:
        with self._watched() as connection:
            return [dict(row) for row in await connection.fetch(sql, *args)]

    @contextmanager
    def _watched(self) -> Iterator[Connection]:
        if self._connection is None:
            raise RuntimeError("the unit of work is over: use its transaction inside `async with` only")
        try:
            with driver_errors():
                yield self._connection
        except BaseException:
            self._failed = True
            raise

    def refuse_if_failed(self) -> None:
        """Postgres keeps nothing of a transaction with a failed statement, whatever the app made of the error."""
        if self._failed:
            raise RuntimeError("a statement of the unit of work failed, so none of it can be kept")

    def close(self) -> None:
        self._connection = None


class PostgresRunScope(RunScope):
    """Holds a connection only between the start of a unit of work and the settle."""

    def __init__(self, pool: Pool, runs: Sequence[ClaimedRun]) -> None:
        """Several are settled in the order in which everybody locks their events."""
        self._pool = pool
        self._runs = sorted(runs, key=lambda run: (run.event.event_id, run.run_id))
        self._transaction: OpenTransaction | None = None
        self._app: PostgresAppTransaction | None = None
        self._inside = False
        self._over = False
        self._settling: asyncio.Task[Sequence[WorkItem]] | None = None

    @property
    def in_unit_of_work(self) -> bool:
        return self._inside

    @property
    def unit_of_work(self) -> AbstractAsyncContextManager[AppTransaction]:
        return self._unit_of_work()

    @asynccontextmanager
    async def _unit_of_work(self) -> AsyncIterator[AppTransaction]:
        """A second one continues the first. A statement that failed unnoticed fails it as a whole."""
        if self._inside:
            raise RuntimeError("already inside the unit of work")
        if self._over:
            raise RuntimeError("the run is over: its unit of work cannot be opened any more")
        if self._transaction is None:
            self._transaction = await OpenTransaction.begin_for_foreign_sql(self._pool)
        self._app = app = PostgresAppTransaction(self._transaction.connection)
        self._inside = True
        try:
            yield app
            app.refuse_if_failed()
        except BaseException:
            await self._abandon()
            raise
        finally:
            self._inside = False
            app.close()

    async def revoke(self) -> None:
        """Whatever statement is under way is cut off with its connection."""
        self._over, self._inside = True, False
        if self._app is not None:
            self._app.close()
        if self._transaction is not None:
            transaction, self._transaction = self._transaction, None
            await transaction.cut()

    async def settle(self, settlement: Settlement) -> Sequence[WorkItem]:
        """Once begun it is carried through, even when the caller is cancelled meanwhile."""
        if self._inside:
            raise RuntimeError("leave the unit of work before settling")
        if settlement.state not in MOVES[EventState.RUNNING]:
            raise ValueError(f"an attempt does not end in {settlement.state}")
        self._over = True
        self._settling = asyncio.create_task(self._settle(settlement))
        return await asyncio.shield(self._settling)

    async def close(self) -> None:
        """Waits for a settle under way; keeps nothing that was not settled."""
        self._over = True
        if self._settling is not None:
            if not self._settling.done():
                await asyncio.wait({self._settling})
            if not self._settling.cancelled():
                self._settling.exception()  # looked at here too, in case that nobody waited for it any more
        await self._abandon()

    async def _settle(self, settlement: Settlement) -> Sequence[WorkItem]:
        if settlement.state is not EventState.DONE:
            await self._abandon()
        if self._transaction is None and len(self._runs) == 1:
            async with acquire(self._pool) as connection:
                return await _settle(connection, self._runs[0], settlement)
        if self._transaction is None:
            self._transaction = await OpenTransaction.begin_keeping_plans(self._pool)
        try:
            with driver_errors():
                following = await _settle_all(self._transaction.connection, self._runs, settlement)
            await self._transaction.commit()
        finally:
            await self._abandon()
        return following

    async def _abandon(self) -> None:
        if self._transaction is not None:
            transaction, self._transaction = self._transaction, None
            await transaction.abandon()


async def _settle_all(connection: Connection, runs: Sequence[ClaimedRun], settlement: Settlement) -> Sequence[WorkItem]:
    return [item for run in runs for item in await _settle(connection, run, settlement)]


async def _settle(connection: Connection, run: ClaimedRun, settlement: Settlement) -> Sequence[WorkItem]:
    """Raises LostClaim; the caller must not commit then."""
    state = settlement.state
    rows = await connection.fetch(
        _SETTLE,
        run.run_id,
        run.worker,
        run.fence,
        state.value,
        int(not settlement.counted),
        storable(settlement.reason),
        failure_document(settlement.failure),
        settlement.due_at,
        state in FINISHED,
        settlement.fingerprint,
        settlement.end.value,
        run.attempt,
    )
    if not rows:
        raise LostClaim(f"run {run.run_id} is no longer held by worker {run.worker} under fence {run.fence}")
    return [run_item(row) for row in rows if row["run_id"] is not None]
