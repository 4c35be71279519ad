"""Reverse orders: create, reasons, waybill, received quantities. They have no list and no get of their own."""

from __future__ import annotations

import orjson

from sandbox.api.answers import Answer, InvalidError, managers_answer
from sandbox.api.changing import add, change
from sandbox.api.fields import Fields
from sandbox.api.gateway import Call
from sandbox.api.reading import documents
from sandbox.api.returns import lines_asked, reverses_of
from sandbox.generation.orders import move
from sandbox.generation.reversals import in_order, new_reverse
from sandbox.generation.vocabulary import CITIES
from sandbox.world.records import Entity, Json

_COUNTED = ("received_quantity", "not_received_quantity", "damaged_quantity")


def create_reverse(call: Call) -> Answer:
    """The whole rest of an order, or with `is_partial` the `products` that are named."""
    fields = Fields(call.document, family="managers")
    fields.require("order_id", "consignee_name", "consignee_mobile", "consignee_city_id", "consignee_address_1")
    asked = _read(call, fields)
    order, lines = lines_asked(call, fields)
    fields.check()
    reverse = new_reverse(call.sandbox.world, call.store, order, lines, asked)
    entity = add(call, "reverse_orders", reverse)
    tell_order(call, reverse, "reverse_in_progress")
    return managers_answer(order_reverse=orjson.loads(entity.body))


def list_reasons(call: Call) -> Answer:
    part = call.query.get("name", "").lower()
    rows = [reason for reason in documents(call, "reasons") if part in reason["name"].lower()]
    return managers_answer(order_reverse_reasons=rows)


def add_reason(call: Call) -> Answer:
    fields = Fields(call.document, family="managers")
    fields.require("name")
    name = fields.text("name", 255)
    fields.check()
    reason = {"id": call.sandbox.world.new_uuid(), "name": name}
    add(call, "reasons", reason)
    return managers_answer(order_reverse_reason=reason)


def create_waybill(call: Call) -> Answer:
    """A label for the last reverse order of an order; answers the reverse order itself, at the root."""
    fields = Fields(call.document, family="managers")
    fields.require("order_id")
    number, is_standalone = fields.whole("order_id"), fields.flag("is_standalone_zidship_waybill")
    fields.check()
    reverses = [reverse for reverse in reverses_of(call, number or 0) if not reverse["waybill"]]
    if not reverses:
        raise InvalidError({"order_id": ["The order has no reverse order that waits for a waybill."]})
    reverse = reverses[-1]
    reverse.update(waybill=_waybill(call, bool(is_standalone)), shipment_status="created")
    save_reverse(call, reverse)
    return Answer(document=reverse)


def count_products(call: Call) -> Answer:
    """How much of each product arrived, did not, or is damaged; all products or none."""
    fields = Fields(call.document, family="managers")
    fields.require("order_reverse_id", "products")
    reverse = reverse_named(call, fields)
    rows = {row["id"]: row for row in reverse["products"]}
    for place, sent in enumerate(fields.objects("products")):
        _count(fields, rows.get(str(sent.get("id"))), sent, place)
    fields.check()
    save_reverse(call, reverse)
    return managers_answer(order_reverse=reverse)


def reverse_named(call: Call, fields: Fields) -> Json:
    """The reverse order that `order_reverse_id` names; raises InvalidError."""
    entity = _entity(call, str(fields.document.get("order_reverse_id")))
    if entity is None:
        if fields.has("order_reverse_id"):
            fields.fail("order_reverse_id", "The selected order reverse id is invalid.")
        fields.check()
    reverse: Json = orjson.loads(entity.body) if entity else {}
    return reverse


def save_reverse(call: Call, reverse: Json) -> None:
    """The reverse order and what its order says of it."""
    entity = _entity(call, reverse["id"])
    if entity is not None:
        change(call, entity, reverse)
        tell_order(call, reverse, "")


def tell_order(call: Call, reverse: Json, code: str) -> None:
    """The order names its reverse orders; with a `code` it gets that status, if the knob has it follow."""
    entity = call.sandbox.world.shelves.find(call.store.id, "orders", str(reverse["order_id"]))
    if entity is None:
        return
    order = orjson.loads(entity.body)
    others = [row for row in order["reverse_order_label_requests"] if row["id"] != reverse["id"]]
    order["reverse_order_label_requests"] = [*others, in_order(reverse)]
    order["reverse_order_label_request"] = order["reverse_order_label_requests"][-1]
    is_moved = bool(code) and call.sandbox.knobs.flag("orders.follow_reversals")
    if is_moved:
        move(order, code, call.sandbox.world.now(), call.app.name)
    change(call, entity, order, "order.status.update" if is_moved else "")


def _entity(call: Call, reverse_id: str) -> Entity | None:
    return call.sandbox.world.shelves.find(call.store.id, "reverse_orders", reverse_id)


def _read(call: Call, fields: Fields) -> Json:
    """What was asked for beside the lines."""
    city = fields.whole("consignee_city_id")
    if city is not None and city not in {row[0] for row in CITIES}:
        fields.fail("consignee_city_id", "The selected consignee city id is invalid.")
    asked: Json = {"consignee_city_id": city, "is_partial": bool(fields.flag("is_partial"))}
    names = ("consignee_name", "consignee_mobile", "consignee_address_1", "consignee_address_2", "shipping_method")
    asked |= {name: fields.text(name, 255) for name in names}
    asked["packages_count"] = fields.whole("packages_count", 1)
    location_id = fields.text("inventory_location_id") or None
    asked.update(inventory_location_id=location_id, inventory=_inventory(call, fields, location_id))
    asked["reason"] = _reasons(fields)
    return asked


def _reasons(fields: Fields) -> list[Json]:
    """Objects with id and name; older documentation sent plain words."""
    sent = fields.document.get("reason") or []
    if not isinstance(sent, list):
        fields.fail("reason", "The reason must be an array.")
        return []
    return [row if isinstance(row, dict) else {"id": None, "name": str(row)} for row in sent]


def _inventory(call: Call, fields: Fields, location_id: str | None) -> Json | None:
    if location_id is None:
        return None
    entity = call.sandbox.world.shelves.find(call.store.id, "locations", location_id)
    if entity is None:
        fields.fail("inventory_location_id", "The selected inventory location id is invalid.")
        return None
    location = orjson.loads(entity.body)
    kept: Json = {name: location[name] for name in ("id", "name", "type", "full_address", "short_address", "channels")}
    kept.update(city_id=location["city"]["id"], store_id=call.store.uuid, is_enabled=int(location["is_enabled"]))
    return kept


def _waybill(call: Call, is_standalone: bool) -> Json:
    rng = call.sandbox.world.rng
    number = f"ZR{rng.randrange(10**10):010d}"
    waybill: Json = {"id": call.sandbox.world.new_uuid(), "cost": 0.0 if is_standalone else 20.0}
    waybill.update(label=f"https://media.zidship.example/labels/{number}.pdf", status="created", courier="kwickbox")
    waybill.update(tracking_url=f"https://track.zidship.example/{number}", service_level="reverse")
    return waybill | {"tracking_number": number}


def _count(fields: Fields, row: Json | None, sent: Json, place: int) -> None:
    if row is None:
        fields.fail(f"products.{place}.id", f"The selected products.{place}.id is invalid.")
        return
    counted = Fields(sent, family="managers", prefix=f"products.{place}.")
    counts = {name: counted.whole(name) or 0 for name in _COUNTED}
    total = sum(counts.values())
    if not 0 < total <= row["reversed_quantity"]:
        counted.fail("received_quantity", f"The quantities must add up to 1 to {row['reversed_quantity']}.")
    fields.faults |= counted.faults
    row.update(counts)
