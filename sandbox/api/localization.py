"""The one language of a managers answer, and the {ar, en} objects of a products one."""

from __future__ import annotations

from typing import Any

from sandbox.generation.vocabulary import (
    CITIES,
    COUNTRY,
    INVOICE_TITLES,
    MADE_UP_STATUS_IDS,
    OFFERED_PAYMENT_METHODS,
    SHIPPING_METHODS,
    SOURCES,
    STATUSES,
)
from sandbox.world.records import Json

_CITY_NAMES = {number: (arabic, english) for number, _, arabic, english, _, _ in CITIES}
_SHIPPING_NAMES = {number: (arabic, english) for number, _, arabic, english, _ in SHIPPING_METHODS}


def localize_order(order: Json, language: str) -> Json:
    """Puts names that follow the language into `language`; orders are stored with English ones."""
    place = 0 if language == "ar" else 1
    code = order["order_status"]["code"]
    if code in STATUSES:
        order["order_status"]["name"] = STATUSES[code][place]
    shown = order["display_status"]["code"]
    if shown in STATUSES:
        order["display_status"]["name"] = STATUSES[shown][place]
    order["source"] = SOURCES.get(order["source_code"], (order["source"],) * 2)[place]
    _localize_payment(order["payment"], place)
    _localize_shipping(order["shipping"], place)
    return order


def _localize_payment(payment: Json, place: int) -> None:
    method = payment["method"]
    if method["code"] in OFFERED_PAYMENT_METHODS:
        method["name"] = OFFERED_PAYMENT_METHODS[method["code"]][place]
    for row in payment.get("invoice", ()):
        if row["code"] in INVOICE_TITLES:
            row["title"] = INVOICE_TITLES[row["code"]][place]


def _localize_shipping(shipping: Json, place: int) -> None:
    method, address = shipping["method"], shipping["address"]
    method["name"] = _SHIPPING_NAMES.get(method["id"], (method["name"],) * 2)[place]
    address["city"]["name"] = _CITY_NAMES.get(address["city"]["id"], (address["city"]["name"],) * 2)[place]
    address["country"]["name"] = COUNTRY[1 + place]


def localize_city(city: Json, language: str) -> Json:
    place = 0 if language == "ar" else 1
    return city | {"name": city["ar_name" if language == "ar" else "en_name"], "country_name": COUNTRY[1 + place]}


def hide_made_up_ids(order: Json) -> Json:
    """Removes display_status ids that nobody has published (U24)."""
    if order["display_status"]["id"] in MADE_UP_STATUS_IDS:
        order["display_status"]["id"] = None
    return order


def flatten(value: Any, language: str) -> Any:
    """Plain strings in place of {ar, en} objects, as the products family answers to `Role: Customer`."""
    if isinstance(value, list):
        return [flatten(item, language) for item in value]
    if not isinstance(value, dict):
        return value
    if value and value.keys() <= {"ar", "en"}:
        return value.get(language) or value.get("ar") or value.get("en")
    return {key: flatten(item, language) for key, item in value.items()}
