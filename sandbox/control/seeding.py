"""Fills a new store with a past: categories, products, customers, orders, carts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import orjson

from sandbox.events.catalogue_events import make_product
from sandbox.events.changes import create
from sandbox.events.order_events import make_order
from sandbox.events.people_events import make_cart
from sandbox.generation.categories import new_category
from sandbox.generation.customers import new_customer
from sandbox.generation.formats import iso_seconds, naive_utc
from sandbox.generation.orders import give_past
from sandbox.sandbox import Sandbox
from sandbox.world.records import Json, Store

Maker = Callable[[Sandbox, Store, float, float], tuple[Json, float]]

PAST_SECONDS = 90 * 86_400
_BATCH = 100


async def fill(sandbox: Sandbox, store: Store, counts: dict[str, int]) -> dict[str, list[str]]:
    """Creates what `counts` asks for, oldest first, without any webhook; returns the ids by kind.

    Gives way to other requests between batches.
    """
    ids = {}
    for kind, make in MAKERS.items():
        ids[kind] = await _make(sandbox, store, kind, make, counts.get(kind, 0))
    _count_orders(sandbox, store)
    return ids


async def _make(sandbox: Sandbox, store: Store, kind: str, make: Maker, count: int) -> list[str]:
    now, ids = sandbox.world.now(), []
    for number in range(count):
        at = now - PAST_SECONDS * (count - number) / count
        document, updated = make(sandbox, store, at, now)
        ids.append(create(sandbox, store, kind, document, at=at, updated=updated).id)
        if number % _BATCH == _BATCH - 1:
            await asyncio.sleep(0)
    return ids


def _old_category(sandbox: Sandbox, store: Store, at: float, _: float) -> tuple[Json, float]:
    return new_category(sandbox.world, store), at


def _old_product(sandbox: Sandbox, store: Store, at: float, _: float) -> tuple[Json, float]:
    return make_product(sandbox, store, at), at


def _old_customer(sandbox: Sandbox, store: Store, at: float, _: float) -> tuple[Json, float]:
    return new_customer(sandbox.world, store, at), at


def _old_order(sandbox: Sandbox, store: Store, at: float, now: float) -> tuple[Json, float]:
    order = make_order(sandbox, store, at)
    return order, give_past(sandbox.world, store, order, at, now)


def _old_cart(sandbox: Sandbox, store: Store, at: float, _: float) -> tuple[Json, float]:
    return make_cart(sandbox, store, at), at


# What is made first is what the others name. Each gives a document and when it last changed.
MAKERS: dict[str, Maker] = {
    "categories": _old_category,
    "products": _old_product,
    "customers": _old_customer,
    "orders": _old_order,
    "carts": _old_cart,
}


def _count_orders(sandbox: Sandbox, store: Store) -> None:
    """Customers who ordered in the past know how often and how much; orders from now on leave them alone."""
    shelves = sandbox.world.shelves
    totals: dict[str, list[float]] = {}
    latest: dict[str, float] = {}
    for order in shelves.alive(store.id, "orders"):
        customer_id = str(order.facets["customer_id"])
        totals.setdefault(customer_id, []).append(float(orjson.loads(order.body)["order_total"]))
        latest[customer_id] = order.created
    for customer_id, amounts in totals.items():
        entity = shelves.find(store.id, "customers", customer_id)
        if entity is None:
            continue
        customer = orjson.loads(entity.body)
        spent = sum(amounts)
        customer.update(order_counts=len(amounts), order_total_payments=f"{spent:.2f}", total_payments=spent)
        customer.update(orders_cost_average=spent / len(amounts), last_order_date=naive_utc(latest[customer_id]))
        customer["updated_at"] = iso_seconds(max(latest[customer_id], entity.updated))
        entity.updated = max(latest[customer_id], entity.updated)
        entity.body = orjson.dumps(customer)
        shelves.touch(entity)
