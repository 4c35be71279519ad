"""Backfills: claimed under a worker's lease and a fence, resumed at the page that the row names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import asyncpg

from adapters.postgres.audit import write_audit
from adapters.postgres.connection import Connection, Pool, acquire, transaction
from adapters.postgres.moves import LIVE_STATES
from adapters.postgres.storable_text import storable
from core.domain.audit import AuditEntry
from core.domain.backfill import (
    BACKFILLED,
    OPEN,
    BackfillClaim,
    BackfillState,
    BackfillStatus,
    PageDone,
    PutOff,
)
from core.errors import LostClaim
from core.ids import EntityKind, Fence, InstallId, StoreId, WorkerId
from core.ports.backfills import SUBSCRIBE_FIRST, Backfills

_OPEN: Final = "('queued', 'running', 'waiting')"
_IS_LIVE: Final = f"""
    EXISTS (SELECT FROM stores s WHERE s.store_id = b.store_id AND s.install_id = b.install_id
            AND s.state IN {LIVE_STATES})
"""
_ALIVE: Final = "EXISTS (SELECT FROM workers w WHERE w.worker_id = {} AND w.lease_until > now())"

_FIRST: Final = """
    INSERT INTO backfills (install_id, store_id, kind, place, state, due_at)
    SELECT $1, $2, kind, place, 'queued', now() + $4
    FROM unnest($3::text[]) WITH ORDINALITY AS given (kind, place)
    ON CONFLICT DO NOTHING
"""
_STORE_OF_LIVE: Final = f"""
    SELECT s.store_id FROM installs i JOIN stores s USING (store_id, install_id)
    WHERE i.install_id = $1 AND s.state IN {LIVE_STATES} FOR SHARE OF s
"""
# An open one keeps its page and its counts; what is being read is left alone.
_REQUEST: Final = f"""
    INSERT INTO backfills AS b (install_id, store_id, kind, place, state, due_at)
    SELECT $1, $2, kind, place, 'queued', now() FROM unnest($3::text[], $4::smallint[]) AS given (kind, place)
    ON CONFLICT (install_id, kind) DO UPDATE
    SET state = 'queued', due_at = now(), reason = NULL, failures = 0, finished_at = NULL,
        page = CASE WHEN b.state IN {_OPEN} THEN b.page END,
        pages = CASE WHEN b.state IN {_OPEN} THEN b.pages ELSE 0 END,
        read = CASE WHEN b.state IN {_OPEN} THEN b.read ELSE 0 END,
        total = CASE WHEN b.state IN {_OPEN} THEN b.total END,
        started_at = CASE WHEN b.state IN {_OPEN} THEN b.started_at END,
        progressed_at = CASE WHEN b.state IN {_OPEN} THEN b.progressed_at END,
        requested_at = CASE WHEN b.state IN {_OPEN} THEN b.requested_at ELSE now() END
    WHERE b.state <> 'running'
"""
_BEGIN: Final = """
    UPDATE backfills SET due_at = now() WHERE install_id = $1 AND state = 'queued' AND due_at > now()
"""
# One of an install that is over is chosen too, to be cancelled: so that it stands in nobody's way.
_CLAIM: Final = f"""
    WITH next AS (
        SELECT b.install_id, b.kind, s.store_id IS NOT NULL AND s.state <> 'uninstalled' AS is_live
        FROM backfills b LEFT JOIN stores s USING (store_id, install_id)
        WHERE b.state IN {_OPEN} AND b.due_at <= now()
          AND CASE WHEN b.state = 'running' THEN NOT {_ALIVE.format("b.worker_id")}
              ELSE NOT EXISTS (SELECT FROM backfills o WHERE o.install_id = b.install_id AND o.state = 'running') END
          AND coalesce(s.state, '') <> 'needs_reauthorization'
          AND {_ALIVE.format("$1")}
        ORDER BY b.due_at, b.place LIMIT 1 FOR UPDATE OF b SKIP LOCKED
    )
    UPDATE backfills b
    SET state = CASE WHEN next.is_live THEN 'running' ELSE 'cancelled' END, fence = b.fence + 1,
        worker_id = CASE WHEN next.is_live THEN $1 END, reason = NULL,
        started_at = coalesce(b.started_at, now()), finished_at = CASE WHEN NOT next.is_live THEN now() END
    FROM next WHERE b.install_id = next.install_id AND b.kind = next.kind
    RETURNING b.install_id, b.store_id, b.kind, b.fence, b.page, b.failures, next.is_live
"""
_HELD: Final = "b.install_id = $1 AND b.kind = $2 AND b.worker_id = $3 AND b.fence = $4 AND b.state = 'running'"
# Where the install ended meanwhile, the row ends too.
_ADVANCE: Final = f"""
    UPDATE backfills b
    SET page = $5, pages = pages + 1, read = $6::bigint,
        total = coalesce($7::bigint, total, CASE WHEN $5::text IS NULL THEN $6::bigint END), failures = 0,
        progressed_at = now(),
        state = CASE WHEN NOT {_IS_LIVE} THEN 'cancelled' WHEN $5::text IS NULL THEN 'done' ELSE 'running' END,
        worker_id = CASE WHEN $5::text IS NULL OR NOT {_IS_LIVE} THEN NULL ELSE worker_id END,
        finished_at = CASE WHEN $5::text IS NULL OR NOT {_IS_LIVE} THEN now() END
    WHERE {_HELD} RETURNING b.state <> 'cancelled'
"""
_PUT_OFF: Final = f"""
    UPDATE backfills b
    SET state = $5, reason = $6, due_at = now() + $7, failures = $8, worker_id = NULL,
        finished_at = CASE WHEN $5::text IN ('failed', 'cancelled') THEN now() END
    WHERE {_HELD} RETURNING true
"""
_OF_STORES: Final = f"""
    SELECT b.*, {_IS_LIVE} AS is_live FROM stores JOIN backfills b USING (store_id, install_id)
    WHERE store_id = ANY ($1) ORDER BY store_id, b.place
"""
_BACKLOG: Final = """
    SELECT count(*) FROM (
        SELECT FROM events WHERE store_id = $1 AND state = 'queued' AND open_runs = 0 LIMIT $2) AS waiting
"""

_CROSSED: Final = 5
"""How often claims that meet at one install are tried anew."""


class PostgresBackfills(Backfills):
    """The table `backfills`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def request(self, install_id: InstallId, kinds: Sequence[EntityKind], *, audit: AuditEntry) -> bool:
        wanted = [kind for kind in BACKFILLED if kind in kinds]
        places = [BACKFILLED.index(kind) + 1 for kind in wanted]
        async with transaction(self._pool) as connection:
            store_id = await connection.fetchval(_STORE_OF_LIVE, install_id)
            if store_id is None:
                return False
            await connection.execute(_REQUEST, install_id, store_id, [kind.value for kind in wanted], places)
            await write_audit(connection, audit)
        return True

    async def begin(self, install_id: InstallId) -> None:
        async with acquire(self._pool) as connection:
            await connection.execute(_BEGIN, install_id)

    async def claim(self, worker: WorkerId) -> BackfillClaim | None:
        """Where two claims meet at one install, the database lets one through; the other looks again."""
        for _ in range(_CROSSED):
            try:
                async with acquire(self._pool) as connection:
                    return await _claim(connection, worker)
            except asyncpg.UniqueViolationError:
                continue
        return None

    async def advance(self, claim: BackfillClaim, page: PageDone) -> None:
        await self._move(claim, _ADVANCE, page.next, page.read, page.total)

    async def put_off(self, claim: BackfillClaim, decided: PutOff) -> None:
        reason = storable(decided.reason)
        await self._move(claim, _PUT_OFF, decided.state.value, reason, decided.wait, decided.failures)

    async def of_stores(self, store_ids: Sequence[StoreId]) -> Sequence[BackfillStatus]:
        async with acquire(self._pool) as connection:
            return [_status(row) for row in await connection.fetch(_OF_STORES, store_ids)]

    async def backlog(self, store_id: StoreId, *, limit: int) -> int:
        async with acquire(self._pool) as connection:
            return int(await connection.fetchval(_BACKLOG, store_id, limit))

    async def _move(self, claim: BackfillClaim, sql: str, *values: object) -> None:
        held = (claim.install_id, claim.kind.value, claim.worker, claim.fence)
        async with acquire(self._pool) as connection:
            if not await connection.fetchval(sql, *held, *values):
                raise LostClaim(f"the backfill of {claim.kind} of store {claim.store_id} is no longer ours")


async def queue_first_backfills(connection: Connection, store_id: StoreId, install_id: InstallId) -> None:
    """One of every kind, in the transaction that begins the install."""
    kinds = [kind.value for kind in BACKFILLED]
    await connection.execute(_FIRST, install_id, store_id, kinds, SUBSCRIBE_FIRST)


async def _claim(connection: Connection, worker: WorkerId) -> BackfillClaim | None:
    while row := await connection.fetchrow(_CLAIM, worker):
        if row["is_live"]:
            return _claimed(row, worker)
    return None


def _claimed(row: asyncpg.Record, worker: WorkerId) -> BackfillClaim:
    return BackfillClaim(
        InstallId(row["install_id"]),
        StoreId(row["store_id"]),
        EntityKind(row["kind"]),
        worker,
        Fence(row["fence"]),
        row["page"],
        row["failures"],
    )


def _status(row: asyncpg.Record) -> BackfillStatus:
    state = BackfillState(row["state"])
    return BackfillStatus(
        store_id=StoreId(row["store_id"]),
        install_id=InstallId(row["install_id"]),
        kind=EntityKind(row["kind"]),
        state=BackfillState.CANCELLED if state in OPEN and not row["is_live"] else state,
        read=row["read"],
        total=row["total"],
        pages=row["pages"],
        reason=row["reason"],
        requested_at=row["requested_at"],
        started_at=row["started_at"],
        progressed_at=row["progressed_at"],
        finished_at=row["finished_at"],
        due_at=row["due_at"] if state in OPEN else None,
    )
