"""Changing what a store sells in and by: categories, locations, coupons."""

from __future__ import annotations

from core.domain.operations.categories import CreateCategory, EmptyCategory, PublishCategory, UpdateCategory
from core.domain.operations.marketing import (
    CreateCoupon,
    DeleteCoupon,
    GetCoupon,
    ListBundleOffers,
    ListCoupons,
    UpdateCoupon,
)
from core.domain.operations.stocks import CreateLocation, GetLocation, ListLocations, SetLocationStock, UpdateLocation
from core.domain.results.category import Category
from core.domain.results.coupon import BundleOffer, Coupon
from core.domain.results.stock import Location
from entrypoints.http.api.zid_calls import lists, reads, writes

_STORE = "/v1/stores/{store_id}"
_CATEGORY = f"{_STORE}/categories/{{category_id}}"
_LOCATION = f"{_STORE}/locations/{{location_id}}"
_COUPON = f"{_STORE}/coupons/{{coupon_id}}"

ROUTES = (
    writes(
        "POST",
        f"{_STORE}/categories",
        CreateCategory,
        "Make a category",
        into="fields",
        needs=("name",),
        result=Category,
        status=201,
    ),
    writes("PATCH", _CATEGORY, UpdateCategory, "Change a category", into="fields", result=Category),
    writes("PUT", f"{_CATEGORY}/publishing", PublishCategory, "Show or hide a category"),
    writes(
        "DELETE",
        f"{_CATEGORY}/products",
        EmptyCategory,
        "Take every product out of a category",
        body=False,
        result=Category,
    ),
    lists(f"{_STORE}/locations", ListLocations, Location, "Inventory locations"),
    reads(_LOCATION, GetLocation, Location, "One inventory location"),
    writes(
        "POST",
        f"{_STORE}/locations",
        CreateLocation,
        "Make a location",
        into="fields",
        needs=("name", "city_id", "coordinates", "full_address"),
        result=Location,
        status=201,
    ),
    writes("PATCH", _LOCATION, UpdateLocation, "Change a location", into="fields", result=Location),
    writes("PUT", f"{_LOCATION}/stocks", SetLocationStock, "Set the stock of many products at a location"),
    lists(f"{_STORE}/coupons", ListCoupons, Coupon, "Coupons"),
    reads(_COUPON, GetCoupon, Coupon, "One coupon"),
    writes(
        "POST",
        f"{_STORE}/coupons",
        CreateCoupon,
        "Make a coupon",
        into="fields",
        needs=("name", "code", "discount_type", "discount", "date_start", "date_end"),
        result=Coupon,
        status=201,
    ),
    writes("PATCH", _COUPON, UpdateCoupon, "Change a coupon", into="fields", result=Coupon),
    writes("DELETE", _COUPON, DeleteCoupon, "Remove a coupon", body=False),
    lists(f"{_STORE}/bundle-offers", ListBundleOffers, BundleOffer, "Bundle offers"),
)
