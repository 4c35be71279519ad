"""GET of abandoned carts. A cart counts as abandoned ten minutes after anything happened to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sandbox.api.answers import Answer, InvalidError, managers_answer
from sandbox.api.gateway import Call
from sandbox.api.paging import moment, page_of, whole
from sandbox.api.reading import document_of, found, seen
from sandbox.world.records import Entity, Json

_DETAIL_ONLY = ("products", "city", "history", "store_name", "store_logo", "store_url")


def list_carts(call: Call) -> Answer:
    """`page` and `page_size` are required; the key of the list has a hyphen."""
    query = call.query
    missing = [name for name in ("page", "page_size") if name not in query]
    if missing:
        raise InvalidError({name: [f"The {name} field is required."] for name in missing})
    page, size = whole(query, "page", 1), whole(query, "page_size", 10, most=100)
    fits = _filter(call)
    carts = _in_order(call, [entity for entity in seen(call, "carts") if fits(entity)])
    rows = [_row(call, entity) for entity in page_of(carts, page, size, call.sandbox.knobs)]
    return managers_answer(**{"abandoned-carts": rows}, **_totals(call, len(carts), page, size))


def view_cart(call: Call) -> Answer:
    """One abandoned cart."""
    return managers_answer(abandoned_cart=found(call, "carts", call.incoming.params["id"]))


def _totals(call: Call, count: int, page: int, size: int) -> Json:
    """Which keys tell of further pages is unknown (U16)."""
    if call.sandbox.knobs.text("carts.paging") == "totals":
        return {"grand_total": count}
    last = max(1, -(-count // size))
    following = page + 1 if page < last else None
    return {"pagination": {"page": page, "next_page": following, "last_page": last, "count": count}}


def _row(call: Call, entity: Entity) -> Json:
    cart = document_of(call, entity)
    row = {key: value for key, value in cart.items() if key not in _DETAIL_ONLY}
    return row | {"city_id": cart["city"]["id"], "currency_code": "SAR"}


def _filter(call: Call) -> Callable[[Entity], bool]:
    """Whole days from date_from to date_to, and whatever else was asked."""
    query = call.query
    checks = [(check, query[name]) for name, check in _FILTERS.items() if query.get(name)]
    start, end = moment(query, "date_from", 0.0), moment(query, "date_to", 0.0)

    def fits(entity: Entity) -> bool:
        if (start is not None and entity.created < start) or (end is not None and entity.created >= end + 86_400):
            return False
        return all(check(value, entity.facets) for check, value in checks)

    return fits


def _same(name: str) -> Callable[[str, Json], bool]:
    return lambda value, facets: str(facets[name]) == value


_FILTERS: Mapping[str, Callable[[str, Json], bool]] = {
    "phase": _same("phase"),
    "customer_id": _same("customer_id"),
    "products_count": _same("products_count"),
    "cart_total": lambda value, facets: f"{facets['cart_total']:.2f}" == f"{float(value):.2f}",
    "city_id": _same("city_id"),
    "country_id": _same("country_id"),
    "currency_code": lambda value, _: value == "SAR",
    "has_reminders": lambda value, facets: bool(facets["reminders_count"]) is (value == "1"),
    "search_term": lambda value, facets: value.lower() in facets["text"],
}


def _in_order(call: Call, carts: list[Entity]) -> list[Entity]:
    """Oldest first unless `filter_order_by` and `filter_sort_by` say otherwise."""
    field, descending = call.query.get("filter_order_by"), call.query.get("filter_sort_by", "asc").lower() == "desc"
    if field in ("cart_total", "products_count"):
        return sorted(carts, key=lambda entity: entity.facets[field], reverse=descending)
    return sorted(carts, key=lambda entity: entity.updated if field == "updated_at" else entity.created,
                  reverse=descending)  # fmt: skip
