"""Customers: the list, the lighter primary list, the get and the bulk answer, as one value."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from core.domain.documents import Document, sub, text
from core.domain.money import Money, read_money
from core.domain.results.fields import day, every, flag, lower, needed_id, whole
from core.domain.results.order import Order
from core.domain.timestamps import parse_time


@dataclass(frozen=True, slots=True)
class CustomerTag:
    """A tag by which a store groups its customers; Zid has no segments."""

    id: str
    name: str | None

    @classmethod
    def read(cls, tag: Document) -> CustomerTag:
        return cls(needed_id(tag, "a tag", "id", "uuid"), text(tag.get("name")))


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer. `mobile` is as Zid writes it, without a plus; `orders` come with the get alone."""

    id: str
    name: str | None
    email: str | None
    mobile: str | None
    gender: str | None
    born_on: date | None
    kind: str | None
    business_name: str | None
    tax_number: str | None
    city: str | None
    country: str | None
    is_active: bool | None
    verified: bool | None
    points: int | None
    orders_count: int | None
    spent: Money | None
    average_order: Money | None
    orders: tuple[Order, ...]
    tags: tuple[CustomerTag, ...]
    last_order_at: datetime | None
    created_at: datetime | None
    updated_at: datetime | None
    raw: Document = field(repr=False)

    @classmethod
    def read(cls, customer: Document) -> Customer:
        """`points` is an int in lists and an object in the get; `nickname` and `pivot*` may be absent."""
        return cls(
            id=needed_id(customer, "a customer"),
            name=text(customer.get("name")) or text(customer.get("nickname")),
            email=text(customer.get("email")) or text(customer.get("pivotEmail")),
            mobile=text(customer.get("mobile")) or text(customer.get("pivotMobile")),
            gender=lower(customer.get("gender")),
            born_on=day(customer.get("birth_date")),
            kind=lower(customer.get("type")),
            business_name=text(customer.get("business_name")),
            tax_number=text(customer.get("tax_number")),
            city=text(sub(customer, "city").get("name")),
            country=text(sub(customer, "city").get("country_code")),
            is_active=flag(customer.get("is_active")),
            verified=flag(customer.get("verified")),
            points=_points(customer),
            orders_count=whole(customer.get("order_counts")),
            spent=read_money(customer.get("order_total_payments", customer.get("total_payments"))),
            average_order=read_money(customer.get("orders_cost_average")),
            orders=every(Order.read, customer, "orders"),
            tags=every(CustomerTag.read, customer, "tags"),
            last_order_at=parse_time(customer.get("last_order_date")),
            created_at=parse_time(customer.get("created_at")),
            updated_at=parse_time(customer.get("updated_at")),
            raw=customer,
        )


def _points(customer: Document) -> int | None:
    return whole(sub(customer, "points").get("points")) if sub(customer, "points") else whole(customer.get("points"))
