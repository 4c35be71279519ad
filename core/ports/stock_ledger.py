"""The ledger of stock movements. It is written where derived events are: in `EventBatch.commit`."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol

from core.domain.keyset import Page, Position
from core.domain.stock import Movement
from core.ids import StoreId


class StockLedger(Protocol):
    """Every `inventory.changed` of a store, kept when the event itself is pruned.

    Of one product or variant: each movement begins where the one before ended, so the
    deltas add up to final minus initial wherever the quantities are countable.
    """

    @abstractmethod
    async def page(
        self,
        store_id: StoreId,
        *,
        product_id: str | None = None,
        variant_id: str | None = None,
        after: Position | None = None,
        limit: int = 50,
    ) -> Page[Movement]:
        """Newest first; of the store, of one product with its variants, or of one variant.

        Raises Unavailable, and BadCursor for the position of another list.
        """
