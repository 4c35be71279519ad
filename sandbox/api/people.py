"""GET of customers: by page, by cursor, the light list, and one with its orders."""

from __future__ import annotations

from sandbox.api.answers import Answer, InvalidError, managers_answer
from sandbox.api.gateway import Call
from sandbox.api.localization import localize_city
from sandbox.api.orders import simple_orders_of
from sandbox.api.paging import page_of, whole
from sandbox.api.reading import document_of, found, seen
from sandbox.world.records import Entity, Json

# The list's rows lack these, and count points as a number.
DETAIL_ONLY = ("total_payments", "orders_cost_average", "orders")
# The light list lacks these too.
_NOT_PRIMARY = ("nickname", "pivotEmail", "pivotMobile", "tags")


def list_customers(call: Call) -> Answer:
    """By page and per_page, or by cursor with `after` (0 to start)."""
    query = call.query
    everyone = seen(call, "customers")
    size = whole(query, "per_page", 10, most=100)
    if "after" in query:
        rows = _after(call, everyone, size)
    else:
        rows = list(page_of(everyone, whole(query, "page", 1), size, call.sandbox.knobs))
    active = sum(bool(entity.facets["is_active"]) for entity in everyone)
    totals: Json = {"grand_total": len(everyone), "total_customers_count": len(everyone)}
    totals.update(active_customers_count=active, inactive_customers_count=len(everyone) - active)
    if call.sandbox.knobs.text("customers.cursor") == "sent":
        totals["next_cursor"] = int(rows[-1].id) if rows and rows[-1] is not everyone[-1] else None
    return managers_answer(customers=[_row(call, entity) for entity in rows], **totals)


def list_primary_data(call: Call) -> Answer:
    """The light list: `status` and `customers`, no totals."""
    page, size = whole(call.query, "page", 1), whole(call.query, "per_page", 10, most=100)
    rows = page_of(seen(call, "customers"), page, size, call.sandbox.knobs)
    light = [{key: value for key, value in _row(call, row).items() if key not in _NOT_PRIMARY} for row in rows]
    return Answer(document={"status": "object", "customers": light})


def view_customer(call: Call) -> Answer:
    """One customer with the last orders."""
    customer = found(call, "customers", call.incoming.params["id"])
    if customer["city"] is not None:
        customer["city"] = localize_city(customer["city"], call.incoming.language)
    customer["orders"] = simple_orders_of(call, customer["id"])
    return managers_answer(customer=customer)


def _after(call: Call, everyone: list[Entity], size: int) -> list[Entity]:
    clash = [name for name in ("page", "order_by", "sort_by") if name in call.query]
    if clash:
        raise InvalidError({name: [f"The {name} cannot be used together with after."] for name in clash})
    start = whole(call.query, "after", 0, least=0)
    return [entity for entity in everyone if int(entity.id) > start][:size]


def _row(call: Call, entity: Entity) -> Json:
    customer = document_of(call, entity)
    row = {key: value for key, value in customer.items() if key not in DETAIL_ONLY}
    row["points"] = customer["points"]["points"]
    if customer["city"] is not None:
        row["city"] = localize_city(customer["city"], call.incoming.language)
    return row
