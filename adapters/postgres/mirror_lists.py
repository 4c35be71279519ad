"""Reading lists of the mirror: pages that go on after a row, and single entities."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import asyncpg

from adapters.postgres.connection import Pool, acquire
from adapters.postgres.event_filters import Conditions
from adapters.postgres.mirror_tables import MIRROR_TABLES, MirrorTable
from adapters.postgres.storable_text import storable
from core.domain.keyset import Page, Position, by_time
from core.domain.mirror_queries import Seen
from core.ids import EntityKind, StoreId

_ID: Final = 'm.entity_id COLLATE "C"'
_TIME: Final = "coalesce(m.created_at, '-infinity')"
"""As the indexes have it."""


class MirrorList:
    """One kind's table, read."""

    def __init__(self, pool: Pool, kind: EntityKind) -> None:
        self._pool = pool
        self._table: MirrorTable = MIRROR_TABLES[kind]

    def of_store(self, store_id: StoreId) -> Conditions:
        """The conditions every list begins with."""
        conditions = Conditions()
        conditions.add("m.store_id = {} AND NOT m.deleted", store_id)
        return conditions

    async def newest_first(self, conditions: Conditions, after: Position | None, limit: int) -> Page[Seen]:
        if after is not None:
            time, id_ = conditions.number(after.time), conditions.number(storable(after.id))
            conditions.require(f"({_TIME}, {_ID}) < (coalesce({time}::timestamptz, '-infinity'), {id_}::text)")
        order = f"ORDER BY {_TIME} DESC, {_ID} DESC LIMIT {conditions.number(limit + 1)}"
        found = [self._seen(row) for row in await self._rows(conditions, order)]
        return Page.cut(found, limit, _position_in_time)

    async def by_id(self, conditions: Conditions, after: Position | None, limit: int) -> Page[Seen]:
        if after is not None:
            conditions.add(f"{_ID} > {{}}", storable(after.bare_id))
        order = f"ORDER BY {_ID} LIMIT {conditions.number(limit + 1)}"
        found = [self._seen(row) for row in await self._rows(conditions, order)]
        return Page.cut(found, limit, lambda seen: Position("", seen.entity.id))

    async def best_first(self, conditions: Conditions, rank: str, after: Position | None, limit: int) -> Page[Seen]:
        """`rank` is an expression between 0 and 1; its float4 is compared as float8, which is exact."""
        if after is not None:
            before, id_ = conditions.number(after.rank), conditions.number(storable(after.id))
            conditions.require(f"({rank} < {before}::float8 OR ({rank} = {before}::float8 AND {_ID} > {id_}::text))")
        order = f"ORDER BY rank DESC, {_ID} LIMIT {conditions.number(limit + 1)}"
        rows = await self._rows(conditions, order, f", {rank} AS rank")
        ranked = Page.cut(rows, limit, lambda row: Position(repr(row["rank"]), row["entity_id"]))
        return Page([self._seen(row) for row in ranked.items], ranked.next)

    async def one(self, store_id: StoreId, entity_id: str) -> Seen | None:
        conditions = self.of_store(store_id)
        conditions.add("m.entity_id = {}", storable(entity_id))
        rows = await self._rows(conditions, "")
        return self._seen(rows[0]) if rows else None

    async def _rows(self, conditions: Conditions, order: str, more: str = "") -> list[asyncpg.Record]:
        names = ", ".join(f"m.{name}" for name, _ in self._table.columns)
        sql = f"SELECT {names}, m.seen_at{more} FROM {self._table.name} m WHERE {conditions.sql} {order}"
        async with acquire(self._pool) as connection:
            return await connection.fetch(sql, *conditions.arguments)

    def _seen(self, record: asyncpg.Record) -> Seen:
        (_, entity), row = self._table.read(record)
        return Seen(entity, row.version, record["seen_at"], row.body, row.columns)


def _position_in_time(seen: Seen) -> Position:
    created = seen.columns["created_at"]
    return by_time(created if isinstance(created, datetime) else None, seen.entity.id)
