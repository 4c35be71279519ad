"""Queued events, claimed in batches by row locks: a batch that is not committed leaves no trace."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

from adapters.postgres.attempts import failure_document
from adapters.postgres.backlog import backlog
from adapters.postgres.batch_writing import lock_mirror, open_runs, settle, write_derived, write_mirror
from adapters.postgres.claimable_work import ROW_BY_ROW, claimable, following, of_live_install
from adapters.postgres.connection import Connection, OpenTransaction, Pool, acquire, driver_errors
from adapters.postgres.event_rows import EVENT_COLUMNS, claimed_event
from adapters.postgres.mirror_tables import MIRROR_TABLES
from adapters.postgres.moves import BY_KEY, IN_LANE, LIVE_STATES, TO_RUNNING
from adapters.postgres.storable_text import storable
from core.domain.attempts import MIRROR
from core.domain.event_states import FINISHED, MOVES, EventState
from core.domain.events import BatchResult, ClaimedEvent, Settlement, WorkItem
from core.domain.mirror import MirrorRow
from core.ids import Entity, EntityKind, EventId, StoreId, lane_of
from core.ports.event_ledger import EventBatch, EventLedger

READ_AHEAD: Final = 4
"""How many times its equal share of a batch one lane may fill where the others are shorter."""

# Locks the events that are queued in the lanes of the given ones, up to the first that waits: of every
# lane the first before the second of any, so that a long lane does not keep the others out of the batch.
# No lane is read much further than its share of the limit. Nobody is waited for: neither another batch that
# holds an event, nor the end of an install that holds its store (which would deadlock, since it waits for
# events while it holds the store).
_LOCK: Final = f"""
    WITH lanes AS MATERIALIZED (
        SELECT DISTINCT lane FROM events e
        WHERE event_id = ANY ($1) AND state{BY_KEY} IN {TO_RUNNING} AND open_runs = 0 AND {of_live_install("e")}
    ),
    candidates AS MATERIALIZED (
        SELECT next.event_id FROM lanes CROSS JOIN LATERAL (
            SELECT event_id, seq, row_number() OVER so_far AS place,
                   bool_and(state IN {TO_RUNNING}) OVER so_far AS free
            FROM (
                SELECT event_id, seq, state FROM events WHERE lane = lanes.lane AND {IN_LANE}
                ORDER BY seq LIMIT greatest({READ_AHEAD}, {READ_AHEAD} * $2 / (SELECT count(*) FROM lanes))
            ) AS beginning WINDOW so_far AS (ORDER BY seq)
        ) AS next WHERE next.free ORDER BY next.place, next.seq LIMIT $2
    )
    SELECT e.event_id FROM events e JOIN stores s USING (store_id, install_id)
    WHERE e.event_id IN (SELECT event_id FROM candidates) AND e.state{BY_KEY} IN {TO_RUNNING} AND e.open_runs = 0
      AND s.state IN {LIVE_STATES} AND s.paused_at IS NULL
    ORDER BY e.seq FOR UPDATE OF e SKIP LOCKED FOR SHARE OF s SKIP LOCKED
"""

# The lane rule, judged after the locks are held and by what is committed now: an event is taken
# only if everything that stands before it in its lane is taken too.
_TAKE: Final = f"""
    SELECT {EVENT_COLUMNS} FROM events e
    WHERE e.event_id = ANY ($1)
      AND NOT EXISTS (
          SELECT FROM events b
          WHERE b.lane = e.lane AND b.seq < e.seq AND {IN_LANE} AND NOT b.event_id = ANY ($1) {ROW_BY_ROW})
    ORDER BY e.seq
"""

_PUT_OFF: Final = f"""
    WITH put_off AS (
        UPDATE events SET state = $2, attempts = attempts + $3, reason = $5,
                          due_at = CASE WHEN $2 = 'waiting' THEN coalesce($4, now()) END,
                          settled_at = CASE WHEN $6 THEN now() END
        WHERE event_id = $1 AND state{BY_KEY} IN {TO_RUNNING} AND open_runs = 0
        RETURNING event_id, attempts - $3 + 1 AS number
    )
    INSERT INTO attempts (event_id, handler, number, started_at, outcome, reason, failure)
    SELECT event_id, '{MIRROR}', number, $7, $8, $5, $9 FROM put_off
"""


class PostgresEventBatch(EventBatch):
    """The events of one open transaction."""

    def __init__(self, transaction: OpenTransaction, events: Sequence[ClaimedEvent]) -> None:
        self._transaction = transaction
        self._events = events

    @property
    def events(self) -> Sequence[ClaimedEvent]:
        return self._events

    async def rows(self, wanted: Sequence[tuple[StoreId, Entity]]) -> Mapping[tuple[StoreId, Entity], MirrorRow]:
        """Locked kind by kind and in key order within each, so that batches do not deadlock."""
        by_kind: defaultdict[EntityKind, list[tuple[StoreId, Entity]]] = defaultdict(list)
        for store_id, entity in wanted:
            by_kind[entity.kind].append((store_id, entity))
        found: dict[tuple[StoreId, Entity], MirrorRow] = {}
        with driver_errors():
            for kind in sorted(by_kind.keys() & MIRROR_TABLES.keys()):
                found.update(await lock_mirror(self._transaction.connection, kind, by_kind[kind]))
        return found

    async def commit(self, result: BatchResult) -> Sequence[WorkItem]:
        with driver_errors():
            connection = self._transaction.connection
            await write_mirror(connection, result)
            await settle(connection, result.settled)
            seqs = await write_derived(connection, result.derived)
            opened = await open_runs(connection, self._events, result, seqs)
            await self._transaction.commit()
        return opened


class PostgresEventLedger(EventLedger):
    """The table `events`, on its way through the mirror."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def open_batch(self, ids: Sequence[EventId], *, limit: int) -> AbstractAsyncContextManager[EventBatch]:
        return self._batch(ids, limit)

    @asynccontextmanager
    async def _batch(self, ids: Sequence[EventId], limit: int) -> AsyncIterator[EventBatch]:
        transaction = await OpenTransaction.begin(self._pool)
        try:
            with driver_errors():
                events = await _claim(transaction.connection, ids, limit)
            yield PostgresEventBatch(transaction, events)
        finally:
            await transaction.abandon()

    async def put_off(self, event: ClaimedEvent, settlement: Settlement) -> None:
        """What the states allow after an attempt; ValueError for any other."""
        state = settlement.state
        if state not in MOVES[EventState.RUNNING]:
            raise ValueError(f"an attempt does not end in {state}")
        async with acquire(self._pool) as connection:
            await connection.execute(
                _PUT_OFF,
                event.event_id,
                state.value,
                int(settlement.counted),
                settlement.due_at,
                storable(settlement.reason),
                state in FINISHED,
                event.claimed_at,
                settlement.end.value,
                failure_document(settlement.failure),
            )

    async def claimable(self, items: Sequence[WorkItem]) -> Sequence[WorkItem]:
        async with acquire(self._pool) as connection:
            free = await claimable(connection, items)
        return [item for item in items if item in free]

    async def following(self, events: Sequence[ClaimedEvent]) -> Sequence[WorkItem]:
        lanes = sorted({lane_of(event.store_id, event.entity) for event in events})
        async with acquire(self._pool) as connection:
            return await following(connection, lanes)

    async def backlog(self, store_id: StoreId | None = None, *, limit: int) -> Sequence[WorkItem]:
        async with acquire(self._pool) as connection:
            return await backlog(connection, store_id, limit)


async def _claim(connection: Connection, ids: Sequence[EventId], limit: int) -> Sequence[ClaimedEvent]:
    locked = [row["event_id"] for row in await connection.fetch(_LOCK, ids, limit)]
    return [claimed_event(row) for row in await connection.fetch(_TAKE, locked)] if locked else []
