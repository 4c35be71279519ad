"""Abandoned carts; they can only be read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar

from core.domain.operations.operation import Listing, Operation
from core.domain.operations.orders import Direction
from core.domain.results.cart import Cart, CartPhase


@dataclass(frozen=True, slots=True, kw_only=True)
class ListCarts(Listing[Cart]):
    """Abandoned carts, without their lines."""

    phase: CartPhase | None = None
    search_term: str | None = None
    customer_id: str | None = None
    products_count: int | None = None
    has_reminders: bool | None = None
    country_id: str | None = None
    city_id: str | None = None
    currency_code: str | None = None
    date_from: date | None = None
    date_to: date | None = None
    cart_total: Decimal | None = None
    order_by: str | None = None
    sort_by: Direction | None = None
    customer_type: str | None = None
    scope: ClassVar[str] = "abandoned_carts.read"


@dataclass(frozen=True, slots=True)
class GetCart(Operation[Cart]):
    """One cart with its lines."""

    cart_id: str
    scope: ClassVar[str] = "abandoned_carts.read"
