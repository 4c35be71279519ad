"""The vault's rows as they are sealed, read in pages and changed where they still are what was read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import asyncpg

from adapters.postgres.audit import write_audit
from adapters.postgres.connection import Pool, acquire, transaction
from core.domain.audit import AuditEntry
from core.ids import Generation, InstallId, StoreId
from core.ports.sealed_vault import Change, Rotation, RotationId, RotationKind, SealedRow, SealedVault
from core.ports.sealing import WrappedKey

_BEFORE_ALL: Final = -(2**63)
ROWS: Final = """
    SELECT k.store_id, k.install_id, k.key_id, k.wrapped, t.generation, t.sealed
    FROM data_keys k LEFT JOIN tokens t USING (install_id)
"""
_NOT_REACHED: Final = {
    RotationKind.RING: "k.key_id <> $1",
    RotationKind.DATA_KEYS: "k.made_at <= $1",
}
SOUND: Final = "NOT EXISTS (SELECT FROM key_quarantine q WHERE q.install_id = k.install_id)"
_LEFT: Final = {
    kind: f"SELECT count(*) FROM data_keys k WHERE {which} AND {SOUND}" for kind, which in _NOT_REACHED.items()
}
_PAGE: Final = {
    kind: f"{ROWS} WHERE {which} AND k.install_id > $2 ORDER BY k.install_id LIMIT $3"
    for kind, which in _NOT_REACHED.items()
}

_END_OTHERS: Final = """
    UPDATE key_rotations SET finished_at = now() WHERE kind = $1 AND key_id <> $2 AND finished_at IS NULL
"""
_BEGIN: Final = """
    INSERT INTO key_rotations (kind, key_id) VALUES ($1, $2)
    ON CONFLICT (kind) WHERE finished_at IS NULL DO NOTHING RETURNING true
"""
_UNFINISHED: Final = "SELECT * FROM key_rotations WHERE kind = $1 AND finished_at IS NULL"
_FINISH: Final = """
    UPDATE key_rotations SET finished_at = now() WHERE rotation_id = $1 AND finished_at IS NULL RETURNING true
"""
_COUNT: Final = "UPDATE key_rotations SET done = done + $2 WHERE rotation_id = $1"

# Locked in the order of everybody who locks both, and without waiting: a renewal that is under way goes first, and
# the row is read again later. A row that was changed after it was read no longer matches.
_SWAP: Final = """
    WITH given AS (
        SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::text[], $4::bytea[])
            AS g (install_id, old_key, key_id, new_key)
    ),
    held AS MATERIALIZED (
        SELECT k.install_id, g.key_id, g.new_key FROM data_keys k JOIN given g USING (install_id)
        WHERE k.wrapped = g.old_key ORDER BY k.install_id FOR NO KEY UPDATE OF k SKIP LOCKED
    )
    UPDATE data_keys k
    SET key_id = h.key_id, wrapped = h.new_key, made_at = CASE WHEN $5 THEN now() ELSE k.made_at END
    FROM held h WHERE k.install_id = h.install_id
    RETURNING k.install_id
"""
_SWAP_ALL: Final = """
    WITH given AS (
        SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::text[], $4::bytea[], $5::bytea[], $6::bytea[])
            AS g (install_id, old_key, key_id, new_key, old_sealed, new_sealed)
    ),
    held AS MATERIALIZED (
        SELECT t.install_id, g.key_id, g.new_key, g.new_sealed
        FROM tokens t JOIN data_keys k USING (install_id) JOIN given g USING (install_id)
        WHERE k.wrapped = g.old_key AND t.sealed = g.old_sealed
        ORDER BY t.install_id FOR NO KEY UPDATE OF t, k SKIP LOCKED
    ),
    resealed AS (
        UPDATE tokens t SET sealed = h.new_sealed FROM held h WHERE t.install_id = h.install_id RETURNING t.install_id
    )
    UPDATE data_keys k SET key_id = h.key_id, wrapped = h.new_key, made_at = now()
    FROM held h JOIN resealed USING (install_id) WHERE k.install_id = h.install_id
    RETURNING k.install_id
"""


class PostgresSealedVault(SealedVault):
    """The tables `data_keys` and `tokens`; how far a change got stands in `key_rotations`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def begin(self, kind: RotationKind, key_id: str, *, audit: AuditEntry) -> Rotation:
        async with transaction(self._pool) as conn:
            await conn.execute(_END_OTHERS, kind.value, key_id)
            if await conn.fetchval(_BEGIN, kind.value, key_id):
                await write_audit(conn, audit)
            row = await conn.fetchrow(_UNFINISHED, kind.value)
        assert row is not None  # made, or found, a moment ago
        return rotation_of(row)

    async def left(self, rotation: Rotation) -> int:
        async with acquire(self._pool) as conn:
            return int(await conn.fetchval(_LEFT[rotation.kind], _mark(rotation)))

    async def page(self, rotation: Rotation, *, after: InstallId | None, limit: int) -> Sequence[SealedRow]:
        begin = _BEFORE_ALL if after is None else after
        async with acquire(self._pool) as conn:
            rows = await conn.fetch(_PAGE[rotation.kind], _mark(rotation), begin, limit)
        return [sealed_row(row) for row in rows]

    async def swap(self, rotation: Rotation, changes: Sequence[Change], *, audit: AuditEntry) -> Sequence[InstallId]:
        keys_only = [change for change in changes if change.sealed is None]
        both = [change for change in changes if change.sealed is not None]
        async with transaction(self._pool) as conn:
            is_new = rotation.kind is RotationKind.DATA_KEYS
            rows = await conn.fetch(_SWAP, *_columns(keys_only), is_new) if keys_only else []
            rows += await conn.fetch(_SWAP_ALL, *_columns(both), *_contents(both)) if both else []
            if rows:
                await conn.execute(_COUNT, rotation.rotation_id, len(rows))
                await write_audit(conn, audit)
        return [InstallId(row["install_id"]) for row in rows]

    async def finish(self, rotation: Rotation, *, audit: AuditEntry) -> None:
        async with transaction(self._pool) as conn:
            if await conn.fetchval(_FINISH, rotation.rotation_id):
                await write_audit(conn, audit)


def _mark(rotation: Rotation) -> object:
    """What tells the rows that the rotation has not reached."""
    return rotation.key_id if rotation.kind is RotationKind.RING else rotation.begun_at


def _columns(changes: Sequence[Change]) -> tuple[list[int], list[bytes], list[str], list[bytes]]:
    return (
        [change.before.install_id for change in changes],
        [change.before.key.wrapped for change in changes],
        [change.key.key_id for change in changes],
        [change.key.wrapped for change in changes],
    )


def _contents(changes: Sequence[Change]) -> tuple[list[bytes | None], list[bytes | None]]:
    return [change.before.sealed for change in changes], [change.sealed for change in changes]


def rotation_of(row: asyncpg.Record) -> Rotation:
    rotation_id, kind = RotationId(row["rotation_id"]), RotationKind(row["kind"])
    return Rotation(rotation_id, kind, row["key_id"], row["begun_at"], row["done"])


def sealed_row(row: asyncpg.Record) -> SealedRow:
    generation = Generation(row["generation"]) if row["generation"] is not None else None
    key = WrappedKey(row["key_id"], row["wrapped"])
    return SealedRow(StoreId(row["store_id"]), InstallId(row["install_id"]), key, generation, row["sealed"])
