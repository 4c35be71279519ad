"""The audit trail in memory."""

from __future__ import annotations

from adapters.memory.database import MemoryDatabase
from core.domain.audit import AuditEntry
from core.ports.audit_trail import AuditTrail


class MemoryAuditTrail(AuditTrail):
    """Appends to the list that changes append to as well."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def note(self, entry: AuditEntry) -> None:
        self._database.audit.append(entry)
