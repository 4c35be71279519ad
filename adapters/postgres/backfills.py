"""Backfills: claimed under a worker's lease and a fence, resumed at the page that the row names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import asyncpg

from adapters.postgres.audit import write_audit
from adapters.postgres.connection import Connection, Pool, acquire, transaction
from adapters.postgres.held_work import INSTALL_LIVES, OPEN_STATES, HeldTable, HeldWork, shown_state
from adapters.postgres.moves import LIVE_STATES
from core.domain.audit import AuditEntry
from core.domain.backfill import (
    BACKFILLED,
    OPEN,
    BackfillClaim,
    BackfillStatus,
    PageDone,
    PutOff,
)
from core.ids import EntityKind, Fence, InstallId, StoreId, WorkerId
from core.ports.backfills import SUBSCRIBE_FIRST, Backfills

TABLE: Final = HeldTable("backfills", ("install_id", "kind"), order="h.place")

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
        page = CASE WHEN b.state IN {OPEN_STATES} THEN b.page END,
        pages = CASE WHEN b.state IN {OPEN_STATES} THEN b.pages ELSE 0 END,
        read = CASE WHEN b.state IN {OPEN_STATES} THEN b.read ELSE 0 END,
        total = CASE WHEN b.state IN {OPEN_STATES} THEN b.total END,
        started_at = CASE WHEN b.state IN {OPEN_STATES} THEN b.started_at END,
        progressed_at = CASE WHEN b.state IN {OPEN_STATES} THEN b.progressed_at END,
        requested_at = CASE WHEN b.state IN {OPEN_STATES} THEN b.requested_at ELSE now() END
    WHERE b.state <> 'running'
"""
_BEGIN: Final = """
    UPDATE backfills SET due_at = now() WHERE install_id = $1 AND state = 'queued' AND due_at > now()
"""
# Where the install ended meanwhile, the row ends too.
_ADVANCE: Final = f"""
    UPDATE backfills h
    SET page = $5, pages = pages + 1, read = $6::bigint,
        total = coalesce($7::bigint, total, CASE WHEN $5::text IS NULL THEN $6::bigint END), failures = 0,
        progressed_at = now(),
        state = CASE WHEN NOT {INSTALL_LIVES} THEN 'cancelled' WHEN $5::text IS NULL THEN 'done' ELSE 'running' END,
        worker_id = CASE WHEN $5::text IS NULL OR NOT {INSTALL_LIVES} THEN NULL ELSE worker_id END,
        finished_at = CASE WHEN $5::text IS NULL OR NOT {INSTALL_LIVES} THEN now() END
    WHERE {TABLE.held()} RETURNING h.state <> 'cancelled'
"""
_OF_STORES: Final = f"""
    SELECT h.*, {INSTALL_LIVES} AS is_live FROM stores JOIN backfills h USING (store_id, install_id)
    WHERE store_id = ANY ($1) ORDER BY store_id, h.place
"""
_BACKLOG: Final = """
    SELECT count(*) FROM (
        SELECT FROM events WHERE store_id = $1 AND state = 'queued' AND open_runs = 0 LIMIT $2) AS waiting
"""


class PostgresBackfills(Backfills):
    """The table `backfills`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._held = HeldWork(pool, TABLE, told="backfill")

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
        row = await self._held.claim(worker)
        return _claimed(row, worker) if row else None

    async def advance(self, claim: BackfillClaim, page: PageDone) -> None:
        await self._held.move(claim, _key(claim), _ADVANCE, page.next, page.read, page.total)

    async def put_off(self, claim: BackfillClaim, decided: PutOff) -> None:
        await self._held.put_off(claim, _key(claim), decided)

    async def of_stores(self, store_ids: Sequence[StoreId]) -> Sequence[BackfillStatus]:
        async with acquire(self._pool) as connection:
            return [_status(row) for row in await connection.fetch(_OF_STORES, store_ids)]

    async def backlog(self, store_id: StoreId, *, limit: int) -> int:
        async with acquire(self._pool) as connection:
            return int(await connection.fetchval(_BACKLOG, store_id, limit))


async def queue_first_backfills(connection: Connection, store_id: StoreId, install_id: InstallId) -> None:
    """One of every kind, in the transaction that begins the install."""
    kinds = [kind.value for kind in BACKFILLED]
    await connection.execute(_FIRST, install_id, store_id, kinds, SUBSCRIBE_FIRST)


def _key(claim: BackfillClaim) -> tuple[InstallId, str]:
    return claim.install_id, claim.kind.value


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
    return BackfillStatus(
        store_id=StoreId(row["store_id"]),
        install_id=InstallId(row["install_id"]),
        kind=EntityKind(row["kind"]),
        state=shown_state(row),
        read=row["read"],
        total=row["total"],
        pages=row["pages"],
        reason=row["reason"],
        requested_at=row["requested_at"],
        started_at=row["started_at"],
        progressed_at=row["progressed_at"],
        finished_at=row["finished_at"],
        due_at=row["due_at"] if row["state"] in OPEN else None,
    )
