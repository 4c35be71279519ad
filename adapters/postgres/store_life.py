"""The life of a store, out of the audit and the gaps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from adapters.postgres.audit import COLUMNS, record_of
from adapters.postgres.connection import Pool, acquire
from adapters.postgres.gaps import read_gap
from core.domain.audit import AuditRecord
from core.domain.gaps import KnownGap
from core.domain.store_life import FAMILIES
from core.ids import StoreId
from core.ports.store_life import StoreLife

LARGEST: Final = 2**63 - 1
OF_LIFE: Final = f"split_part(a.action, '.', 1) IN ({', '.join(repr(family) for family in FAMILIES)})"
"""As the partial index `audit_of_life` has it; a test compares the two."""
_ENTRIES: Final = f"""
    SELECT {COLUMNS}, i.epoch FROM audit a LEFT JOIN installs i ON i.install_id = a.install_id
    WHERE a.store_id = $1 AND {OF_LIFE} AND a.audit_id < $2 ORDER BY a.audit_id DESC LIMIT $3
"""
_GAPS: Final = "SELECT * FROM gaps WHERE store_id = $1 AND gap_id < $2 ORDER BY gap_id DESC LIMIT $3"


class PostgresStoreLife(StoreLife):
    """The tables `audit` and `gaps`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def entries(self, store_id: StoreId, *, before: int | None = None, limit: int) -> Sequence[AuditRecord]:
        async with acquire(self._pool) as connection:
            rows = await connection.fetch(_ENTRIES, store_id, LARGEST if before is None else before, limit)
        return [record_of(row, row["epoch"]) for row in rows]

    async def gaps(self, store_id: StoreId, *, before: int | None = None, limit: int) -> Sequence[KnownGap]:
        async with acquire(self._pool) as connection:
            rows = await connection.fetch(_GAPS, store_id, LARGEST if before is None else before, limit)
        return [read_gap(row) for row in rows]
