"""Stock movements in memory."""

from __future__ import annotations

from adapters.memory.database import MemoryDatabase
from core.domain.events import DerivedEvent
from core.domain.keyset import Page, Position
from core.domain.stock import STOCK_TOPIC, Movement, read_change
from core.ids import StoreId
from core.ports.stock_ledger import StockLedger


def write_movement(database: MemoryDatabase, event: DerivedEvent) -> None:
    """If the event tells of stock."""
    if event.topic != STOCK_TOPIC:
        return
    change, parent = read_change(event.data), event.parent
    movement = Movement(
        movement_id=len(database.movements) + 1,
        event_id=event.event_id,
        product_id=event.entity.id,
        variant_id=change.variant_id,
        at=parent.received_at,
        before=change.before,
        after=change.after,
        delta=change.delta,
        infinite=change.infinite,
    )
    database.movements.append((parent.store_id, movement))


class MemoryStockLedger(StockLedger):
    """A list, oldest first."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def page(
        self,
        store_id: StoreId,
        *,
        product_id: str | None = None,
        variant_id: str | None = None,
        after: Position | None = None,
        limit: int = 50,
    ) -> Page[Movement]:
        end = after.number if after else len(self._database.movements) + 1
        found = [
            movement
            for owner, movement in reversed(self._database.movements)
            if owner == store_id
            and product_id in {None, movement.product_id}
            and variant_id in {None, movement.variant_id}
            and movement.movement_id < end
        ]
        return Page.cut(found, limit, lambda movement: Position("", str(movement.movement_id)))
