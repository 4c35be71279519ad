"""Abandoned carts: ten minutes of inactivity make one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from core.domain.documents import Document, rows, sub, text
from core.domain.entities.people_and_places import unwrap_cart
from core.domain.money import Money, read_money
from core.domain.results.fields import lower, needed_id, same_id, whole
from core.domain.timestamps import parse_time


class CartPhase(StrEnum):
    """How far the customer came; what `ListCarts` can be filtered by."""

    NEW = "new"
    LOGIN = "login"
    SHIPPING_ADDRESS = "shipping_address"
    SHIPPING_METHOD = "shipping_method"
    PAYMENT_METHOD = "payment_method"
    VERIFICATION = "verification"
    COMPLETED = "completed"


@dataclass(frozen=True, slots=True)
class CartLine:
    """One product in a cart."""

    product_id: str | None
    sku: str | None
    name: str | None
    quantity: int
    price: Money | None
    total: Money | None

    @classmethod
    def read(cls, line: Document, currency: str | None) -> CartLine:
        return cls(
            product_id=same_id(line.get("product_id")),
            sku=text(line.get("sku")),
            name=text(line.get("name")),
            quantity=whole(line.get("quantity")) or 0,
            price=read_money(line.get("price"), currency),
            total=read_money(line.get("total"), currency),
        )


@dataclass(frozen=True, slots=True)
class Cart:
    """An abandoned cart. `phase` is text, since Zid may add to the seven; `lines` come with the get."""

    id: str
    phase: str | None
    url: str | None
    order_id: str | None
    customer_id: str | None
    customer_name: str | None
    customer_email: str | None
    customer_mobile: str | None
    city: str | None
    total: Money | None
    products_count: int | None
    reminders_count: int | None
    lines: tuple[CartLine, ...]
    source: str | None
    created_at: datetime | None
    updated_at: datetime | None
    raw: Document = field(repr=False)

    @classmethod
    def read(cls, document: Document) -> Cart:
        """Wherever it is nested (U25); the total may be written in Arabic script only."""
        cart = unwrap_cart(document)
        currency = text(cart.get("currency_code"))
        return cls(
            id=needed_id(cart, "a cart", "id", "uuid"),
            phase=lower(cart.get("phase")),
            url=text(cart.get("url")),
            order_id=text(cart.get("order_id")),
            customer_id=text(cart.get("customer_id")),
            customer_name=text(cart.get("customer_name")),
            customer_email=text(cart.get("customer_email")),
            customer_mobile=text(cart.get("customer_mobile")),
            city=text(sub(cart, "city").get("name")),
            total=read_money(cart.get("cart_total"), currency) or read_money(cart.get("cart_total_string"), currency),
            products_count=whole(cart.get("products_count")),
            reminders_count=whole(cart.get("reminders_count")),
            lines=tuple(CartLine.read(line, currency) for line in rows(cart, "products")),
            source=lower(cart.get("source")),
            created_at=parse_time(cart.get("created_at")),
            updated_at=parse_time(cart.get("updated_at")),
            raw=document,
        )
