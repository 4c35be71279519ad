"""What the keys of the ring seal, and the installs whose rows do not open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import asyncpg

from adapters.postgres.audit import write_audit
from adapters.postgres.connection import Pool, acquire, transaction
from adapters.postgres.sealed_vault import ROWS, SOUND, rotation_of, sealed_row
from adapters.postgres.storable_text import storable
from core.ids import InstallId, StoreId
from core.ports.sealed_vault import (
    QUARANTINED,
    RELEASED,
    KeyCensus,
    Part,
    Rotation,
    RotationKind,
    SealedRow,
    SetAside,
)

_BEFORE_ALL: Final = -(2**63)
_SEALED_BY: Final = f"SELECT key_id, count(*) AS rows FROM data_keys k WHERE {SOUND} GROUP BY key_id"
# Steps from one key id to the next in the index: there are few, however many rows there are.
_LACKING: Final = f"""
    WITH RECURSIVE ids (key_id) AS (
        SELECT min(key_id) FROM data_keys
        UNION ALL
        SELECT (SELECT min(k.key_id) FROM data_keys k WHERE k.key_id > ids.key_id) FROM ids WHERE ids.key_id IS NOT NULL
    )
    SELECT key_id, count(*) AS rows FROM data_keys k
    WHERE key_id IN (SELECT key_id FROM ids WHERE key_id <> ALL ($1)) AND {SOUND}
    GROUP BY key_id
"""
# Nothing is noted for an install that ended meanwhile: its data key is gone.
_SET_ASIDE: Final = """
    INSERT INTO key_quarantine (install_id, store_id, part, key_id, problem)
    SELECT g.install_id, g.store_id, g.part, g.key_id, g.problem
    FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[])
        AS g (install_id, store_id, part, key_id, problem)
    JOIN data_keys k ON k.install_id = g.install_id
    ON CONFLICT (install_id) DO NOTHING
    RETURNING install_id
"""
_QUARANTINED: Final = """
    SELECT q.* FROM key_quarantine q JOIN data_keys k USING (install_id)
    WHERE q.install_id > $1 ORDER BY q.install_id LIMIT $2
"""
_ROWS: Final = ROWS + "WHERE k.install_id = ANY ($1) ORDER BY k.install_id"
_RELEASE: Final = """
    DELETE FROM key_quarantine WHERE install_id = ANY ($1) RETURNING *
"""
_LAST: Final = "SELECT * FROM key_rotations WHERE kind = $1 ORDER BY rotation_id DESC LIMIT 1"


class PostgresKeyCensus(KeyCensus):
    """Counts `data_keys` and keeps `key_quarantine`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def sealed_by(self) -> Mapping[str, int]:
        async with acquire(self._pool) as conn:
            rows = await conn.fetch(_SEALED_BY)
        return {row["key_id"]: int(row["rows"]) for row in rows}

    async def lacking(self, held: Sequence[str]) -> Mapping[str, int]:
        async with acquire(self._pool) as conn:
            rows = await conn.fetch(_LACKING, list(held))
        return {row["key_id"]: int(row["rows"]) for row in rows}

    async def set_aside(self, found: Sequence[SetAside]) -> int:
        by_install = {one.install_id: one for one in found}
        async with transaction(self._pool) as conn:
            rows = await conn.fetch(_SET_ASIDE, *_columns(list(by_install.values())))
            for row in rows:
                await write_audit(conn, by_install[row["install_id"]].entry(QUARANTINED))
        return len(rows)

    async def quarantined(self, *, after: InstallId | None = None, limit: int = 500) -> Sequence[SetAside]:
        async with acquire(self._pool) as conn:
            rows = await conn.fetch(_QUARANTINED, _BEFORE_ALL if after is None else after, limit)
        return [_set_aside(row) for row in rows]

    async def rows(self, install_ids: Sequence[InstallId]) -> Sequence[SealedRow]:
        async with acquire(self._pool) as conn:
            return [sealed_row(row) for row in await conn.fetch(_ROWS, list(install_ids))]

    async def release(self, install_ids: Sequence[InstallId]) -> int:
        async with transaction(self._pool) as conn:
            rows = await conn.fetch(_RELEASE, list(install_ids))
            for row in rows:
                await write_audit(conn, _set_aside(row).entry(RELEASED))
        return len(rows)

    async def last_rotation(self, kind: RotationKind) -> tuple[Rotation, datetime | None] | None:
        async with acquire(self._pool) as conn:
            row = await conn.fetchrow(_LAST, kind.value)
        return (rotation_of(row), row["finished_at"]) if row else None


def _columns(found: Sequence[SetAside]) -> tuple[list[int], list[int], list[str], list[str], list[str]]:
    return (
        [one.install_id for one in found],
        [one.store_id for one in found],
        [one.part.value for one in found],
        [storable(one.key_id) for one in found],
        [storable(one.problem) for one in found],
    )


def _set_aside(row: asyncpg.Record) -> SetAside:
    store_id, install_id = StoreId(row["store_id"]), InstallId(row["install_id"])
    return SetAside(store_id, install_id, Part(row["part"]), row["key_id"], row["problem"], row["found_at"])
