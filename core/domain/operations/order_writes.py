"""Changing and making orders. There is no shipment resource: tracking travels with the status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Final

from core.domain.operations.operation import Operation, Write, refuse_unless
from core.domain.operations.orders import refuse_naive
from core.domain.results.credit_note import CreditNotes
from core.domain.results.order import Order
from core.domain.results.order_status import OrderStatus

LONGEST_COMMENT: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeOrderStatus(Write[Order]):
    """Moves an order to one of Zid's statuses or to one of the store's own, with its tracking.

    `ready` needs `inventory_address_id` where a courier is used; a move Zid does not allow is Invalid (U13).
    """

    order_id: str
    status: str
    inventory_address_id: str | None = None
    tracking_number: str | None = None
    tracking_url: str | None = None
    waybill_url: str | None = None
    scope: ClassVar[str] = "orders.read_write"
    check: ClassVar[str] = "Get the order: its status and history say whether it moved."

    def __post_init__(self) -> None:
        refuse_unless(bool(self.status.strip()), "status", "a status code")


@dataclass(frozen=True, slots=True)
class CommentOnOrder(Write[Order]):
    """Adds a comment that can never be changed; 20 per order and app."""

    order_id: str
    comment: str
    scope: ClassVar[str] = "orders.read_write"
    check: ClassVar[str] = "Get the order and look for the comment in its history."

    def __post_init__(self) -> None:
        fits = 0 < len(self.comment) <= LONGEST_COMMENT
        refuse_unless(fits, "comment", f"1 to {LONGEST_COMMENT} characters")


@dataclass(frozen=True, slots=True)
class ListOrderStatuses(Operation[Sequence[OrderStatus]]):
    """Zid's statuses with the store's own below them."""

    scope: ClassVar[str] = "orders.read_write"


@dataclass(frozen=True, slots=True)
class GetCreditNotes(Operation[CreditNotes]):
    """The notes of an order."""

    order_id: str
    scope: ClassVar[str] = "orders.read"


@dataclass(frozen=True, slots=True)
class ViewForReturn(Operation[Order]):
    """An order with only what can still be returned; without lines when everything was."""

    order_id: str
    scope: ClassVar[str] = "orders.read_write"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person; the country code without a plus."""

    full_name: str
    mobile_country_code: str
    mobile_number: str
    email: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryAddress:
    """Where an order goes; `meta` holds post code and building number."""

    line_1: str
    city_name: str
    country_code: str
    line_2: str = ""
    lat: float | None = None
    lng: float | None = None
    meta: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLine:
    """A product by its sku; custom fields as Zid takes them."""

    sku: str
    quantity: int
    custom_fields: tuple[Mapping[str, object], ...] = ()

    def __post_init__(self) -> None:
        refuse_unless(self.quantity > 0, "quantity", "at least one")


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateOrder(Write[Order]):
    """Makes an order (POST …/drafts). Ids of payment and shipping come from their lists."""

    currency_code: str
    customer: Contact
    consignee: Contact
    address: DeliveryAddress
    lines: tuple[NewLine, ...]
    shipping_type: str
    shipping_id: str
    payment_method_id: str
    coupon_code: str | None = None
    customer_comment: str | None = None
    is_gift: bool = False
    notify_gifted: bool = False
    payment_link_expires_at: datetime | None = None
    scope: ClassVar[str] = "orders.read_write, Order.create"
    check: ClassVar[str] = "List the newest orders of this mobile number: Zid keeps no idempotency key."

    def __post_init__(self) -> None:
        refuse_unless(len(self.lines) > 0, "lines", "at least one product")
        refuse_naive(self.payment_link_expires_at, "payment_link_expires_at")
