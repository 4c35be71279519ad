"""GET of customers and abandoned carts."""

from __future__ import annotations

from collections.abc import Callable

import orjson

from sandbox.api.answers import Answer, InvalidError, NotFoundError, managers_answer
from sandbox.api.gateway import Call
from sandbox.api.localization import localize_city
from sandbox.api.orders import simple_orders_of
from sandbox.api.paging import moment, page_of, visible, whole
from sandbox.world.records import Entity, Json

# The list's rows lack these, and count points as a number.
_CUSTOMER_DETAIL_ONLY = ("total_payments", "orders_cost_average", "orders")
_CART_DETAIL_ONLY = ("products", "city", "history", "store_name", "store_logo", "store_url")


def list_customers(call: Call) -> Answer:
    """By page and per_page, or by cursor with `after` (0 to start)."""
    query = call.query
    seen = _seen(call, "customers")
    size = whole(query, "per_page", 10, most=100)
    if "after" in query:
        rows = _after(call, seen, size)
    else:
        rows = list(page_of(seen, whole(query, "page", 1), size, call.sandbox.knobs))
    active = sum(bool(entity.facets["is_active"]) for entity in seen)
    totals: Json = {"grand_total": len(seen), "total_customers_count": len(seen)}
    totals.update(active_customers_count=active, inactive_customers_count=len(seen) - active)
    if call.sandbox.knobs.text("customers.cursor") == "sent":
        totals["next_cursor"] = int(rows[-1].id) if rows and rows[-1] is not seen[-1] else None
    return managers_answer(customers=[_customer_row(call, entity) for entity in rows], **totals)


def view_customer(call: Call) -> Answer:
    """One customer with the last orders."""
    customer = _one(call, "customers")
    customer["city"] = localize_city(customer["city"], call.incoming.language)
    customer["orders"] = simple_orders_of(call, customer["id"])
    return managers_answer(customer=customer)


def list_carts(call: Call) -> Answer:
    """`page` and `page_size` are required; the key of the list has a hyphen."""
    query = call.query
    missing = [name for name in ("page", "page_size") if name not in query]
    if missing:
        raise InvalidError({name: [f"The {name} field is required."] for name in missing})
    page, size = whole(query, "page", 1), whole(query, "page_size", 10, most=100)
    fits = _cart_filter(call)
    carts = [entity for entity in _seen(call, "carts") if fits(entity)]
    rows = [_cart_row(call, entity) for entity in page_of(carts, page, size, call.sandbox.knobs)]
    totals: Json = {"grand_total": len(carts)}
    if call.sandbox.knobs.text("carts.paging") == "pagination":
        last = max(1, -(-len(carts) // size))
        following = page + 1 if page < last else None
        totals = {"pagination": {"page": page, "next_page": following, "last_page": last, "count": len(carts)}}
    return managers_answer(**{"abandoned-carts": rows}, **totals)


def view_cart(call: Call) -> Answer:
    """One abandoned cart."""
    return managers_answer(abandoned_cart=_one(call, "carts"))


def _after(call: Call, seen: list[Entity], size: int) -> list[Entity]:
    clash = [name for name in ("page", "order_by", "sort_by") if name in call.query]
    if clash:
        raise InvalidError({name: [f"The {name} cannot be used together with after."] for name in clash})
    start = whole(call.query, "after", 0, least=0)
    return [entity for entity in seen if int(entity.id) > start][:size]


def _seen(call: Call, kind: str) -> list[Entity]:
    shelf = call.sandbox.world.shelves.shelf(call.store.id, kind)
    return [entity for entity in shelf.values() if _body(call, entity) is not None]


def _body(call: Call, entity: Entity) -> bytes | None:
    return visible(entity, call.sandbox.world.now(), call.sandbox.knobs.number("lag_ms") / 1_000)


def _one(call: Call, kind: str) -> Json:
    entity = call.sandbox.world.shelves.shelf(call.store.id, kind).get(call.incoming.params["id"])
    body = None if entity is None else _body(call, entity)
    if body is None:
        raise NotFoundError
    document: Json = orjson.loads(body)
    return document


def _customer_row(call: Call, entity: Entity) -> Json:
    customer = orjson.loads(_body(call, entity) or entity.body)
    row = {key: value for key, value in customer.items() if key not in _CUSTOMER_DETAIL_ONLY}
    row["points"] = customer["points"]["points"]
    row["city"] = localize_city(customer["city"], call.incoming.language)
    return row


def _cart_row(call: Call, entity: Entity) -> Json:
    cart = orjson.loads(_body(call, entity) or entity.body)
    row = {key: value for key, value in cart.items() if key not in _CART_DETAIL_ONLY}
    return row | {"city_id": cart["city"]["id"], "currency_code": "SAR"}


def _cart_filter(call: Call) -> Callable[[Entity], bool]:
    """phase, customer_id, and whole days from date_from to date_to."""
    query = call.query
    wanted = {name: query[name] for name in ("phase", "customer_id") if name in query}
    start, end = moment(query, "date_from", 0.0), moment(query, "date_to", 0.0)

    def fits(entity: Entity) -> bool:
        if any(entity.facets[name] != value for name, value in wanted.items()):
            return False
        return (start is None or entity.created >= start) and (end is None or entity.created < end + 86_400)

    return fits
