"""Movements of stock, as found by comparing versions of products."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.domain.entities.product import INFINITE
from core.ids import EventId

STOCK_TOPIC: Final = "inventory.changed"


@dataclass(frozen=True, slots=True)
class Movement:
    """One change of a product's or variant's quantity.

    `before` and `after` are None where the quantity was unknown or infinite; then
    `delta` is None too. `infinite` tells that it is infinite from here on. `after` is
    the running quantity: the next movement of the same variant begins with it.
    """

    movement_id: int
    event_id: EventId
    product_id: str
    variant_id: str | None
    at: datetime
    before: int | None
    after: int | None
    delta: int | None
    infinite: bool


@dataclass(frozen=True, slots=True)
class Change:
    """What an `inventory.changed` event says, as numbers."""

    variant_id: str | None
    before: int | None
    after: int | None
    delta: int | None
    infinite: bool


def read_change(data: Mapping[str, str | int | None]) -> Change:
    """From the content of a derived event."""
    variant, delta = data.get("variant_id"), data.get("delta")
    return Change(
        variant_id=None if variant is None else str(variant),
        before=_quantity(data.get("old")),
        after=_quantity(data.get("new")),
        delta=None if delta is None else int(delta),
        infinite=data.get("new") == INFINITE,
    )


def _quantity(value: str | int | None) -> int | None:
    return None if value is None or value == INFINITE else int(value)
