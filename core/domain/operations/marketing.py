"""Coupons and bundle offers; Zid lets bundle offers be read only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from core.domain.keep import KEEP, Keep
from core.domain.operations.operation import Listing, Operation, Write, refuse_unless
from core.domain.operations.orders import Direction
from core.domain.results.coupon import BundleOffer, Coupon


class DiscountType(StrEnum):
    FIXED = "f"
    PERCENTAGE = "p"
    NONE = "n"


class ApplyingMethod(StrEnum):
    CODE = "CODE"
    AUTOMATIC = "AUTOMATIC"


class Compared(StrEnum):
    MORE = ">"
    LESS = "<"
    EXACTLY = "="


class CouponDate(StrEnum):
    """Which date `date_from` and `date_to` bound."""

    START = "date_start"
    END = "date_end"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListCoupons(Listing[Coupon]):
    """The store's coupons."""

    search_term: str | None = None
    total_usage_value: int | None = None
    total_usage_compare: Compared | None = None
    discount_status: str | None = None
    date_from: date | None = None
    date_to: date | None = None
    date_attribute: CouponDate | None = None
    order_by: str | None = None
    sort_type: Direction | None = None
    discount_type: DiscountType | None = None
    scope: ClassVar[str] = "third_coupons_read"


@dataclass(frozen=True, slots=True)
class GetCoupon(Operation[Coupon]):
    """One coupon with what was sold by it."""

    coupon_id: str
    scope: ClassVar[str] = "third_coupons_read"


@dataclass(frozen=True, slots=True, kw_only=True)
class CouponFields:
    """What a coupon is made of. Amounts are in the store's currency; `max_weight` in kilograms."""

    name: str | Keep = KEEP
    code: str | Keep = KEEP
    discount_type: DiscountType | Keep = KEEP
    discount: Decimal | Keep = KEEP
    free_shipping: bool | Keep = KEEP
    free_cod: bool | Keep = KEEP
    total: Decimal | Keep = KEEP
    max_total: Decimal | Keep = KEEP
    max_weight: Decimal | Keep = KEEP
    date_start: date | Keep = KEEP
    date_end: date | Keep = KEEP
    uses_total: int | Keep = KEEP
    uses_customer: int | Keep = KEEP
    apply_to: str | Keep = KEEP
    apply_to_array: tuple[str, ...] | Keep = KEEP
    status: bool | Keep = KEEP
    applying_method: ApplyingMethod | Keep = KEEP
    conditions: str | Keep = KEEP
    is_mazeed_active: bool | Keep = KEEP
    is_pos_active: bool | Keep = KEEP
    is_mobile_app_active: bool | Keep = KEEP
    maximum_discount_value: Decimal | Keep = KEEP


@dataclass(frozen=True, slots=True)
class CreateCoupon(Write[Coupon]):
    """A new coupon; what is not said is sent as: by code, for everything, without limits, active."""

    fields: CouponFields
    scope: ClassVar[str] = "third_coupons_write"
    check: ClassVar[str] = "List coupons by its code."

    def __post_init__(self) -> None:
        for name in ("name", "code", "discount_type", "discount", "date_start", "date_end"):
            refuse_unless(getattr(self.fields, name) is not KEEP, name, "is needed to make a coupon")


@dataclass(frozen=True, slots=True)
class UpdateCoupon(Write[Coupon]):
    """Changes a coupon."""

    coupon_id: str
    fields: CouponFields
    scope: ClassVar[str] = "third_coupons_write"
    check: ClassVar[str] = "Get the coupon and compare."


@dataclass(frozen=True, slots=True)
class DeleteCoupon(Write[None]):
    """Removes a coupon."""

    coupon_id: str
    scope: ClassVar[str] = "third_coupons_write"
    check: ClassVar[str] = "Get the coupon: NotFound says that it is gone."


@dataclass(frozen=True, slots=True, kw_only=True)
class ListBundleOffers(Listing[BundleOffer]):
    """The store's bundle offers."""

    scope: ClassVar[str] = "third_coupons_read"
