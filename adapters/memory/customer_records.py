"""Records of customers in memory."""

from __future__ import annotations

from dataclasses import replace

from adapters.memory.database import MemoryDatabase
from core.domain.audit import AuditEntry
from core.domain.customer_records import CustomerRecord, RecordChange, changed
from core.ids import StoreId
from core.ports.customer_records import CustomerRecords


class MemoryCustomerRecords(CustomerRecords):
    """A dict by store and customer."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def get(self, store_id: StoreId, customer_id: str) -> CustomerRecord:
        return self._database.records.get((store_id, customer_id), CustomerRecord(customer_id))

    async def change(
        self, store_id: StoreId, customer_id: str, change: RecordChange, *, audit: AuditEntry
    ) -> CustomerRecord:
        after = replace(changed(await self.get(store_id, customer_id), change), updated_at=self._database.now())
        self._database.records[store_id, customer_id] = after
        self._database.note(audit)
        return after
