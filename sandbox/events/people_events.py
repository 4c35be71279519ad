"""What happens to customers and carts."""

from __future__ import annotations

import orjson

from sandbox.events.changes import create, merge, update
from sandbox.events.trigger import chosen, pick_document
from sandbox.generation.carts import new_cart
from sandbox.generation.customers import new_customer
from sandbox.generation.vocabulary import FIRST_NAMES, LAST_NAMES
from sandbox.sandbox import Sandbox
from sandbox.world.records import Entity, Json, Store

_ANONYMOUS: Json = {"id": "", "name": "", "email": "", "mobile": ""}


def customer_created(sandbox: Sandbox, store: Store, data: Json) -> tuple[Entity, Json | None]:
    customer = new_customer(sandbox.world, store, sandbox.world.now())
    return create(sandbox, store, "customers", merge(customer, data)), None


def customer_changed(sandbox: Sandbox, store: Store, data: Json) -> tuple[Entity, Json | None]:
    """`data` over a customer; without data, a new name."""
    entity = chosen(sandbox, store, "customers", data)
    changes = {key: value for key, value in data.items() if key != "id"}
    customer = merge(orjson.loads(entity.body), changes or _renamed(sandbox))
    return update(sandbox, entity, customer), None


def customer_logged_in(sandbox: Sandbox, store: Store, data: Json) -> tuple[Entity, Json | None]:
    """Nothing changes: the event tells of the customer as he is."""
    return chosen(sandbox, store, "customers", data), None


def cart_abandoned(sandbox: Sandbox, store: Store, data: Json) -> tuple[Entity, Json | None]:
    cart = make_cart(sandbox, store, sandbox.world.now())
    return create(sandbox, store, "carts", merge(cart, data)), None


def make_cart(sandbox: Sandbox, store: Store, at: float) -> Json:
    """A cart of the store's customer and product."""
    world = sandbox.world
    customer = world.shelves.pick(store.id, "customers", world.rng, lambda _: True)
    who = orjson.loads(customer.body) if customer else _ANONYMOUS
    return new_cart(world, store, at, who, pick_document(sandbox, store, "products"))


def cart_completed(sandbox: Sandbox, store: Store, data: Json) -> tuple[Entity, Json | None]:
    """A cart that was left behind is bought after all."""
    entity = chosen(sandbox, store, "carts", data, lambda cart: cart.facets["phase"] != "completed")
    changes = {key: value for key, value in data.items() if key != "id"}
    cart = merge(orjson.loads(entity.body), {"phase": "completed"} | changes)
    return update(sandbox, entity, cart), None


def _renamed(sandbox: Sandbox) -> Json:
    rng = sandbox.world.rng
    name = f"{rng.choice(FIRST_NAMES)[0]} {rng.choice(LAST_NAMES)[0]}"
    return {"name": name, "nickname": name}
