"""What happens to orders."""

from __future__ import annotations

import orjson

from sandbox.events.changes import create, merge, update
from sandbox.events.trigger import TriggerError, chosen, pick_document, read_only, wanted
from sandbox.generation.orders import move, new_order, status
from sandbox.generation.vocabulary import NEXT_STATUS, STATUS_SPELLINGS, STATUSES
from sandbox.sandbox import Sandbox
from sandbox.world.records import Entity, Json, Store

PAYMENT_STATUSES = ("pending", "paid", "refunded", "voided")


def order_created(sandbox: Sandbox, store: Store, data: Json) -> tuple[Entity, Json | None]:
    """A new order of the store's products by one of its customers; `data` is merged into it."""
    order = make_order(sandbox, store, sandbox.world.now())
    code, payment = _status_in(data), _payment_status_in(data)
    if code is not None:
        order.update(status(code))
    if payment is not None:
        order["payment_status"] = payment
    return create(sandbox, store, "orders", merge(order, _rest(data))), None


def make_order(sandbox: Sandbox, store: Store, at: float) -> Json:
    """An order document; raises TriggerError when the store has nothing to sell."""
    rng, shelves = sandbox.world.rng, sandbox.world.shelves
    count = 1 if rng.random() < 0.8 else 2
    products = [pick_document(sandbox, store, "products") for _ in range(count)]
    customer = shelves.pick(store.id, "customers", rng, lambda _: True)
    return new_order(sandbox.world, store, at, read_only(customer.body) if customer else None, products)


def order_moved(sandbox: Sandbox, store: Store, data: Json) -> tuple[Entity, Json | None]:
    """An order gets `data.status`, or the next one on the way from new to delivered."""
    asked = _status_in(data)
    entity = chosen(sandbox, store, "orders", data, lambda other: asked is not None or _can_move(other))
    order = orjson.loads(entity.body)
    code = asked or NEXT_STATUS.get(order["order_status"]["code"])
    if code is None:
        raise TriggerError("data.status", f"order {entity.id} is at its end; name the status it should get")
    move(order, code, sandbox.world.now(), store.title)
    merge(order, _rest(data))
    update(sandbox, entity, order)
    return entity, None


def payment_moved(sandbox: Sandbox, store: Store, data: Json) -> tuple[Entity, Json | None]:
    """An order gets `data.payment_status`, or becomes paid, or refunded when it was."""
    asked = _payment_status_in(data)
    entity = chosen(sandbox, store, "orders", data, lambda other: asked is not None or _is_unpaid(other))
    order = orjson.loads(entity.body)
    old = order["payment_status"]
    new = asked or ("refunded" if old == "paid" else "paid")
    order["payment_status"] = new
    merge(order, _rest(data))
    update(sandbox, entity, order)
    is_told = sandbox.knobs.flag("webhook.payment_status_change")
    return entity, {"payment_status_change": {"old": old, "new": new}} if is_told else None


def _can_move(entity: Entity) -> bool:
    return entity.facets["status"] in NEXT_STATUS


def _is_unpaid(entity: Entity) -> bool:
    return bool(entity.facets["payment_status"] == "pending")


def _status_in(data: Json) -> str | None:
    code = wanted(data, "status", str)
    if code is None:
        return None
    code = STATUS_SPELLINGS.get(code, code)
    if code not in STATUSES:
        raise TriggerError("data.status", f"status must be one of {', '.join(STATUSES)}, not {code!r}")
    return str(code)


def _payment_status_in(data: Json) -> str | None:
    name = wanted(data, "payment_status", str)
    if name is not None and name not in PAYMENT_STATUSES:
        raise TriggerError("data.payment_status", f"one of {', '.join(PAYMENT_STATUSES)}, not {name!r}")
    return name


def _rest(data: Json) -> Json:
    return {key: value for key, value in data.items() if key not in ("id", "status", "payment_status")}
