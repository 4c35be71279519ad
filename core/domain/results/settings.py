"""What a store is set up with: taxes, payment, delivery, places; and the app's own subscription."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from core.domain.documents import Document, sub, text
from core.domain.money import Money, parse_amount, read_money
from core.domain.names import Name
from core.domain.results.fields import every, flag, lower, needed_id
from core.domain.timestamps import parse_time


@dataclass(frozen=True, slots=True)
class TaxSettings:
    """A store's VAT; all None where Zid answers `[]`."""

    is_active: bool | None
    included_in_prices: bool | None
    included_in_shipping: bool | None
    other_countries_percentage: Decimal | None
    raw: Document = field(repr=False)

    @classmethod
    def read(cls, answer: Document) -> TaxSettings:
        """From the whole answer: `tax_settings` may be `[]` or an object."""
        taxes = sub(answer, "tax_settings")
        return cls(
            is_active=flag(taxes.get("vat_activate")),
            included_in_prices=flag(taxes.get("is_vat_included_in_product_price")),
            included_in_shipping=flag(taxes.get("is_shipping_fee_included_in_vat")),
            other_countries_percentage=parse_amount(taxes.get("other_countries_tax_percentage")),
            raw=taxes,
        )


@dataclass(frozen=True, slots=True)
class PaymentMethod:
    """A way to pay; `id` is what CreateOrder takes."""

    id: str
    code: str | None
    name: Name
    kind: str | None
    is_enabled: bool | None
    fees: Money | None
    raw: Document = field(repr=False)

    @classmethod
    def read(cls, method: Document) -> PaymentMethod:
        """`name` is a string or `{ar, en}`."""
        return cls(
            id=needed_id(method, "a payment method"),
            code=text(method.get("code")),
            name=Name.read(method.get("name")),
            kind=text(method.get("type")),
            is_enabled=flag(method.get("enabled")),
            fees=read_money(method.get("fees")),
            raw=method,
        )


@dataclass(frozen=True, slots=True)
class City:
    """A city; lists by country tell more than the city of an order."""

    id: str
    name: Name
    country_id: str | None
    country_code: str | None

    @classmethod
    def read(cls, city: Document) -> City:
        shown = Name.read(city.get("name"))
        return cls(
            id=needed_id(city, "a city"),
            name=Name(text(city.get("ar_name")) or shown.ar, text(city.get("en_name")) or shown.en),
            country_id=text(city.get("country_id")),
            country_code=text(city.get("country_code")),
        )


@dataclass(frozen=True, slots=True)
class DeliveryOption:
    """A way to deliver; `id` is what CreateOrder takes."""

    id: str
    name: str | None
    code: str | None
    status: str | None
    cities: tuple[City, ...]
    raw: Document = field(repr=False)

    @classmethod
    def read(cls, option: Document) -> DeliveryOption:
        return cls(
            id=needed_id(option, "a delivery option"),
            name=text(option.get("name")),
            code=text(option.get("system_option_code")),
            status=lower(option.get("shipping_method_status")),
            cities=every(City.read, option, "select_cities"),
            raw=option,
        )


@dataclass(frozen=True, slots=True)
class Country:
    """A country; `code` has two letters, `long_code` three where Zid sends it."""

    id: str
    name: Name
    code: str | None
    long_code: str | None
    flag_url: str | None

    @classmethod
    def read(cls, country: Document) -> Country:
        return cls(
            id=needed_id(country, "a country"),
            name=Name.read(country.get("name")),
            code=text(country.get("code")),
            long_code=text(country.get("country_code")),
            flag_url=text(country.get("flag")),
        )


@dataclass(frozen=True, slots=True)
class AppSubscription:
    """What the store pays the app for; no shape is published (U9), so everything may be missing."""

    status: str | None
    plan_id: str | None
    plan_name: Name
    starts_at: datetime | None
    ends_at: datetime | None
    is_usage_based: bool | None
    raw: Document = field(repr=False)

    @classmethod
    def read(cls, answer: Document) -> AppSubscription:
        """At the root, under `data` or under `subscription`; the status by either name."""
        found = sub(answer, "subscription") or sub(answer, "data", "subscription") or sub(answer, "data") or answer
        return cls(
            status=lower(found.get("subscription_status")) or lower(found.get("status")),
            plan_id=text(found.get("plan_id")),
            plan_name=Name.read(found.get("plan_name")),
            starts_at=parse_time(found.get("start_date")),
            ends_at=parse_time(found.get("end_date")),
            is_usage_based=flag(found.get("is_usage_based")),
            raw=found,
        )
