"""The audit trail: written inside the transaction of what it tells about, read by people."""

from __future__ import annotations

from typing import Final

import asyncpg
import orjson
from asyncpg.pool import PoolConnectionProxy

from core.domain.audit import AuditEntry

# Through text, so that it does not matter which jsonb codec the connection has.
_WRITE: Final = """
    INSERT INTO audit (action, actor, store_id, install_id, request_id, details)
    VALUES ($1, $2, $3, $4, $5, $6::text::jsonb)
"""


async def write_audit(conn: asyncpg.Connection | PoolConnectionProxy, entry: AuditEntry) -> None:
    """Adds the entry to the caller's open transaction: it is kept exactly when the change is."""
    details = orjson.dumps(dict(entry.details)).decode()
    await conn.execute(_WRITE, entry.action, entry.actor, entry.store_id, entry.install_id, entry.request_id, details)
