"""The query of the order list as one question per order, and the order they come in."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.api.answers import InvalidError
from sandbox.api.gateway import Call
from sandbox.api.paging import moment
from sandbox.generation.vocabulary import COUNTRIES, SOURCES, STATUS_SPELLINGS
from sandbox.world.records import Entity, Json

_DATES: Mapping[str, Callable[[Entity], float]] = {
    "created_at": lambda entity: entity.created,
    "updated_at": lambda entity: entity.updated,
}
_COUNTRY_CODES = {code: number for number, _, _, code, _ in COUNTRIES}
_SOURCE_LABELS = {label: code for code, labels in SOURCES.items() for label in labels}


def asked_for(call: Call) -> Callable[[Entity], bool]:
    """Every filter of the query, read once; raises InvalidError for one that makes no sense."""
    window = _window(call)
    checks = [(check, call.query[name]) for name, check in _FILTERS.items() if call.query.get(name)]
    ids = set(call.query.get("order_id", "").split(",")) - {""}

    def fits(entity: Entity) -> bool:
        if not window(entity) or (ids and entity.id not in ids):
            return False
        return all(check(value, entity.facets) for check, value in checks)

    return fits


def in_order(call: Call, entities: list[Entity]) -> list[Entity]:
    """Newest first unless `order_by` and `sort_by` say otherwise."""
    key = _DATES.get(call.query.get("order_by", "created_at"), _DATES["created_at"])
    descending = call.query.get("sort_by", "desc").lower() != "asc"
    return sorted(entities, key=lambda entity: (key(entity), int(entity.id)), reverse=descending)


def _same(name: str) -> Callable[[str, Json], bool]:
    return lambda value, facets: str(facets[name]) == value


def _within(name: str) -> Callable[[str, Json], bool]:
    def check(value: str, facets: Json) -> bool:
        held: Any = facets[name]
        return value in held

    return check


def _is_status(value: str, facets: Json) -> bool:
    return bool(facets["status"] == STATUS_SPELLINGS.get(value, value))


_FILTERS: Mapping[str, Callable[[str, Json], bool]] = {
    "order_status": _is_status,
    "status": _is_status,
    "payment_status": _same("payment_status"),
    "payment_method": _same("payment_method"),
    "customer_id": _same("customer_id"),
    "customer_phone": lambda value, facets: value.lstrip("+ ") in facets["customer_phone"],
    "customer_type": _same("customer_type"),
    "source": lambda value, facets: facets["source"] == _SOURCE_LABELS.get(value, value),
    "shipping_method": lambda value, facets: str(facets["shipping_id"]) == value.rpartition("_")[2],
    "search_term": lambda value, facets: value.lower() in facets["text"] or value in facets["code"],
    "sku": _within("skus"),
    "tags": _within("tags"),
    "coupon_id": _same("coupon_id"),
    "is_gift_order": _same("is_gift_order"),
    "transaction_reference": _same("transaction_reference"),
    "shipping_city": _same("city"),
    "shipping_country": _same("country"),
    "country_code": lambda value, facets: facets["country"] == _COUNTRY_CODES.get(value.upper()),
}


def _window(call: Call) -> Callable[[Entity], bool]:
    """`date_from` to `date_to` of `date_attribute`, `created_at` unless said otherwise."""
    query = call.query
    attribute = query.get("date_attribute", "created_at")
    if attribute not in _DATES:
        raise InvalidError({"date_attribute": [f"One of {', '.join(_DATES)}."]})
    offset = call.store.utc_offset_hours if call.sandbox.knobs.text("orders.date_tz") == "store" else 0.0
    start = moment(query, "date_from", offset)
    end = moment(query, "date_to", offset)
    first, last = -math.inf if start is None else start, math.inf if end is None else end
    at = _DATES[attribute]
    return lambda entity: first <= at(entity) <= last
