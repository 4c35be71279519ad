"""Coupons, bundle offers, loyalty (managers family, forms)."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from adapters.zid.answers import many, nothing, one, read_document
from adapters.zid.encoding import Parts, as_form, asks, parts, record
from adapters.zid.headers import Family
from adapters.zid.listings import numbered
from adapters.zid.route import Route, Table
from core.domain.documents import Document, sub
from core.domain.exchange import Answer
from core.domain.keep import Keep
from core.domain.operations.loyalty import (
    ActivateLoyalty,
    AdjustPoints,
    CreateRedemption,
    DeleteRedemption,
    GetLoyaltyInfo,
    GetLoyaltyProgram,
    GetLoyaltyStatus,
    GetPointsAccount,
    ListPointsMovements,
    SetPointsExpiration,
    UpdateCashback,
    UpdateRedemption,
)
from core.domain.operations.marketing import (
    CreateCoupon,
    DeleteCoupon,
    GetCoupon,
    ListBundleOffers,
    ListCoupons,
    UpdateCoupon,
)
from core.domain.results.coupon import BundleOffer, Coupon
from core.domain.results.fields import flag
from core.domain.results.loyalty import LoyaltyInfo, LoyaltyProgram, PointsAccount, PointsMovement, RedemptionRule
from core.errors import UnknownShape

_COUPONS: Final = "/v1/managers/store/coupons"
_COUPON: Final = _COUPONS + "/{coupon_id}"
_LOYALTY: Final = "/v1/managers/loyalty-program"

_COUPON_FILTERS: Final = asks(
    "search_term",
    "total_usage_value",
    "total_usage_compare",
    "discount_status",
    "date_from",
    "date_to",
    "date_attribute",
    "order_by",
    "sort_type",
    "discount_type",
)
# What Zid's own client always sends for a new coupon.
_NEW_COUPON: Final[Parts] = MappingProxyType(
    {
        "free_shipping": False,
        "free_cod": False,
        "total": 0,
        "max_total": 0,
        "max_weight": 0,
        "uses_total": 0,
        "uses_customer": 0,
        "apply_to": "all",
        "status": True,
        "applying_method": "CODE",
        "conditions": "",
    }
)


def _coupon(wanted: CreateCoupon | UpdateCoupon) -> Parts:
    return {name: value for name, value in record(wanted.fields).items() if value is not Keep.KEEP}


def _rule(wanted: CreateRedemption | UpdateRedemption) -> Parts:
    return {"config": {"type": wanted.kind, "discount": wanted.discount, "points": wanted.points}}


def _adjustment(wanted: AdjustPoints) -> Parts:
    return {
        "customerId": wanted.customer_id,
        "direction": "+" if wanted.points > 0 else "-",
        "points": abs(wanted.points),
        "reason": wanted.reason,
    }


def _status(answer: Answer, _: object) -> bool:
    """`{loyalty_status: …}`."""
    found = flag(read_document(answer).get("loyalty_status"))
    if found is None:
        raise UnknownShape("the answer says neither that the loyalty program is on nor that it is off")
    return found


def _redemption(answer: Document) -> RedemptionRule:
    """`{points_redemption: {redemptionRule: …}}`."""
    return RedemptionRule.read(sub(answer, "points_redemption", "redemptionRule") or answer)


COUPON_ROWS: Final[Table] = MappingProxyType(
    {
        ListCoupons: numbered(_COUPONS, Coupon.read, "coupons", query=_COUPON_FILTERS),
        GetCoupon: Route("GET", Family.MANAGERS, _COUPON + "/view", one(Coupon.read, "coupon")),
        CreateCoupon: Route(
            "POST",
            Family.MANAGERS,
            _COUPONS + "/add",
            one(Coupon.read, "coupon"),
            payload=as_form(lambda wanted: {**_NEW_COUPON, **_coupon(wanted)}),
        ),
        UpdateCoupon: Route(
            "POST", Family.MANAGERS, _COUPON + "/update", one(Coupon.read, "coupon"), payload=as_form(_coupon)
        ),
        DeleteCoupon: Route("DELETE", Family.MANAGERS, _COUPON, nothing),
        ListBundleOffers: numbered("/v1/managers/store/discounts/bundle-offers", BundleOffer.read, "discount_rules"),
    }
)

LOYALTY_ROWS: Final[Table] = MappingProxyType(
    {
        GetLoyaltyStatus: Route("GET", Family.MANAGERS, _LOYALTY + "/loyalty-status", _status),
        GetLoyaltyProgram: Route("GET", Family.MANAGERS, _LOYALTY + "/list-data", one(LoyaltyProgram.read)),
        GetPointsAccount: Route(
            "GET",
            Family.MANAGERS,
            _LOYALTY + "/customers/details",
            one(PointsAccount.read, "loyalty_points_info"),
            query=asks(customer_id="customerId"),
        ),
        ListPointsMovements: Route(
            "GET",
            Family.MANAGERS,
            _LOYALTY + "/points-history/{customer_id}/",
            many(PointsMovement.read, "history"),
        ),
        GetLoyaltyInfo: Route("GET", Family.MANAGERS, "/v1/managers/store/loyalty-program-info", one(LoyaltyInfo.read)),
        ActivateLoyalty: Route(
            "POST",
            Family.MANAGERS,
            _LOYALTY + "/activation",
            nothing,
            payload=as_form(parts(active="activate")),
        ),
        SetPointsExpiration: Route(
            "POST", Family.MANAGERS, _LOYALTY + "/points-expiration", nothing, payload=as_form(parts("days"))
        ),
        UpdateCashback: Route(
            "POST",
            Family.MANAGERS,
            _LOYALTY + "/points-collection/update",
            nothing,
            payload=as_form(
                lambda wanted: {"ruleId": wanted.rule_id, "config": {"money": wanted.money, "points": wanted.points}}
            ),
        ),
        CreateRedemption: Route(
            "POST",
            Family.MANAGERS,
            _LOYALTY + "/points-redemption",
            one(_redemption),
            payload=as_form(_rule),
        ),
        UpdateRedemption: Route(
            "POST",
            Family.MANAGERS,
            _LOYALTY + "/points-redemption/update",
            nothing,
            payload=as_form(lambda wanted: {"ruleId": wanted.rule_id, **_rule(wanted)}),
        ),
        DeleteRedemption: Route(
            "POST",
            Family.MANAGERS,
            _LOYALTY + "/points-redemption/delete",
            nothing,
            payload=as_form(parts(rule_id="ruleId")),
        ),
        AdjustPoints: Route(
            "POST",
            Family.MANAGERS,
            _LOYALTY + "/customers/adjust-customer-points",
            one(PointsMovement.read, "data"),
            payload=as_form(_adjustment),
        ),
    }
)

ROWS: Final[Table] = MappingProxyType({**COUPON_ROWS, **LOYALTY_ROWS})
