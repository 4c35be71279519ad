"""The audit trail in memory."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.memory.database import MemoryDatabase
from core.domain.audit import AuditEntry
from core.ids import StoreId
from core.ports.audit_trail import AuditLog, AuditRecord, AuditTrail


class MemoryAuditTrail(AuditTrail):
    """Appends to the list that changes append to as well."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def note(self, entry: AuditEntry) -> None:
        self._database.note(entry)


class MemoryAuditLog(AuditLog):
    """Reads the same list."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def page(
        self, *, store_id: StoreId | None = None, before: int | None = None, limit: int = 50
    ) -> Sequence[AuditRecord]:
        newest_first = reversed(self._database.trail)
        older = (record for record in newest_first if before is None or record.audit_id < before)
        return [record for record in older if store_id in {None, record.entry.store_id}][:limit]
