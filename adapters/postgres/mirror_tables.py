"""Which kind of entity is mirrored in which table, and the bulk SQL made from that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import asyncpg

from core.domain.mirror import MirrorRow
from core.ids import Entity, EntityKind, StoreId

_SHARED: Final = (
    ("store_id", "bigint"),
    ("entity_id", "text"),
    ("version", "timestamptz"),
    ("deleted", "boolean"),
    ("facts", "jsonb"),
    ("body", "bytea"),
)
_KEY: Final = ("store_id", "entity_id")


@dataclass(frozen=True, slots=True)
class MirrorTable:
    """One kind's table: its name, and the columns lists are filtered by with their SQL types."""

    kind: EntityKind
    name: str
    own: tuple[tuple[str, str], ...]

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        return (*_SHARED, *self.own)

    @property
    def select_locked(self) -> str:
        """In key order, so that two batches that want the same rows wait for each other instead of deadlocking."""
        names = ", ".join(f"m.{name}" for name, _ in self.columns)
        return f"""
            SELECT {names} FROM {self.name} m
            JOIN unnest($1::bigint[], $2::text[]) AS wanted (store_id, entity_id) USING (store_id, entity_id)
            ORDER BY m.store_id, m.entity_id FOR UPDATE OF m
        """

    @property
    def insert(self) -> str:
        """Absent rows only; the command tag tells how many went in."""
        names = ", ".join(name for name, _ in self.columns)
        return f"INSERT INTO {self.name} ({names}) SELECT * FROM {self._given} ON CONFLICT DO NOTHING"

    @property
    def update(self) -> str:
        sets = ", ".join(f"{name} = given.{name}" for name, _ in self.columns if name not in _KEY)
        names = ", ".join(name for name, _ in self.columns)
        return f"""
            UPDATE {self.name} m SET {sets}, seen_at = now() FROM {self._given} AS given ({names})
            WHERE m.store_id = given.store_id AND m.entity_id = given.entity_id
        """

    @property
    def _given(self) -> str:
        arrays = ", ".join(f"${number}::{type_}[]" for number, (_, type_) in enumerate(self.columns, start=1))
        return f"unnest({arrays})"

    def arrays(self, rows: Sequence[tuple[StoreId, MirrorRow]]) -> list[list[object]]:
        """The rows as one array per column, in key order, for `insert` and `update`."""
        in_order = sorted(rows, key=lambda pair: (pair[0], pair[1].entity.id))
        return [list(column) for column in zip(*map(self._values, in_order), strict=True)]

    def _values(self, pair: tuple[StoreId, MirrorRow]) -> tuple[object, ...]:
        store_id, row = pair
        shared = (store_id, row.entity.id, row.version, row.deleted, dict(row.facts), row.body or None)
        return (*shared, *(row.columns.get(name) for name, _ in self.own))

    def read(self, record: asyncpg.Record) -> tuple[tuple[StoreId, Entity], MirrorRow]:
        row = replace(self.read_without_body(record), body=record["body"] or b"")
        return (StoreId(record["store_id"]), row.entity), row

    def read_without_body(self, record: asyncpg.Record) -> MirrorRow:
        """For those who only compare."""
        columns = {} if record["deleted"] else {name: record[name] for name, _ in self.own}
        entity = Entity(self.kind, record["entity_id"])
        return MirrorRow(entity, record["version"], record["facts"], columns, deleted=record["deleted"])


def _table(kind: EntityKind, name: str, own: str) -> MirrorTable:
    pairs = (column.split(" ") for column in own.split(", "))
    return MirrorTable(kind, name, tuple((column, type_) for column, type_ in pairs))


MIRROR_TABLES: Final[Mapping[EntityKind, MirrorTable]] = MappingProxyType(
    {
        table.kind: table
        for table in (
            _table(
                EntityKind.ORDER,
                "mirror_orders",
                "code text, status text, payment_status text, total numeric, currency text, customer_id text, "
                "created_at timestamptz",
            ),
            _table(
                EntityKind.PRODUCT,
                "mirror_products",
                "name_ar text, name_en text, sku text, price numeric, sale_price numeric, currency text, "
                "quantity bigint, is_infinite boolean, is_published boolean, category_ids text, created_at timestamptz",
            ),
            _table(
                EntityKind.CUSTOMER,
                "mirror_customers",
                "name text, email text, mobile text, city text, created_at timestamptz",
            ),
            _table(
                EntityKind.CATEGORY,
                "mirror_categories",
                "name_ar text, name_en text, parent_id text, is_published boolean",
            ),
            _table(
                EntityKind.CART,
                "mirror_carts",
                "phase text, customer_id text, total numeric, created_at timestamptz",
            ),
        )
    }
)
