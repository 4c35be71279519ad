"""The audit trail: written inside the transaction of what it tells about, read by people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import asyncpg

from adapters.postgres.connection import Connection, Pool, acquire
from core.domain.audit import AuditEntry
from core.ids import InstallId, StoreId
from core.ports.audit_trail import AuditLog, AuditRecord, AuditTrail

_WRITE: Final = """
    INSERT INTO audit (action, actor, store_id, install_id, request_id, details) VALUES ($1, $2, $3, $4, $5, $6)
"""
_RECORDS: Final = "SELECT audit_id, at, action, actor, store_id, install_id, request_id, details FROM audit "
_NEWEST_FIRST: Final = "AND audit_id < coalesce($2, 9223372036854775807) ORDER BY audit_id DESC LIMIT $3"
_PAGE: Final = _RECORDS + "WHERE $1::bigint IS NULL " + _NEWEST_FIRST
_PAGE_OF_STORE: Final = _RECORDS + "WHERE store_id = $1 " + _NEWEST_FIRST


async def write_audit(conn: Connection, entry: AuditEntry) -> None:
    """Adds the entry to the caller's open transaction: it is kept exactly when the change is."""
    await conn.execute(
        _WRITE, entry.action, entry.actor, entry.store_id, entry.install_id, entry.request_id, dict(entry.details)
    )


class PostgresAuditLog(AuditTrail, AuditLog):
    """The table `audit`, to which the processes' role may only add."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def page(
        self, *, store_id: StoreId | None = None, before: int | None = None, limit: int = 50
    ) -> Sequence[AuditRecord]:
        statement = _PAGE if store_id is None else _PAGE_OF_STORE
        async with acquire(self._pool) as conn:
            rows = await conn.fetch(statement, store_id, before, limit)
        return [_record(row) for row in rows]

    async def note(self, entry: AuditEntry) -> None:
        async with acquire(self._pool) as conn:
            await write_audit(conn, entry)


def _record(row: asyncpg.Record) -> AuditRecord:
    store_id, install_id = row["store_id"], row["install_id"]
    entry = AuditEntry(
        row["action"],
        StoreId(store_id) if store_id is not None else None,
        InstallId(install_id) if install_id is not None else None,
        row["actor"],
        row["request_id"],
        row["details"],
    )
    return AuditRecord(row["audit_id"], row["at"], entry)
