"""API keys in Postgres: found by hash, ended by this database's clock; each change with its audit entry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

import asyncpg

from adapters.postgres.audit import write_audit
from adapters.postgres.connection import Connection, Pool, acquire, transaction
from core.domain.api_access import ApiScope, KeyId
from core.domain.api_keys import USE_NOTED_EVERY, ApiKey, KeyDraft
from core.domain.audit import AuditEntry
from core.ports.api_keys import KeyBook

# The first of a line of rotations names no earlier one.
_COLUMNS: Final = """
    key_id, coalesce(first_id, key_id) AS first_id, name, scopes, hint, rate_per_minute,
    created_at, expires_at, revoked_at, last_used_at, rotated_to
"""
_LIVE: Final = "revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())"
_ADD: Final = f"""
    INSERT INTO api_keys (name, scopes, rate_per_minute, expires_at, digest, hint, first_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    RETURNING {_COLUMNS}
"""
# The row stays locked until the successor is there.
_CLAIM: Final = f"""
    SELECT {_COLUMNS}, now() AS now FROM api_keys WHERE key_id = $1 AND rotated_to IS NULL AND {_LIVE} FOR UPDATE
"""
_RETIRE: Final = "UPDATE api_keys SET rotated_to = $2, expires_at = least(expires_at, now() + $3) WHERE key_id = $1"
_REVOKE: Final = f"""
    UPDATE api_keys SET revoked_at = now() WHERE key_id = $1 AND revoked_at IS NULL RETURNING {_COLUMNS}
"""
_GET: Final = f"SELECT {_COLUMNS} FROM api_keys WHERE key_id = $1"
_LIVE_BY_NUMBER: Final = f"{_GET} AND {_LIVE}"
_LIVE_BY_DIGEST: Final = f"SELECT {_COLUMNS} FROM api_keys WHERE digest = $1 AND {_LIVE}"
_PAGE: Final = f"""
    SELECT {_COLUMNS} FROM api_keys WHERE $1::bigint IS NULL OR key_id < $1 ORDER BY key_id DESC LIMIT $2
"""
# Requests of one key do not queue for its row.
_NOTE_USE: Final = """
    UPDATE api_keys SET last_used_at = now() WHERE key_id = (
        SELECT key_id FROM api_keys
        WHERE key_id = $1 AND (last_used_at IS NULL OR last_used_at <= now() - $2::interval)
        FOR UPDATE SKIP LOCKED)
"""


class PostgresKeyBook(KeyBook):
    """The table `api_keys`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def add(self, draft: KeyDraft, *, digest: bytes, hint: str, audit: AuditEntry) -> ApiKey:
        async with transaction(self._pool) as connection:
            return await _enter(connection, draft, digest, hint, audit)

    async def rotate(
        self, key_id: KeyId, *, digest: bytes, hint: str, overlap: timedelta, audit: AuditEntry
    ) -> ApiKey | None:
        async with transaction(self._pool) as connection:
            row = await connection.fetchrow(_CLAIM, key_id)
            if row is None:
                return None
            key = _key(row)
            successor = await _enter(connection, key.successor(row["now"]), digest, hint, audit, first_id=key.first_id)
            await connection.execute(_RETIRE, key_id, successor.key_id, overlap)
        return successor

    async def revoke(self, key_id: KeyId, *, audit: AuditEntry) -> ApiKey | None:
        async with transaction(self._pool) as connection:
            row = await connection.fetchrow(_REVOKE, key_id)
            if row is not None:
                await _note(connection, audit, key_id)
                return _key(row)
        return await self.get(key_id)

    async def live(self, key: bytes | KeyId) -> ApiKey | None:
        return await self._one(_LIVE_BY_DIGEST if isinstance(key, bytes) else _LIVE_BY_NUMBER, key)

    async def get(self, key_id: KeyId) -> ApiKey | None:
        return await self._one(_GET, key_id)

    async def page(self, *, before: KeyId | None = None, limit: int = 50) -> Sequence[ApiKey]:
        async with acquire(self._pool) as connection:
            return [_key(row) for row in await connection.fetch(_PAGE, before, limit)]

    async def note_use(self, key_id: KeyId) -> None:
        async with acquire(self._pool) as connection:
            await connection.execute(_NOTE_USE, key_id, USE_NOTED_EVERY)

    async def _one(self, statement: str, key: bytes | KeyId) -> ApiKey | None:
        async with acquire(self._pool) as connection:
            row = await connection.fetchrow(statement, key)
        return None if row is None else _key(row)


async def _enter(
    connection: Connection,
    draft: KeyDraft,
    digest: bytes,
    hint: str,
    audit: AuditEntry,
    *,
    first_id: KeyId | None = None,
) -> ApiKey:
    told = (draft.name, list(draft.scopes), draft.rate_per_minute, draft.expires_at)
    row = await connection.fetchrow(_ADD, *told, digest, hint, first_id)
    assert row is not None
    key = _key(row)
    await _note(connection, audit, key.key_id)
    return key


async def _note(connection: Connection, audit: AuditEntry, key_id: KeyId) -> None:
    await write_audit(connection, replace(audit, details={**audit.details, "key_id": key_id}))


def _key(row: asyncpg.Record) -> ApiKey:
    return ApiKey(
        key_id=KeyId(row["key_id"]),
        first_id=KeyId(row["first_id"]),
        name=row["name"],
        scopes=tuple(ApiScope(scope) for scope in row["scopes"]),
        hint=row["hint"],
        rate_per_minute=row["rate_per_minute"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
        last_used_at=row["last_used_at"],
        rotated_to=KeyId(row["rotated_to"]) if row["rotated_to"] is not None else None,
    )
