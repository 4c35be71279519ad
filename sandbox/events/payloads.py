"""Bodies as they go over the wire: the bare entity, or one of the variants nobody has ruled out."""

from __future__ import annotations

import orjson

from sandbox.generation.vocabulary import STATUSES
from sandbox.knobs import Knobs
from sandbox.world.records import Json, Store

# What may sit beside `abandoned_cart` instead of in it (U25).
_CART_TAIL = (
    "phase",
    "customer_id",
    "customer_name",
    "customer_email",
    "customer_mobile",
    "reminders_count",
    "cart_total",
)


def webhook_body(event: str, store: Store, body: bytes, knobs: Knobs, extra: Json | None = None) -> bytes:
    """The delivery of an entity whose encoded form is `body`; untouched when every knob is at its default."""
    kind = event.partition(".")[0]
    if kind == "abandoned_cart":
        return _in_variant(_cart(orjson.loads(body), knobs.text("webhook.cart_nesting")), knobs)
    key = knobs.text("webhook.store_key") if kind != "order" else "absent"
    variant = knobs.text("webhook.body_variant")
    if variant == "bare" and key == "absent" and not extra:
        return body
    entity: Json = orjson.loads(body) | (extra or {})
    if key != "absent":
        entity["store_id"] = store.id if key == "numeric" else store.uuid
    if variant == "delete_id_only" and event == "product.delete":
        return orjson.dumps({"id": entity["id"]})
    if variant == "order_status_string" and kind == "order":
        entity["order_status"] = STATUSES[entity["order_status"]["code"]][0]
    return _in_variant(entity, knobs)


def _cart(cart: Json, nesting: str) -> Json:
    tail = {name: cart[name] for name in _CART_TAIL}
    inside = cart if nesting != "root" else {name: cart[name] for name in cart if name not in _CART_TAIL}
    wrapped: Json = {"status": "object", "abandoned_cart": inside}
    return wrapped if nesting == "inside" else wrapped | tail


def _in_variant(document: Json, knobs: Knobs) -> bytes:
    return orjson.dumps({"data": document} if knobs.text("webhook.body_variant") == "data" else document)
