"""Customers, categories and abandoned carts: mirrored, with nothing derived from them yet."""

from __future__ import annotations

from core.domain.documents import Document, both_languages, sub, text
from core.domain.entities.reading import Reading
from core.domain.money import parse_amount
from core.domain.timestamps import parse_time


def read_customer(customer: Document) -> Reading:
    """A customer; `verified` and `points` change type between Zid's endpoints and are left in the document."""
    return Reading(
        version=parse_time(customer.get("updated_at")),
        columns={
            "name": text(customer.get("name")),
            "email": text(customer.get("email")),
            "mobile": text(customer.get("mobile")),
            "city": text(sub(customer, "city").get("name")),
            "created_at": parse_time(customer.get("created_at")),
        },
    )


def read_category(category: Document) -> Reading:
    """A store category. Zid sends no time of change, so arrival decides."""
    names = both_languages(category.get("names") or category.get("name"))
    return Reading(
        version=parse_time(category.get("updated_at")),
        columns={
            "name_ar": names.get("ar"),
            "name_en": names.get("en"),
            "parent_id": text(category.get("parent_id")),
            "is_published": category.get("is_published") is not False,
        },
    )


def unwrap_cart(document: Document) -> Document:
    """The cart, wherever it is nested (U25): `abandoned_cart`, `data`, `cart` or the root; root fields fill gaps."""
    for key in ("abandoned_cart", "data", "cart"):
        if inner := sub(document, key):
            outer = {name: value for name, value in document.items() if name not in (key, "status")}
            return {**outer, **inner}
    return document


def read_cart(cart: Document) -> Reading:
    """An abandoned cart and the phase the customer left it in."""
    return Reading(
        version=parse_time(cart.get("updated_at")),
        columns={
            "phase": text(cart.get("phase")),
            "customer_id": text(cart.get("customer_id")),
            "total": parse_amount(cart.get("cart_total")),
            "created_at": parse_time(cart.get("created_at")),
        },
    )
