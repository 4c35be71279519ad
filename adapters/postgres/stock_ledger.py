"""Stock movements: written with the event that tells of them, read in pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import asyncpg

from adapters.postgres.connection import Connection, Pool, acquire
from adapters.postgres.event_filters import Conditions
from adapters.postgres.storable_text import storable
from core.domain.events import DerivedEvent
from core.domain.keyset import Page, Position
from core.domain.stock import STOCK_TOPIC, Movement, read_change
from core.ids import EventId, StoreId
from core.ports.stock_ledger import StockLedger

_COLUMNS: Final = "movement_id, event_id, product_id, variant_id, at, before, after, delta, infinite"
_WRITE: Final = """
    INSERT INTO stock_movements (store_id, event_id, product_id, at, variant_id, before, after, delta, infinite)
    SELECT store_id, event_id, product_id, at, variant_id, before, after, delta, infinite
    FROM unnest($1::bigint[], $2::uuid[], $3::text[], $4::timestamptz[], $5::text[], $6::bigint[], $7::bigint[],
                $8::bigint[], $9::boolean[])
    WITH ORDINALITY AS g (store_id, event_id, product_id, at, variant_id, before, after, delta, infinite, place)
    ORDER BY place
"""


async def write_movements(connection: Connection, derived: Sequence[DerivedEvent]) -> None:
    """Those of the events that tell of stock, in the order they were derived, in the caller's transaction."""
    rows = [_row(event) for event in derived if event.topic == STOCK_TOPIC]
    if rows:
        await connection.execute(_WRITE, *zip(*rows, strict=True))


def _row(event: DerivedEvent) -> tuple[object, ...]:
    change, parent = read_change(event.data), event.parent
    numbers = (change.variant_id, change.before, change.after, change.delta, change.infinite)
    return (parent.store_id, event.event_id, event.entity.id, parent.received_at, *numbers)


class PostgresStockLedger(StockLedger):
    """The table `stock_movements`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def page(
        self,
        store_id: StoreId,
        *,
        product_id: str | None = None,
        variant_id: str | None = None,
        after: Position | None = None,
        limit: int = 50,
    ) -> Page[Movement]:
        conditions = Conditions()
        conditions.add("store_id = {}", store_id)
        for name, wanted in (("product_id", product_id), ("variant_id", variant_id)):
            if wanted is not None:
                conditions.add(f"{name} = {{}}", storable(wanted))
        if after is not None:
            conditions.add("movement_id < {}", after.number)
        sql = f"SELECT {_COLUMNS} FROM stock_movements WHERE {conditions.sql} ORDER BY movement_id DESC"
        sql += f" LIMIT {conditions.number(limit + 1)}"
        async with acquire(self._pool) as connection:
            found = [_movement(row) for row in await connection.fetch(sql, *conditions.arguments)]
        return Page.cut(found, limit, lambda movement: Position("", str(movement.movement_id)))


def _movement(row: asyncpg.Record) -> Movement:
    return Movement(
        movement_id=row["movement_id"],
        event_id=EventId(row["event_id"]),
        product_id=row["product_id"],
        variant_id=row["variant_id"],
        at=row["at"],
        before=row["before"],
        after=row["after"],
        delta=row["delta"],
        infinite=row["infinite"],
    )
