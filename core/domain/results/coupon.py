"""Coupons and bundle offers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from core.domain.documents import Document, rows, text
from core.domain.money import Money, parse_amount, read_money
from core.domain.names import Name
from core.domain.results.fields import day, flag, lower, needed_id, texts, whole
from core.domain.timestamps import parse_time


@dataclass(frozen=True, slots=True)
class Coupon:
    """A coupon. `discount` is an amount or a percentage, by `discount_type`; `max_weight` is in grams."""

    id: str
    code: str | None
    name: str | None
    discount_type: str | None
    discount: Decimal | None
    applying_method: str | None
    apply_to: str | None
    free_shipping: bool | None
    free_cod: bool | None
    minimum: Money | None
    maximum: Money | None
    max_weight: int | None
    starts_on: date | None
    ends_on: date | None
    uses_total: int | None
    uses_customer: int | None
    used: int | None
    is_active: bool | None
    status: str | None
    created_at: datetime | None
    raw: Document = field(repr=False)

    @classmethod
    def read(cls, coupon: Document) -> Coupon:
        return cls(
            id=needed_id(coupon, "a coupon", "id", "coupon_id"),
            code=text(coupon.get("code")),
            name=text(coupon.get("name")),
            discount_type=lower(coupon.get("discount_type")),
            discount=parse_amount(coupon.get("discount")),
            applying_method=text(coupon.get("applying_method")),
            apply_to=text(coupon.get("apply_to")),
            free_shipping=flag(coupon.get("free_shipping")),
            free_cod=flag(coupon.get("free_cod")),
            minimum=read_money(coupon.get("total")),
            maximum=read_money(coupon.get("max_total")),
            max_weight=whole(coupon.get("max_weight")),
            starts_on=day(coupon.get("date_start")),
            ends_on=day(coupon.get("date_end")),
            uses_total=whole(coupon.get("uses_total")),
            uses_customer=whole(coupon.get("uses_customer")),
            used=whole(coupon.get("total_usage")),
            is_active=flag(coupon.get("is_active")),
            status=lower(coupon.get("status_code")),
            created_at=parse_time(coupon.get("created_at")),
            raw=coupon,
        )


@dataclass(frozen=True, slots=True)
class OfferRule:
    """A condition or an action of an offer. An action's value, where it is money, is in minor units."""

    kind: str | None
    field: str | None
    operator: str | None
    value: Decimal | None
    product_ids: tuple[str, ...]

    @classmethod
    def read(cls, rule: Document) -> OfferRule:
        return cls(
            kind=text(rule.get("type")),
            field=text(rule.get("field")),
            operator=text(rule.get("operator")),
            value=parse_amount(rule.get("value")),
            product_ids=texts(rule.get("product_ids")),
        )


@dataclass(frozen=True, slots=True)
class BundleOffer:
    """Such as buy two, get one free."""

    id: str
    name: Name
    code: str | None
    conditions: tuple[OfferRule, ...]
    actions: tuple[OfferRule, ...]
    is_enabled: bool | None
    status: str | None
    starts_on: date | None
    ends_on: date | None
    raw: Document = field(repr=False)

    @classmethod
    def read(cls, offer: Document) -> BundleOffer:
        return cls(
            id=needed_id(offer, "a bundle offer"),
            name=Name.read(offer.get("name")),
            code=text(offer.get("code")),
            conditions=tuple(OfferRule.read(rule) for rule in rows(offer, "conditions")),
            actions=tuple(OfferRule.read(rule) for rule in rows(offer, "actions")),
            is_enabled=flag(offer.get("enabled")),
            status=lower(offer.get("status_code")),
            starts_on=day(offer.get("start_date")),
            ends_on=day(offer.get("end_date")),
            raw=offer,
        )
