"""What lists of the mirror are asked for and what they answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from core.domain.entities.reading import Scalar
from core.ids import Entity


@dataclass(frozen=True, slots=True)
class Seen:
    """A living entity as the mirror holds it. `body` is Zid's own JSON, `seen_at` when this content came in.

    `columns` are the typed fields of `core.domain.entities`: prices, statuses, names.
    """

    entity: Entity
    version: datetime | None
    seen_at: datetime
    body: bytes
    columns: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders; every field that is set must match. Ranges include their start and leave out their end.

    `text` finds orders by id, whole, or by any part of their code.
    """

    status: str | None = None
    payment_status: str | None = None
    customer_id: str | None = None
    created_from: datetime | None = None
    created_before: datetime | None = None
    updated_since: datetime | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class ProductFilter:
    """Which products; every field that is set must match.

    `text` is searched in both names and the SKU; punctuation alone is no condition.
    Prices are what is asked now: the sale price where there is one; both ends count.
    `in_stock` also holds for infinite stock.
    """

    text: str | None = None
    price_from: Decimal | None = None
    price_to: Decimal | None = None
    in_stock: bool | None = None
    category_id: str | None = None
    published: bool | None = None


@dataclass(frozen=True, slots=True)
class CustomerFilter:
    """Which customers; every field that is set must match.

    `text` is searched in name, mobile and e-mail; `city` is compared as a whole. Both
    regardless of spelling.
    """

    text: str | None = None
    city: str | None = None


@dataclass(frozen=True, slots=True)
class Spending:
    """What a customer's orders come to. Only orders that count are summed (`core.domain.customer_facts`)."""

    orders: int = 0
    counted: int = 0
    totals: Mapping[str, Decimal] = field(default_factory=dict)
    """By currency code; "" where an order names none."""
    first_order_at: datetime | None = None
    last_order_at: datetime | None = None
