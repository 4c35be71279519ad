"""GET of orders: list by payload type, window and filter, and the view of one."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

import orjson

from sandbox.api.answers import Answer, InvalidError, NotFoundError, managers_answer
from sandbox.api.gateway import Call
from sandbox.api.localization import hide_made_up_ids, localize_order
from sandbox.api.order_payloads import PAYLOADS, list_settings
from sandbox.api.paging import moment, page_of, visible, whole
from sandbox.generation.vocabulary import STATUS_SPELLINGS, STATUSES
from sandbox.world.records import Entity, Json

_DATES: Mapping[str, Callable[[Entity], float]] = {
    "created_at": lambda entity: entity.created,
    "updated_at": lambda entity: entity.updated,
}


def list_orders(call: Call) -> Answer:
    """One page, newest first; totals, but no key for a next page."""
    query = call.query
    payload = PAYLOADS.get(query.get("payload_type", "simple"))
    if payload is None:
        raise InvalidError({"payload_type": [f"One of {', '.join(PAYLOADS)}."]})
    page, size = whole(query, "page", 1), whole(query, "per_page", 10, most=100)
    seen, fits = _seen(call), _filter(call)
    entities = _snapshot(call, _sorted(call, [entity for entity in seen if fits(entity)]), page)
    orders = [payload(_order(call, entity)) for entity in page_of(entities, page, size, call.sandbox.knobs)]
    counts = Counter(entity.facets["status"] for entity in seen)
    per_status = {code: counts[code] for code in STATUSES} | {"initial": 0}
    return managers_answer(
        orders=orders,
        grand_total=len(entities),
        total_order_count=len(entities),
        total_order_count_per_status=per_status,
        **list_settings(),
    )


def view_order(call: Call) -> Answer:
    """One order with its neighbours by number."""
    wanted = call.incoming.params["id"]
    entity = call.sandbox.world.shelves.shelf(call.store.id, "orders").get(wanted)
    if entity is None or _body(call, entity) is None:
        raise NotFoundError
    ids = [int(other.id) for other in _seen(call) if not call.query.get("source") or _same_source(call, other)]
    order = _order(call, entity)
    order["previous_order"] = max((number for number in ids if number < order["id"]), default=None)
    order["next_order"] = min((number for number in ids if number > order["id"]), default=None)
    return managers_answer(order=order)


def simple_orders_of(call: Call, customer_id: int, limit: int = 20) -> list[Json]:
    """The last orders of a customer, without products, as the customer detail lists them."""
    mine = [entity for entity in _seen(call) if entity.facets["customer_id"] == customer_id]
    mine.sort(key=lambda entity: entity.created, reverse=True)
    return [PAYLOADS["simple"](_order(call, entity)) for entity in mine[:limit]]


def _seen(call: Call) -> list[Entity]:
    shelf = call.sandbox.world.shelves.shelf(call.store.id, "orders")
    return [entity for entity in shelf.values() if _body(call, entity) is not None]


def _body(call: Call, entity: Entity) -> bytes | None:
    return visible(entity, call.sandbox.world.now(), call.sandbox.knobs.number("lag_ms") / 1_000)


def _order(call: Call, entity: Entity) -> Json:
    order = orjson.loads(_body(call, entity) or entity.body)
    if call.sandbox.knobs.text("orders.status_ids") == "absent":
        hide_made_up_ids(order)
    return localize_order(order, call.incoming.language)


def _filter(call: Call) -> Callable[[Entity], bool]:
    """Every filter of the query as one question, read once."""
    wanted, window = _wanted(call.query), _window(call)

    def fits(entity: Entity) -> bool:
        facets = entity.facets
        return window(entity) and all(str(facets.get(name, entity.id)) in values for name, values in wanted)

    return fits


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


def _wanted(query: Mapping[str, str]) -> list[tuple[str, set[str]]]:
    """The values that each filtered facet may have; `id` is no facet but the entity's own."""
    status = query.get("order_status", query.get("status", ""))
    asked = {
        "status": {STATUS_SPELLINGS.get(status, status)},
        "payment_status": {query.get("payment_status", "")},
        "payment_method": {query.get("payment_method", "")},
        "customer_id": {query.get("customer_id", "")},
        "id": set(query.get("order_id", "").split(",")),
    }
    return [(name, values - {""}) for name, values in asked.items() if values - {""}]


def _sorted(call: Call, entities: list[Entity]) -> list[Entity]:
    key = _DATES.get(call.query.get("order_by", "created_at"), _DATES["created_at"])
    descending = call.query.get("sort_by", "desc").lower() != "asc"
    return sorted(entities, key=lambda entity: (key(entity), int(entity.id)), reverse=descending)


def _snapshot(call: Call, entities: list[Entity], page: int) -> list[Entity]:
    """Pages over live data, or over what the first page saw (U22)."""
    if call.sandbox.knobs.text("orders.page_shift") == "live":
        return entities
    key = call.store.id, urlencode(sorted((name, value) for name, value in call.query.items() if name != "page"))
    snapshots = call.sandbox.page_snapshots
    if page == 1 or key not in snapshots:
        snapshots[key] = [entity.id for entity in entities]
    shelf = call.sandbox.world.shelves.shelf(call.store.id, "orders")
    return [shelf[number] for number in snapshots[key] if _body(call, shelf[number]) is not None]


def _same_source(call: Call, entity: Entity) -> bool:
    return str(entity.facets["source"]) == call.query["source"]
