"""Reconciliations: claimed under a worker's lease and a fence, resumed at what the row's progress says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

import asyncpg

from adapters.postgres.audit import write_audit
from adapters.postgres.connection import Pool, acquire, transaction
from adapters.postgres.held_work import INSTALL_LIVES, OPEN_STATES, HeldTable, HeldWork, shown_state
from adapters.postgres.moves import LIVE_STATES
from core.domain.audit import AuditEntry
from core.domain.backfill import PutOff
from core.domain.documents import Document, as_document
from core.domain.reconcile_plan import Why
from core.domain.reconcile_progress import Progress, read_progress, to_document
from core.domain.reconciliation import ReconciliationClaim, ReconciliationId, ReconciliationStatus
from core.ids import Fence, InstallId, StoreId, WorkerId
from core.ports.reconciliations import Reconciliations

# A paused store waits, and so does one that is still read for the first time.
TABLE: Final = HeldTable(
    "reconciliations",
    ("reconciliation_id",),
    order="h.reconciliation_id",
    only=f"""s.paused_at IS NULL AND (s.store_id IS NULL OR s.state = 'uninstalled' OR NOT EXISTS (
        SELECT FROM backfills b WHERE b.install_id = h.install_id AND b.state IN {OPEN_STATES}))""",
)

_STORE_OF_LIVE: Final = f"""
    SELECT s.store_id FROM installs i JOIN stores s USING (store_id, install_id)
    WHERE i.install_id = $1 AND s.state IN {LIVE_STATES} FOR UPDATE OF i
"""
_REPLAN: Final = """
    UPDATE reconciliations SET progress = $2, due_at = now()
    WHERE install_id = $1 AND why = 'requested' AND state = 'queued' AND started_at IS NULL
    RETURNING reconciliation_id
"""
_REQUEST: Final = """
    INSERT INTO reconciliations (install_id, store_id, why, state, progress, due_at)
    VALUES ($1, $3, 'requested', 'queued', $2, now()) RETURNING reconciliation_id
"""
# Each install's turn comes a little earlier or later, always by the same: by up to a tenth of the period.
_SCHEDULE: Final = f"""
    WITH due AS (
        SELECT s.install_id, s.store_id,
               $1::interval > interval '0' AND i.installed_at <= now() - $1 * spread.factor AND NOT EXISTS (
                   SELECT FROM reconciliations r WHERE r.install_id = s.install_id AND r.why <> 'gap'
                   AND r.requested_at > now() - $1 * spread.factor) AS is_time,
               EXISTS (SELECT FROM gaps g WHERE g.install_id = s.install_id AND g.closed_at IS NULL
                       AND g.opened_at <= now() - $2::interval) AS has_gap
        FROM stores s JOIN installs i USING (install_id),
             LATERAL (SELECT 0.9 + 0.2 * (abs(hashint8(s.install_id)::bigint) % 1000) / 1000.0 AS factor) AS spread
        WHERE s.state = 'active'
          AND NOT EXISTS (SELECT FROM reconciliations r WHERE r.install_id = s.install_id AND r.state IN {OPEN_STATES})
    ), queued AS (
        INSERT INTO reconciliations (install_id, store_id, why, state, due_at)
        SELECT install_id, store_id, CASE WHEN is_time THEN 'scheduled' ELSE 'gap' END, 'queued', now()
        FROM due WHERE is_time OR has_gap LIMIT $3
        ON CONFLICT DO NOTHING RETURNING true
    )
    SELECT count(*) FROM queued
"""
_BEFORE: Final = """
    SELECT progress FROM reconciliations WHERE install_id = $1 AND state = 'done'
    ORDER BY reconciliation_id DESC LIMIT 1
"""
# Where the install ended meanwhile, the row ends too.
_ADVANCE: Final = f"""
    UPDATE reconciliations h
    SET progress = $4, missed = $6, received = $7, failures = 0,
        state = CASE WHEN NOT {INSTALL_LIVES} THEN 'cancelled' WHEN $5 THEN 'done' ELSE 'running' END,
        worker_id = CASE WHEN $5 OR NOT {INSTALL_LIVES} THEN NULL ELSE worker_id END,
        finished_at = CASE WHEN $5 OR NOT {INSTALL_LIVES} THEN now() END
    WHERE {TABLE.held()} RETURNING h.state <> 'cancelled'
"""
_OF_STORE: Final = f"""
    SELECT h.*, {INSTALL_LIVES} AS is_live FROM stores JOIN reconciliations h USING (store_id, install_id)
    WHERE store_id = $1 ORDER BY reconciliation_id DESC LIMIT $2
"""
_MISSED: Final = f"""
    WITH latest AS (
        SELECT DISTINCT ON (r.install_id) r.missed, r.received
        FROM reconciliations r JOIN stores s USING (store_id, install_id)
        WHERE r.state = 'done' AND s.state IN {LIVE_STATES} ORDER BY r.install_id, r.reconciliation_id DESC
    )
    SELECT topic, sum(missed)::bigint AS missed, sum(received)::bigint AS received FROM (
        SELECT key AS topic, value::bigint AS missed, 0 AS received FROM latest, jsonb_each_text(missed)
        UNION ALL SELECT key, 0, value::bigint FROM latest, jsonb_each_text(received)) AS counted
    GROUP BY topic
"""
# The newest finished one of an install stays: it says how far the install was read.
_FORGET: Final = """
    DELETE FROM reconciliations WHERE reconciliation_id IN (
        SELECT r.reconciliation_id FROM reconciliations r
        WHERE r.finished_at < now() - $1::interval
          AND (r.why <> 'requested' OR r.finished_at < now() - $2::interval) AND EXISTS (
            SELECT FROM reconciliations n WHERE n.install_id = r.install_id
            AND n.reconciliation_id > r.reconciliation_id AND n.state = 'done')
        LIMIT 1000)
"""
KEPT_FOR: Final = timedelta(days=1)
REQUESTED_KEPT_FOR: Final = timedelta(days=30)


class PostgresReconciliations(Reconciliations):
    """The table `reconciliations`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._held = HeldWork(pool, TABLE, told="reconciliation")

    async def request(self, install_id: InstallId, progress: Progress, *, audit: AuditEntry) -> ReconciliationId | None:
        planned = to_document(progress)
        async with transaction(self._pool) as connection:
            store_id = await connection.fetchval(_STORE_OF_LIVE, install_id)
            if store_id is None:
                return None
            number = await connection.fetchval(_REPLAN, install_id, planned)
            if number is None:
                number = await connection.fetchval(_REQUEST, install_id, planned, store_id)
            await write_audit(connection, audit)
        return ReconciliationId(number)

    async def schedule(self, *, every: timedelta, gap_age: timedelta, limit: int) -> int:
        """Old reports go at the same time."""
        async with acquire(self._pool) as connection:
            await connection.execute(_FORGET, KEPT_FOR, REQUESTED_KEPT_FOR)
            return int(await connection.fetchval(_SCHEDULE, every, gap_age, limit))

    async def claim(self, worker: WorkerId) -> ReconciliationClaim | None:
        row = await self._held.claim(worker)
        if row is None:
            return None
        async with acquire(self._pool) as connection:
            before = await connection.fetchval(_BEFORE, row["install_id"])
        return _claimed(row, worker, before)

    async def advance(self, claim: ReconciliationClaim, progress: Progress, *, done: bool = False) -> None:
        missed, received = (dict(progress.missed), dict(progress.received)) if done else ({}, {})
        values = (to_document(progress), done, missed, received)
        await self._held.move(claim, (claim.reconciliation_id,), _ADVANCE, *values)

    async def put_off(self, claim: ReconciliationClaim, decided: PutOff) -> None:
        await self._held.put_off(claim, (claim.reconciliation_id,), decided)

    async def of_store(self, store_id: StoreId, *, limit: int = 20) -> Sequence[ReconciliationStatus]:
        async with acquire(self._pool) as connection:
            return [_status(row) for row in await connection.fetch(_OF_STORE, store_id, limit)]

    async def missed(self) -> Mapping[str, tuple[int, int]]:
        async with acquire(self._pool) as connection:
            rows = await connection.fetch(_MISSED)
        return {row["topic"]: (row["missed"], row["received"]) for row in rows}


def _claimed(row: asyncpg.Record, worker: WorkerId, before: object) -> ReconciliationClaim:
    return ReconciliationClaim(
        ReconciliationId(row["reconciliation_id"]),
        InstallId(row["install_id"]),
        StoreId(row["store_id"]),
        Why(row["why"]),
        worker,
        Fence(row["fence"]),
        _progress(row["progress"]),
        _progress(before),
        row["failures"],
    )


def _status(row: asyncpg.Record) -> ReconciliationStatus:
    return ReconciliationStatus(
        ReconciliationId(row["reconciliation_id"]),
        StoreId(row["store_id"]),
        InstallId(row["install_id"]),
        Why(row["why"]),
        shown_state(row),
        _progress(row["progress"]),
        row["reason"],
        row["requested_at"],
        row["started_at"],
        row["finished_at"],
    )


def _progress(kept: object) -> Progress | None:
    document: Document | None = as_document(kept) if kept is not None else None
    return read_progress(document) if document is not None else None
