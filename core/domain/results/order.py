"""Orders, as lists and the view show them (docs.zid.sa "View order"; all payload types)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from core.domain.documents import Document, rows, sub, text
from core.domain.money import Money, parse_amount, read_money
from core.domain.order_status import canonical_status, status_of, status_of_history
from core.domain.results.fields import every, first_object, flag, lower, needed_id, same_id, texts, whole
from core.domain.results.reverse_order import ReverseOrder
from core.domain.timestamps import parse_time
from core.errors import UnknownShape


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who ordered. Marketplace orders mask name, e-mail and phone; guests may have no id."""

    id: str | None
    name: str | None
    email: str | None
    mobile: str | None
    verified: bool | None

    @classmethod
    def read(cls, customer: Document) -> Buyer:
        return cls(
            id=text(customer.get("id")),
            name=text(customer.get("name")),
            email=text(customer.get("email")),
            mobile=text(customer.get("mobile")),
            verified=flag(customer.get("verified")),
        )


@dataclass(frozen=True, slots=True)
class Address:
    """Where an order goes."""

    text: str | None
    street: str | None
    district: str | None
    short_address: str | None
    city: str | None
    country: str | None

    @classmethod
    def read(cls, address: Document) -> Address:
        return cls(
            text=text(address.get("formatted_address")),
            street=text(address.get("street")),
            district=text(address.get("district")),
            short_address=text(address.get("short_address")),
            city=text(sub(address, "city").get("name")) or text(address.get("city")),
            country=text(sub(address, "country").get("code")) or text(address.get("country")),
        )


@dataclass(frozen=True, slots=True)
class Shipping:
    """How an order travels: there is no shipment resource, only these fields."""

    method_id: str | None
    method: str | None
    address: Address
    tracking_number: str | None
    tracking_url: str | None
    waybill_url: str | None

    @classmethod
    def read(cls, order: Document) -> Shipping:
        """`waybill` is null, a list or an object; the tiny payload names the address elsewhere."""
        method = sub(order, "shipping", "method")
        return cls(
            method_id=text(method.get("id")),
            method=text(method.get("name")) or text(order.get("shipping_method")),
            address=Address.read(first_object(sub(order, "shipping", "address"), order.get("shipping_address"))),
            tracking_number=text(sub(method, "tracking").get("number")),
            tracking_url=text(sub(method, "tracking").get("url")),
            waybill_url=_waybill(method.get("waybill")),
        )


def _waybill(value: object) -> str | None:
    """A URL as text, in an object, or in the first object of a list."""
    if isinstance(value, list):
        return next((found for found in map(_waybill, value) if found), None)
    if isinstance(value, Mapping):
        return text(value.get("url")) or text(value.get("waybill_url")) or text(value.get("label"))
    return text(value)


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One product of an order. `line_id` is what returns ask for (`order_product_id`)."""

    product_id: str | None
    line_id: str | None
    sku: str | None
    name: str | None
    quantity: int
    price: Money | None
    total: Money | None
    tax_amount: Money | None
    tax_percentage: Decimal | None
    raw: Document = field(repr=False)

    @classmethod
    def read(cls, line: Document, currency: str | None) -> OrderLine:
        return cls(
            product_id=same_id(line.get("id")),
            line_id=text(line.get("order_product_id")),
            sku=text(line.get("sku")),
            name=text(line.get("name")),
            quantity=whole(line.get("quantity")) or 0,
            price=read_money(line.get("price"), currency),
            total=read_money(line.get("total"), currency),
            tax_amount=read_money(line.get("tax_amount"), currency),
            tax_percentage=parse_amount(line.get("tax_percentage")),
            raw=line,
        )


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """A sum of the invoice, such as `shipping`, `vat` or `total`."""

    code: str
    title: str | None
    value: Money | None

    @classmethod
    def read(cls, line: Document, currency: str | None = None) -> InvoiceLine:
        code = text(line.get("code"))
        if code is None:
            raise UnknownShape("an invoice line without a code")
        return cls(code, text(line.get("title")), read_money(line.get("value"), currency))


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """A step an order went through; `status` is None where Zid's text names none for certain."""

    at: datetime | None
    status: str | None
    comment: str | None

    @classmethod
    def read(cls, entry: Document) -> HistoryEntry:
        return cls(
            at=parse_time(entry.get("created_at")),
            status=status_of_history(entry),
            comment=text(entry.get("comment")),
        )


@dataclass(frozen=True, slots=True)
class Order:
    """An order. `status` has one spelling; `custom_status` is the store's own code below it, if it set one.

    Lists without `payload_type=default` carry no lines.
    """

    id: str
    code: str | None
    status: str | None
    custom_status: str | None
    payment_status: str | None
    payment_method: str | None
    payment_link: str | None
    total: Money | None
    currency: str | None
    buyer: Buyer
    shipping: Shipping
    lines: tuple[OrderLine, ...]
    invoice: tuple[InvoiceLine, ...]
    history: tuple[HistoryEntry, ...]
    reverse_orders: tuple[ReverseOrder, ...]
    source: str | None
    tags: tuple[str, ...]
    customer_note: str | None
    inventory_address_id: str | None
    is_gift: bool | None
    is_marketplace: bool | None
    created_at: datetime | None
    updated_at: datetime | None
    raw: Document = field(repr=False)

    @classmethod
    def read(cls, order: Document) -> Order:
        """UnknownShape without an id; everything else may be missing."""
        currency = text(order.get("currency_code")) or text(order.get("currency"))
        status = status_of(order) or canonical_status(order.get("status"))
        return cls(
            id=needed_id(order, "an order"),
            code=text(order.get("code")),
            status=status,
            custom_status=_custom_status(order, status),
            payment_status=lower(order.get("payment_status")),
            payment_method=text(sub(order, "payment", "method").get("code")) or text(order.get("payment")),
            payment_link=_link(order.get("payment_link")),
            total=read_money(order.get("order_total", order.get("total")), currency),
            currency=currency,
            buyer=Buyer.read(sub(order, "customer")),
            shipping=Shipping.read(order),
            lines=tuple(OrderLine.read(line, currency) for line in rows(order, "products")),
            invoice=every(lambda line: InvoiceLine.read(line, currency), sub(order, "payment"), "invoice"),
            history=tuple(HistoryEntry.read(entry) for entry in rows(order, "histories")),
            reverse_orders=_reverse_orders(order),
            source=text(order.get("source_code")) or text(order.get("source")),
            tags=_tags(order),
            customer_note=text(order.get("customer_note")),
            inventory_address_id=same_id(sub(order, "inventory_address").get("id")),
            is_gift=flag(order.get("is_gift_order")),
            is_marketplace=flag(order.get("is_marketplace_order")),
            created_at=parse_time(order.get("created_at")),
            updated_at=parse_time(order.get("updated_at")),
            raw=order,
        )


def _custom_status(order: Document, status: str | None) -> str | None:
    """`display_status` shows a store's own status while `order_status` stays its parent."""
    shown = lower(sub(order, "display_status").get("code"))
    return shown if shown and canonical_status(shown) != status else None


def _link(value: object) -> str | None:
    """`payment_link` is null, a string or an object."""
    if isinstance(value, Mapping):
        return text(value.get("url")) or text(value.get("link"))
    return text(value) if isinstance(value, str) else None


def _tags(order: Document) -> tuple[str, ...]:
    named = (text(tag.get("name")) or text(tag.get("id")) for tag in rows(order, "tags"))
    return tuple(name for name in named if name) or texts(order.get("tags"))


def _reverse_orders(order: Document) -> tuple[ReverseOrder, ...]:
    """Zid has no list of reverse orders: they stand in the order, the latest also on its own."""
    listed = every(ReverseOrder.read, order, "reverse_order_label_requests")
    latest = sub(order, "reverse_order_label_request")
    if listed or not text(latest.get("id")):
        return listed
    return (ReverseOrder.read(latest),)
