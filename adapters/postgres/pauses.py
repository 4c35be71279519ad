"""Paused stores: a column that every claim looks at."""

from __future__ import annotations

from typing import Final

from adapters.postgres.audit import write_audit
from adapters.postgres.connection import Pool, transaction
from core.domain.audit import AuditEntry
from core.ids import StoreId
from core.ports.pauses import Pauses

_PAUSE: Final = "UPDATE stores SET paused_at = now() WHERE store_id = $1 AND paused_at IS NULL RETURNING store_id"
_RESUME: Final = "UPDATE stores SET paused_at = NULL WHERE store_id = $1 AND paused_at IS NOT NULL RETURNING store_id"


class PostgresPauses(Pauses):
    """`stores.paused_at`. A batch of events holds its store's row, so that none ends after a pause began."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def pause(self, store_id: StoreId, *, audit: AuditEntry) -> bool:
        return await self._change(_PAUSE, store_id, audit)

    async def resume(self, store_id: StoreId, *, audit: AuditEntry) -> bool:
        return await self._change(_RESUME, store_id, audit)

    async def _change(self, statement: str, store_id: StoreId, audit: AuditEntry) -> bool:
        async with transaction(self._pool) as connection:
            if await connection.fetchval(statement, store_id) is None:
                return False
            await write_audit(connection, audit)
        return True
