"""Sealed tokens, one row per live install; the generation in the row decides who may write."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime
from hashlib import sha256
from typing import Final

import asyncpg

from adapters.postgres.alerts import heal_alert
from adapters.postgres.audit import write_audit
from adapters.postgres.connection import Connection, Pool, acquire, keeping_plans
from adapters.postgres.sealed_tokens import Place, open_tokens, seal_tokens
from core.domain.alerts import AlertKind, subject_of
from core.domain.audit import AuditEntry
from core.domain.tokens import Tokens, TokenSet
from core.ids import Generation, InstallId, StoreId
from core.ports.installations import TokenVault
from core.ports.sealing import Sealer, WrappedKey

OPENED_TOKENS: Final = 2048

OPEN_TOKENS: Final = """
    SELECT s.store_id, s.install_id, t.generation, t.sealed, t.expires_at, k.key_id, k.wrapped
    FROM stores s
    JOIN tokens t ON t.install_id = s.install_id
    JOIN data_keys k ON k.install_id = s.install_id
    WHERE s.store_id = $1 AND s.state <> 'uninstalled'
"""
# Both rows are locked, so that what is written is sealed by the data key that stands when it is committed.
_DATA_KEY: Final = """
    SELECT k.key_id, k.wrapped FROM tokens t JOIN data_keys k ON k.install_id = t.install_id
    WHERE t.install_id = $1 AND t.generation = $2 AND t.store_id = $3
    FOR NO KEY UPDATE OF t FOR SHARE OF k
"""
# The tokens of an install that is over are gone, so this finds live ones only; without them nothing else is done.
_REPLACE: Final = """
    WITH replaced AS (
        UPDATE tokens SET generation = generation + 1, sealed = $3, expires_at = $4, updated_at = now()
        WHERE install_id = $1 AND generation = $2
        RETURNING install_id, store_id
    ),
    ended AS (
        DELETE FROM refresh_intents i USING replaced r WHERE i.install_id = r.install_id AND i.generation <= $2
    )
    INSERT INTO refresh_due (install_id, store_id, due_at) SELECT install_id, store_id, $5 FROM replaced
    ON CONFLICT (install_id) DO UPDATE SET due_at = excluded.due_at, failures = 0
"""
_DUE: Final = """
    INSERT INTO refresh_due (install_id, store_id, due_at) VALUES ($1, $2, $3)
    ON CONFLICT (install_id) DO UPDATE SET due_at = excluded.due_at, failures = 0
"""
_STORE: Final = """
    INSERT INTO tokens (install_id, store_id, generation, sealed, expires_at) VALUES ($1, $2, $3, $4, $5)
"""
_STORE_KEY: Final = "INSERT INTO data_keys (install_id, store_id, key_id, wrapped) VALUES ($1, $2, $3, $4)"
_SHRED: Final = (
    "DELETE FROM tokens WHERE install_id = $1",
    "DELETE FROM data_keys WHERE install_id = $1",
    "DELETE FROM key_quarantine WHERE install_id = $1",
    "DELETE FROM refresh_due WHERE install_id = $1",
    "DELETE FROM refresh_intents WHERE install_id = $1",
)
FIRST_GENERATION: Final = Generation(1)


class PostgresTokenVault(TokenVault):
    """Reads the row at every `open`; only the work of decrypting is remembered."""

    def __init__(self, pool: Pool, sealer: Sealer, *, remembered: int = OPENED_TOKENS) -> None:
        self._pool = pool
        self._sealer = sealer
        self._opened = _Opened(remembered)

    async def open(self, store_id: StoreId) -> TokenSet | None:
        async with acquire(self._pool) as conn:
            row = await conn.fetchrow(OPEN_TOKENS, store_id)
        return self._token_set(row) if row else None

    async def replace(self, seen: TokenSet, tokens: Tokens, *, refresh_at: datetime, audit: AuditEntry) -> bool:
        async with keeping_plans(self._pool) as conn:
            key = await conn.fetchrow(_DATA_KEY, seen.install_id, seen.generation, seen.store_id)
            if key is None:
                return False
            following = Place(seen.store_id, seen.install_id, Generation(seen.generation + 1))
            sealed = seal_tokens(self._sealer, _wrapped(key), following, tokens)
            await conn.execute(_REPLACE, seen.install_id, seen.generation, sealed, tokens.expires_at, refresh_at)
            await heal_alert(conn, AlertKind.REFRESH_IN_DOUBT, subject_of(seen.store_id))
            await write_audit(conn, audit)
        return True

    def _token_set(self, row: asyncpg.Record) -> TokenSet:
        place = Place(row["store_id"], row["install_id"], row["generation"])
        sealed, expires_at = row["sealed"], row["expires_at"]
        remembered_as = (place, expires_at, sha256(sealed).digest())
        found = self._opened.get(remembered_as)
        if found is None:
            found = open_tokens(self._sealer, _wrapped(row), place, sealed, expires_at)
            self._opened.keep(remembered_as, found)
        return found


async def store_first_tokens(
    conn: Connection, sealer: Sealer, store_id: StoreId, install_id: InstallId, tokens: Tokens
) -> None:
    """Inside the caller's transaction: a data key of the install's own and generation 1 under it."""
    key = sealer.new_data_key()
    sealed = seal_tokens(sealer, key, Place(store_id, install_id, FIRST_GENERATION), tokens)
    await conn.execute(_STORE, install_id, store_id, FIRST_GENERATION, sealed, tokens.expires_at)
    await conn.execute(_STORE_KEY, install_id, store_id, key.key_id, key.wrapped)


async def schedule_refresh(conn: Connection, store_id: StoreId, install_id: InstallId, due_at: datetime) -> None:
    """Inside the caller's transaction: the next refresh of fresh tokens, nothing failed so far."""
    await conn.execute(_DUE, install_id, store_id, due_at)


async def shred(conn: Connection, install_id: InstallId) -> None:
    """Inside the caller's transaction: nothing is left that could open or renew the install's tokens."""
    for statement in _SHRED:
        await conn.execute(statement, install_id)


def _wrapped(row: asyncpg.Record) -> WrappedKey:
    return WrappedKey(row["key_id"], row["wrapped"])


_Key = tuple[Place, datetime | None, bytes]


class _Opened:
    """The last token sets that were opened, by everything that was opened. Bounded."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._sets: OrderedDict[_Key, TokenSet] = OrderedDict()

    def get(self, key: _Key) -> TokenSet | None:
        if key in self._sets:
            self._sets.move_to_end(key)
        return self._sets.get(key)

    def keep(self, key: _Key, opened: TokenSet) -> None:
        self._sets[key] = opened
        while len(self._sets) > self._size:
            self._sets.popitem(last=False)
