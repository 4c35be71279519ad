"""The mirror's tables beside a list that is being read, and the marks left by reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import asyncpg

from adapters.postgres.connection import Pool, acquire
from adapters.postgres.mirror_tables import MIRROR_TABLES, MirrorTable
from adapters.postgres.storable_text import storable
from core.domain.reconcile_plan import Scan, Span
from core.domain.reconcile_rows import Mirrored
from core.domain.reconciliation import ReconciliationId
from core.ids import Entity, EntityKind, InstallId, StoreId, lane_of
from core.ports.reconciliations import Comparison

_MARK: Final = """
    INSERT INTO reconciled_rows AS r (store_id, kind, entity_id, hash, seen_by)
    SELECT $1, $2, entity_id, hash, $3 FROM unnest($4::text[], $5::bytea[]) AS given (entity_id, hash)
    ON CONFLICT (store_id, kind, entity_id) DO UPDATE SET hash = coalesce(excluded.hash, r.hash), seen_by = $3
"""
_RECEIVED: Final = """
    SELECT topic, count(*) AS received FROM events
    WHERE store_id = (SELECT store_id FROM installs WHERE install_id = $1)
      AND install_id = $1 AND origin = 'zid' AND received_at >= $2 GROUP BY topic
"""


class PostgresComparison(Comparison):
    """Reads the tables `mirror_*`; marks are in `reconciled_rows`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def known(self, store_id: StoreId, kind: EntityKind, ids: Sequence[str]) -> Mapping[str, Mirrored]:
        table = MIRROR_TABLES[kind]
        stored = [storable(one) for one in ids]
        lanes = [lane_of(store_id, Entity(kind, one)) for one in ids]
        async with acquire(self._pool) as connection:
            rows = await connection.fetch(_known(table), store_id, stored, lanes, kind.value)
        found = {row["wanted"]: _mirrored(table, row) for row in rows}
        return {one: found[name] for one, name in zip(ids, stored, strict=True)}

    async def mark(
        self, store_id: StoreId, kind: EntityKind, by: ReconciliationId, seen: Mapping[str, bytes | None]
    ) -> None:
        by_id = {storable(one): listed for one, listed in sorted(seen.items())}
        async with acquire(self._pool) as connection:
            await connection.execute(_MARK, store_id, kind.value, by, list(by_id), list(by_id.values()))

    async def unseen(
        self, store_id: StoreId, span: Span, by: ReconciliationId, *, before: datetime, limit: int
    ) -> Sequence[str]:
        sql = f"""
            SELECT m.entity_id FROM {MIRROR_TABLES[span.kind].name} m WHERE {_LIVING} AND m.seen_at <= $4
              AND NOT EXISTS (SELECT FROM reconciled_rows r WHERE r.store_id = m.store_id AND r.kind = $5
                              AND r.entity_id = m.entity_id AND r.seen_by = $6)
            ORDER BY m.entity_id COLLATE "C" LIMIT $7
        """
        async with acquire(self._pool) as connection:
            rows = await connection.fetch(sql, store_id, *_bounds(span), before, span.kind.value, by, limit)
        return [row["entity_id"] for row in rows]

    async def rows(self, store_id: StoreId, span: Span) -> int:
        sql = f"SELECT count(*) FROM {MIRROR_TABLES[span.kind].name} m WHERE {_LIVING}"
        async with acquire(self._pool) as connection:
            return int(await connection.fetchval(sql, store_id, *_bounds(span)))

    async def received(self, install_id: InstallId, since: datetime) -> Mapping[str, int]:
        async with acquire(self._pool) as connection:
            rows = await connection.fetch(_RECEIVED, install_id, since)
        return {row["topic"]: row["received"] for row in rows}


_LIVING: Final = """
    m.store_id = $1 AND NOT m.deleted
    AND ($2::timestamptz IS NULL OR m.version >= $2) AND ($3::timestamptz IS NULL OR m.version <= $3)
"""


def _bounds(span: Span) -> tuple[datetime | None, datetime | None]:
    return (None, None) if span.scan is Scan.FULL else (span.since, span.until)


def _known(table: MirrorTable) -> str:
    columns = ", ".join(f"m.{name}" for name, _ in table.columns if name not in ("store_id", "entity_id", "body"))
    return f"""
        SELECT given.entity_id AS wanted, m.entity_id, {columns}, r.hash,
               EXISTS (SELECT FROM events e WHERE e.lane = given.lane AND e.state IN ('queued', 'waiting')
                       AND e.open_runs = 0) AS pending
        FROM unnest($2::text[], $3::bigint[]) AS given (entity_id, lane)
        LEFT JOIN {table.name} m ON m.store_id = $1 AND m.entity_id = given.entity_id
        LEFT JOIN reconciled_rows r ON r.store_id = $1 AND r.kind = $4 AND r.entity_id = given.entity_id
    """


def _mirrored(table: MirrorTable, row: asyncpg.Record) -> Mirrored:
    if row["entity_id"] is None:
        return Mirrored(None, row["hash"], row["pending"])
    return Mirrored(table.read_without_body(row), row["hash"], row["pending"])
