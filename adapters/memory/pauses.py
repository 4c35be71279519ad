"""Paused stores in memory."""

from __future__ import annotations

from adapters.memory.database import MemoryDatabase
from core.domain.audit import AuditEntry
from core.ids import StoreId
from core.ports.pauses import Pauses


class MemoryPauses(Pauses):
    """Marks that the memory ledger's claims look at."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def pause(self, store_id: StoreId, *, audit: AuditEntry) -> bool:
        if store_id in self._database.paused or store_id not in self._database.latest:
            return False
        self._database.paused[store_id] = self._database.now()
        self._database.note(audit)
        return True

    async def resume(self, store_id: StoreId, *, audit: AuditEntry) -> bool:
        if self._database.paused.pop(store_id, None) is None:
            return False
        self._database.note(audit)
        return True
