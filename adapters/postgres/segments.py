"""Saved segments; each change and its audit entry are one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import asyncpg

from adapters.postgres.audit import write_audit
from adapters.postgres.connection import Pool, acquire, transaction
from core.domain.audit import AuditEntry
from core.domain.segments import Segment, SegmentDraft, SegmentId
from core.ids import StoreId
from core.ports.segments import NameTaken, Segments

_COLUMNS: Final = "segment_id, name, rule, created_at, updated_at"
_ADD: Final = f"INSERT INTO segments (store_id, name, rule) VALUES ($1, $2, $3) RETURNING {_COLUMNS}"
_CHANGE: Final = f"""
    UPDATE segments SET name = $3, rule = $4, updated_at = now() WHERE store_id = $1 AND segment_id = $2
    RETURNING {_COLUMNS}
"""
_REMOVE: Final = "DELETE FROM segments WHERE store_id = $1 AND segment_id = $2 RETURNING true"
_GET: Final = f"SELECT {_COLUMNS} FROM segments WHERE store_id = $1 AND segment_id = $2"
_ALL: Final = f"SELECT {_COLUMNS} FROM segments WHERE store_id = $1 ORDER BY segment_id"


class PostgresSegments(Segments):
    """The table `segments`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def add(self, store_id: StoreId, draft: SegmentDraft, *, audit: AuditEntry) -> Segment:
        with _name_taken(draft.name):
            async with transaction(self._pool) as connection:
                row = await connection.fetchrow(_ADD, store_id, draft.name, draft.rule)
                await write_audit(connection, audit)
        assert row is not None
        return _segment(row)

    async def change(
        self, store_id: StoreId, segment_id: SegmentId, draft: SegmentDraft, *, audit: AuditEntry
    ) -> Segment | None:
        with _name_taken(draft.name):
            async with transaction(self._pool) as connection:
                row = await connection.fetchrow(_CHANGE, store_id, segment_id, draft.name, draft.rule)
                if row is None:
                    return None
                await write_audit(connection, audit)
        return _segment(row)

    async def remove(self, store_id: StoreId, segment_id: SegmentId, *, audit: AuditEntry) -> bool:
        async with transaction(self._pool) as connection:
            removed = bool(await connection.fetchval(_REMOVE, store_id, segment_id))
            if removed:
                await write_audit(connection, audit)
        return removed

    async def get(self, store_id: StoreId, segment_id: SegmentId) -> Segment | None:
        async with acquire(self._pool) as connection:
            row = await connection.fetchrow(_GET, store_id, segment_id)
        return None if row is None else _segment(row)

    async def all(self, store_id: StoreId) -> Sequence[Segment]:
        async with acquire(self._pool) as connection:
            return [_segment(row) for row in await connection.fetch(_ALL, store_id)]


@contextmanager
def _name_taken(name: str) -> Iterator[None]:
    try:
        yield
    except asyncpg.UniqueViolationError as error:
        raise NameTaken(name) from error


def _segment(row: asyncpg.Record) -> Segment:
    return Segment(SegmentId(row["segment_id"]), row["name"], row["rule"], row["created_at"], row["updated_at"])
