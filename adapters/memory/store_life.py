"""The life of a store in memory."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.memory.database import MemoryDatabase
from core.domain.audit import AuditRecord
from core.domain.gaps import KnownGap
from core.domain.store_life import is_of_life
from core.ids import StoreId
from core.ports.store_life import StoreLife


class MemoryStoreLife(StoreLife):
    """Reads the audit's list and the dict of gaps."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def entries(self, store_id: StoreId, *, before: int | None = None, limit: int) -> Sequence[AuditRecord]:
        mine = [record for record in reversed(self._database.trail) if record.entry.store_id == store_id]
        life = [record for record in mine if is_of_life(record.entry.action)]
        return [record for record in life if before is None or record.audit_id < before][:limit]

    async def gaps(self, store_id: StoreId, *, before: int | None = None, limit: int) -> Sequence[KnownGap]:
        mine = [known for known in self._database.gaps.values() if known.gap.store_id == store_id]
        older = [known for known in mine if before is None or known.gap_id < before]
        return sorted(older, key=lambda known: -known.gap_id)[:limit]
