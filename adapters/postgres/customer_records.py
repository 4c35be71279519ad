"""Records of customers: read, changed by the core's rule and written back under a row lock."""

from __future__ import annotations

from typing import Final

import asyncpg

from adapters.postgres.audit import write_audit
from adapters.postgres.connection import Connection, Pool, acquire, transaction
from adapters.postgres.storable_text import storable
from core.domain.audit import AuditEntry
from core.domain.customer_records import CustomerRecord, RecordChange, changed
from core.ids import StoreId
from core.ports.customer_records import CustomerRecords

_GET: Final = """
    SELECT customer_id, preferences, notes, tags, updated_at FROM customer_records
    WHERE store_id = $1 AND customer_id = $2
"""
# The row must be there to be locked: two first changes would otherwise both begin with nothing.
_MAKE: Final = "INSERT INTO customer_records (store_id, customer_id) VALUES ($1, $2) ON CONFLICT DO NOTHING"
_WRITE: Final = """
    UPDATE customer_records SET preferences = $3, notes = $4, tags = $5, updated_at = now()
    WHERE store_id = $1 AND customer_id = $2 RETURNING customer_id, preferences, notes, tags, updated_at
"""


class PostgresCustomerRecords(CustomerRecords):
    """The table `customer_records`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def get(self, store_id: StoreId, customer_id: str) -> CustomerRecord:
        async with acquire(self._pool) as connection:
            row = await connection.fetchrow(_GET, store_id, storable(customer_id))
        return CustomerRecord(customer_id) if row is None else _record(row)

    async def change(
        self, store_id: StoreId, customer_id: str, change: RecordChange, *, audit: AuditEntry
    ) -> CustomerRecord:
        """OutOfBounds leaves the transaction, so that not even an empty row stays."""
        async with transaction(self._pool) as connection:
            before = await _locked(connection, store_id, storable(customer_id))
            after = changed(before, change)
            content = (dict(after.preferences), after.notes, list(after.tags))
            row = await connection.fetchrow(_WRITE, store_id, before.customer_id, *content)
            await write_audit(connection, audit)
        assert row is not None
        return _record(row)


async def _locked(connection: Connection, store_id: StoreId, customer_id: str) -> CustomerRecord:
    await connection.execute(_MAKE, store_id, customer_id)
    row = await connection.fetchrow(f"{_GET} FOR UPDATE", store_id, customer_id)
    assert row is not None
    return _record(row)


def _record(row: asyncpg.Record) -> CustomerRecord:
    return CustomerRecord(row["customer_id"], row["preferences"], row["notes"], tuple(row["tags"]), row["updated_at"])
