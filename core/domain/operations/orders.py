"""Reading orders (docs group "orders")."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from core.domain.operations.operation import Listing, Operation, refuse_unless
from core.domain.results.order import Order


class OrderPayload(StrEnum):
    """How much of each order a list tells."""

    DEFAULT = "default"
    """With products. Zid's own default is `simple`, which has none."""
    SIMPLE = "simple"
    TINY = "tiny"
    POS = "pos"
    PRINT = "print"
    PRINT_SUMMARY = "print_summary"


class PaymentStatus(StrEnum):
    PENDING = "pending"
    PAID = "paid"
    REFUNDED = "refunded"
    VOIDED = "voided"


class OrderDate(StrEnum):
    """Which time `date_from` and `date_to` bound."""

    CREATED = "created_at"
    UPDATED = "updated_at"


class Direction(StrEnum):
    ASCENDING = "asc"
    DESCENDING = "desc"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOrders(Listing[Order]):
    """Orders, oldest first, so that new ones never shift a page that is yet to come (U22).

    For a window of changes: `date_attribute=OrderDate.UPDATED` and `date_from`, with overlap (U21).
    """

    payload_type: OrderPayload = OrderPayload.DEFAULT
    order_status: str | None = None
    payment_status: PaymentStatus | None = None
    payment_method: str | None = None
    customer_id: str | None = None
    customer_phone: str | None = None
    customer_type: str | None = None
    date_from: datetime | None = None
    date_to: datetime | None = None
    date_attribute: OrderDate | None = None
    order_by: str | None = "created_at"
    sort_by: Direction | None = Direction.ASCENDING
    shipping_method: str | None = None
    status: str | None = None
    search_term: str | None = None
    referer_code: str | None = None
    order_ids: tuple[str, ...] = ()
    source: str | None = None
    cashier: str | None = None
    country_code: str | None = None
    shipping_city: str | None = None
    shipping_country: str | None = None
    transaction_reference: str | None = None
    tag_id: str | None = None
    coupon_id: str | None = None
    sku: str | None = None
    is_gift_order: bool | None = None
    scope: ClassVar[str] = "orders.read"

    def __post_init__(self) -> None:
        # A slotted dataclass is made anew, so the `super()` without arguments would name its draft.
        Listing.__post_init__(self)
        for name in ("date_from", "date_to"):
            refuse_naive(getattr(self, name), name)


def refuse_naive(at: datetime | None, name: str) -> None:
    """A time without a zone would be read in another zone by somebody."""
    refuse_unless(at is None or at.tzinfo is not None, name, "a time with its zone")


@dataclass(frozen=True, slots=True)
class GetOrder(Operation[Order]):
    """One order as Zid shows it (GET …/orders/{id}/view)."""

    order_id: str
    source: str | None = None
    scope: ClassVar[str] = "orders.read"
