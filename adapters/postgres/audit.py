"""The audit trail: written inside the transaction of what it tells about, read by people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import asyncpg

from adapters.formats.request_context import with_request_id
from adapters.postgres.connection import Connection, Pool, acquire
from core.domain.audit import AuditEntry, AuditRecord
from core.ids import Epoch, InstallId, StoreId
from core.ports.audit_trail import AuditLog, AuditTrail

_WRITE: Final = """
    INSERT INTO audit (action, actor, store_id, install_id, request_id, details) VALUES ($1, $2, $3, $4, $5, $6)
"""
COLUMNS: Final = "a.audit_id, a.at, a.action, a.actor, a.store_id, a.install_id, a.request_id, a.details"
# One condition for each argument that is given: with all of them in one statement the planner would use no index.
# Ids grow with time but for entries that were written at the same moment: what is later than `until` is passed over
# by id, so that a page of long ago is not looked for from the newest entry on.
_UNTIL: Final = """
    a.at < {0} AND a.audit_id <= (
        SELECT max(audit_id) FROM (SELECT audit_id FROM audit WHERE at < {0} ORDER BY at DESC LIMIT 1000) AS late)
"""
_CONDITIONS: Final = ("a.store_id = {}", "a.action = {}", "a.actor = {}", "a.at >= {}", _UNTIL, "a.audit_id < {}")
_PAGE: Final = f"""
    SELECT {COLUMNS}, i.epoch FROM audit a LEFT JOIN installs i ON i.install_id = a.install_id
    {{where}} ORDER BY a.audit_id DESC LIMIT $1
"""


async def write_audit(conn: Connection, entry: AuditEntry) -> None:
    """Adds the entry to the caller's open transaction: it is kept exactly when the change is."""
    entry = with_request_id(entry)
    await conn.execute(
        _WRITE, entry.action, entry.actor, entry.store_id, entry.install_id, entry.request_id, dict(entry.details)
    )


class PostgresAuditLog(AuditTrail, AuditLog):
    """The table `audit`, to which the processes' role may only add."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def page(
        self,
        *,
        store_id: StoreId | None = None,
        action: str | None = None,
        actor: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> Sequence[AuditRecord]:
        wanted = (store_id, action, actor, since, until, before)
        given = [(one, value) for one, value in zip(_CONDITIONS, wanted, strict=True) if value is not None]
        conditions = [one.format(f"${number}") for number, (one, _) in enumerate(given, start=2)]
        where = "WHERE " + " AND ".join(conditions) if conditions else ""
        async with acquire(self._pool) as conn:
            rows = await conn.fetch(_PAGE.format(where=where), limit, *(value for _, value in given))
        return [record_of(row, row["epoch"]) for row in rows]

    async def note(self, entry: AuditEntry) -> None:
        async with acquire(self._pool) as conn:
            await write_audit(conn, entry)


def record_of(row: asyncpg.Record, epoch: int | None = None) -> AuditRecord:
    """The record in a row of COLUMNS."""
    store_id, install_id = row["store_id"], row["install_id"]
    entry = AuditEntry(
        row["action"],
        StoreId(store_id) if store_id is not None else None,
        InstallId(install_id) if install_id is not None else None,
        row["actor"],
        row["request_id"],
        row["details"],
    )
    return AuditRecord(row["audit_id"], row["at"], entry, Epoch(epoch) if epoch is not None else None)
