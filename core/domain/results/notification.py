"""Customers who wait until a product is available again."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from core.domain.documents import Document, sub, text
from core.domain.money import Money, read_money
from core.domain.names import Name
from core.domain.results.fields import flag, needed_id, same_id, whole
from core.domain.timestamps import parse_time


@dataclass(frozen=True, slots=True)
class AvailabilityNotice:
    """One customer waiting for one product."""

    id: str
    product_id: str | None
    product_name: Name
    customer_id: str | None
    email: str | None
    language: str | None
    is_notified: bool | None
    is_purchased: bool | None
    created_at: datetime | None
    raw: Document = field(repr=False)

    @classmethod
    def read(cls, notice: Document) -> AvailabilityNotice:
        return cls(
            id=needed_id(notice, "a notification"),
            product_id=same_id(notice.get("product_id")),
            product_name=Name.read(notice.get("product_name")),
            customer_id=text(sub(notice, "customer").get("id")),
            email=text(sub(notice, "customer").get("email")),
            language=text(notice.get("language")),
            is_notified=flag(notice.get("is_notified")),
            is_purchased=flag(notice.get("is_purchased")),
            created_at=parse_time(notice.get("created_at")),
            raw=notice,
        )


@dataclass(frozen=True, slots=True)
class AvailabilityStats:
    """How much waiting, telling and buying there was."""

    waiting: int | None
    notified: int | None
    purchased: int | None
    purchased_total: Money | None
    raw: Document = field(repr=False)

    @classmethod
    def read(cls, stats: Document) -> AvailabilityStats:
        return cls(
            waiting=whole(stats.get("total_count")),
            notified=whole(stats.get("notified_count")),
            purchased=whole(stats.get("purchased_count")),
            purchased_total=read_money(stats.get("purchased_total")),
            raw=stats,
        )


@dataclass(frozen=True, slots=True)
class AvailabilitySettings:
    """What waiting customers are told, and how long after a product is back."""

    delay_unit: str | None
    delay_value: int | None
    email_title: Name
    email_text: Name
    coupon_code: str | None
    raw: Document = field(repr=False)

    @classmethod
    def read(cls, settings: Document) -> AvailabilitySettings:
        return cls(
            delay_unit=text(settings.get("delay_unit")),
            delay_value=whole(settings.get("delay_value")),
            email_title=Name.read(settings.get("email_title")),
            email_text=Name.read(settings.get("email_text")),
            coupon_code=text(settings.get("coupon_code")),
            raw=settings,
        )
