"""Makes merchant events happen: changes the world first, then tells the subscriptions, as Zid does."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import orjson

from sandbox.events.catalogue_events import (
    category_changed,
    category_created,
    category_deleted,
    product_changed,
    product_created,
    product_deleted,
    product_published,
)
from sandbox.events.changes import update
from sandbox.events.dispatch import dispatch
from sandbox.events.order_events import order_created, order_moved, payment_moved
from sandbox.events.people_events import (
    cart_abandoned,
    cart_completed,
    customer_changed,
    customer_created,
    customer_logged_in,
)
from sandbox.sandbox import Sandbox
from sandbox.world.records import Entity, Json, Store

Happening = Callable[[Sandbox, Store, Json], tuple[Entity, Json | None]]

HAPPENINGS: Mapping[str, Happening] = {
    "order.create": order_created,
    "order.status.update": order_moved,
    "order.payment_status.update": payment_moved,
    "product.create": product_created,
    "product.update": product_changed,
    "product.publish": product_published,
    "product.delete": product_deleted,
    "abandoned_cart.created": cart_abandoned,
    "abandoned_cart.completed": cart_completed,
    "customer.create": customer_created,
    "customer.update": customer_changed,
    "customer.merchant.update": customer_changed,
    "customer.login": customer_logged_in,
    "category.create": category_created,
    "category.update": category_changed,
    "category.delete": category_deleted,
}


def happen(sandbox: Sandbox, store: Store, event: str, data: Json) -> str:
    """One event: returns the id of what it happened to; raises TriggerError when it cannot."""
    entity, extra = HAPPENINGS[event](sandbox, store, data)
    announce(sandbox, store, event, entity, extra)
    return entity.id


def announce(sandbox: Sandbox, store: Store, event: str, entity: Entity, extra: Json | None = None) -> None:
    """Tells the subscriptions of what has already changed, however it was changed."""
    dispatch(sandbox, store, event, entity, extra)
    if event in ("product.create", "product.update"):
        _repeat_updates(sandbox, store, entity)
    sandbox.stats.add(f"events.{event}", store.id)


def _repeat_updates(sandbox: Sandbox, store: Store, entity: Entity) -> None:
    """An edit in the dashboard fires product.update several times (seen live)."""
    for _ in range(int(sandbox.knobs.number("webhook.extra_product_updates"))):
        update(sandbox, entity, orjson.loads(entity.body))
        dispatch(sandbox, store, "product.update", entity)
