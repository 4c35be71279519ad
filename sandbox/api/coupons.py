"""Coupons: list, view, add, update, delete. Written by forms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from sandbox.api.answers import Answer, managers_answer
from sandbox.api.changing import add, change, remove
from sandbox.api.coupon_form import read_coupon
from sandbox.api.fields import Fields
from sandbox.api.gateway import Call
from sandbox.api.paging import page_of, whole
from sandbox.api.reading import documents, found, present
from sandbox.generation.formats import day
from sandbox.generation.shop import new_coupon
from sandbox.world.records import Json

_DETAIL_ONLY = ("orders", "total_sales", "total_customers", "note", "apply_to_data")


def list_coupons(call: Call) -> Answer:
    """Counts of all coupons, one page of those that were asked for."""
    page, size = whole(call.query, "page", 1), whole(call.query, "per_page", 15, most=100)
    everything = [_shown(call, coupon) for coupon in documents(call, "coupons")]
    chosen = _in_order(call, [coupon for coupon in everything if _fits(call.query, coupon)])
    rows = [_row(coupon) for coupon in page_of(chosen, page, size, call.sandbox.knobs)]
    last = max(1, -(-len(chosen) // size))
    pagination: Json = {"page": page, "page_size": size, "next_page": page + 1 if page < last else None}
    pagination.update(last_page=last, result_count=len(rows))
    totals = {f"{state}_coupons_count": _count(everything, state) for state in ("active", "inactive", "expired")}
    return managers_answer(coupons=rows, count=len(chosen), grand_total=len(chosen), **totals, pagination=pagination)


def view_coupon(call: Call) -> Answer:
    return managers_answer(coupon=_shown(call, found(call, "coupons", call.incoming.params["id"])))


def add_coupon(call: Call) -> Answer:
    """The code must be new."""
    fields = Fields(call.document, family="managers")
    fields.require("name", "code", "discount_type", "discount")
    changes = read_coupon(fields)
    _check_code(call, fields, None)
    fields.check()
    coupon = new_coupon(call.sandbox.world, call.store, changes["code"]) | changes
    add(call, "coupons", coupon)
    return managers_answer(coupon=_shown(call, coupon))


def update_coupon(call: Call) -> Answer:
    """What was sent over what there is."""
    entity, fields = present(call, "coupons", call.incoming.params["id"]), Fields(call.document, family="managers")
    changes = read_coupon(fields)
    _check_code(call, fields, entity.id)
    fields.check()
    coupon = orjson.loads(entity.body) | changes
    change(call, entity, coupon)
    return managers_answer(coupon=_shown(call, coupon))


def delete_coupon(call: Call) -> Answer:
    remove(call, present(call, "coupons", call.incoming.params["id"]))
    return managers_answer()


def _check_code(call: Call, fields: Fields, own_id: str | None) -> None:
    code = fields.document.get("code")
    for entity in call.sandbox.world.shelves.alive(call.store.id, "coupons"):
        if entity.id != own_id and entity.facets["code"] == code:
            fields.fail("code", "The code has already been taken.")


def _shown(call: Call, coupon: Json) -> Json:
    """Whether it works today is told in three ways."""
    today = day(call.sandbox.world.now())
    state = _state(coupon, today)
    return coupon | {"status_code": f"coupon_{state}", "is_active": state == "active"}


def _state(coupon: Json, today: str) -> str:
    if not coupon["coupon_status"]:
        return "inactive"
    if coupon["date_end"] and coupon["date_end"] < today:
        return "expired"
    if coupon["uses_total"] and coupon["total_usage"] >= coupon["uses_total"]:
        return "used"
    return "unstarted" if coupon["date_start"] and coupon["date_start"] > today else "active"


def _row(coupon: Json) -> Json:
    return {key: value for key, value in coupon.items() if key not in _DETAIL_ONLY}


def _count(coupons: list[Json], state: str) -> int:
    return sum(coupon["status_code"] == f"coupon_{state}" for coupon in coupons)


def _fits(query: Mapping[str, str], coupon: Json) -> bool:
    at = coupon[query.get("date_attribute", "date_start")] if query.get("date_attribute") in _DATES else None
    at = at or coupon["date_start"] or ""
    if at < query.get("date_from", "") or at > query.get("date_to", "9999"):
        return False
    term = query.get("search_term", "").lower()
    if term not in coupon["name"].lower() and term not in coupon["code"].lower():
        return False
    if query.get("discount_status", coupon["status_code"]) != coupon["status_code"]:
        return False
    return query.get("discount_type", coupon["discount_type"]) == coupon["discount_type"] and _used(query, coupon)


_DATES = ("date_start", "date_end")
_COMPARE: Mapping[str, Callable[[int, int], bool]] = {
    ">": lambda left, right: left > right,
    "<": lambda left, right: left < right,
    "=": lambda left, right: left == right,
}


def _used(query: Mapping[str, str], coupon: Json) -> bool:
    """`total_usage_compare=>&total_usage_value=5`."""
    if "total_usage_value" not in query:
        return True
    compare = _COMPARE.get(query.get("total_usage_compare", "="), _COMPARE["="])
    return compare(coupon["total_usage"], whole(query, "total_usage_value", 0, least=0))


def _in_order(call: Call, coupons: list[Json]) -> list[Json]:
    """Newest first unless `order_by` and `sort_type` say otherwise."""
    name = call.query.get("order_by", "created_at")
    descending = call.query.get("sort_type", "desc").lower() != "asc"

    def key(coupon: Json) -> tuple[Any, int]:
        return str(coupon.get(name, "")), coupon["id"]

    return sorted(coupons, key=key, reverse=descending)
