"""GET of orders: list by payload type, window and filter, and the view of one."""

from __future__ import annotations

from collections import Counter
from urllib.parse import urlencode

from sandbox.api.answers import Answer, InvalidError, managers_answer
from sandbox.api.gateway import Call
from sandbox.api.localization import hide_made_up_ids, localize_order
from sandbox.api.order_filters import asked_for, in_order
from sandbox.api.order_payloads import PAYLOADS, list_settings
from sandbox.api.paging import page_of, whole
from sandbox.api.reading import body_of, document_of, found, seen
from sandbox.generation.vocabulary import STATUSES
from sandbox.world.records import Entity, Json


def list_orders(call: Call) -> Answer:
    """One page, newest first; totals, but no key for a next page."""
    query = call.query
    payload = PAYLOADS.get(query.get("payload_type", "simple"))
    if payload is None:
        raise InvalidError({"payload_type": [f"One of {', '.join(PAYLOADS)}."]})
    page, size = whole(query, "page", 1), whole(query, "per_page", 10, most=100)
    everything, fits = seen(call, "orders"), asked_for(call)
    entities = _snapshot(call, in_order(call, [entity for entity in everything if fits(entity)]), page)
    rows = page_of(entities, page, size, call.sandbox.knobs)
    counts = Counter(entity.facets["status"] for entity in everything)
    return managers_answer(
        orders=[payload(order_shown(call, document_of(call, entity))) for entity in rows],
        grand_total=len(entities),
        total_order_count=len(entities),
        total_order_count_per_status={code: counts[code] for code in STATUSES} | {"initial": 0},
        **list_settings(),
    )


def view_order(call: Call) -> Answer:
    """One order with its neighbours by number."""
    return managers_answer(order=order_view(call, found(call, "orders", call.incoming.params["id"])))


def order_view(call: Call, order: Json) -> Json:
    """An order as the view shows it, with the order before and after it (of the same `source` if asked)."""
    source = call.query.get("source")
    ids = [int(other.id) for other in seen(call, "orders") if source in (None, "", str(other.facets["source"]))]
    shown = order_shown(call, order)
    shown["previous_order"] = max((number for number in ids if number < shown["id"]), default=None)
    shown["next_order"] = min((number for number in ids if number > shown["id"]), default=None)
    return shown


def order_shown(call: Call, order: Json) -> Json:
    """An order in the language that was asked for."""
    if call.sandbox.knobs.text("orders.status_ids") == "absent":
        hide_made_up_ids(order)
    return localize_order(order, call.incoming.language)


def simple_orders_of(call: Call, customer_id: int, limit: int = 20) -> list[Json]:
    """The last orders of a customer, without products, as the customer detail lists them."""
    mine = [entity for entity in seen(call, "orders") if entity.facets["customer_id"] == customer_id]
    mine.sort(key=lambda entity: entity.created, reverse=True)
    return [PAYLOADS["simple"](order_shown(call, document_of(call, entity))) for entity in mine[:limit]]


def _snapshot(call: Call, entities: list[Entity], page: int) -> list[Entity]:
    """Pages over live data, or over what the first page saw (U22)."""
    if call.sandbox.knobs.text("orders.page_shift") == "live":
        return entities
    key = call.store.id, urlencode(sorted((name, value) for name, value in call.query.items() if name != "page"))
    snapshots = call.sandbox.page_snapshots
    if page == 1 or key not in snapshots:
        snapshots[key] = [entity.id for entity in entities]
    shelf = call.sandbox.world.shelves.shelf(call.store.id, "orders")
    return [shelf[number] for number in snapshots[key] if body_of(call, shelf[number]) is not None]
