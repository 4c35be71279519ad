"""What apps may do to an order: change its status with the shipping fields, and comment on it."""

from __future__ import annotations

import uuid

import orjson

from sandbox.api.answers import Answer, InvalidError, managers_answer
from sandbox.api.changing import change
from sandbox.api.fields import Fields
from sandbox.api.gateway import Call
from sandbox.api.order_statuses import check_transition, status_asked
from sandbox.api.orders import order_view
from sandbox.api.reading import present
from sandbox.generation.locations import inventory_address
from sandbox.generation.order_parts import history
from sandbox.generation.orders import move
from sandbox.world.records import Json

COMMENT_LENGTH = 100
COMMENTS_PER_ORDER = 20


def change_status(call: Call) -> Answer:
    """A form or JSON: `order_status` (a code or one of the merchant's own) and what the courier said."""
    entity, fields = present(call, "orders", call.incoming.params["id"]), Fields(call.document, family="managers")
    fields.require("order_status")
    shipped = {name: fields.text(name, 500) for name in ("tracking_number", "tracking_url", "waybill_url")}
    fields.check()
    order = orjson.loads(entity.body)
    code, shown = status_asked(call, call.document["order_status"])
    address = _inventory_address(call, fields)
    has_inventory = address is not None or order["inventory_address"] is not None
    check_transition(call, order, code, has_inventory=has_inventory)
    move(order, code, call.sandbox.world.now(), call.app.name)
    order.update(shown)
    if address is not None:
        order["inventory_address"] = address
    _ship(order["shipping"]["method"], shipped)
    change(call, entity, order, "order.status.update")
    return managers_answer(order=order_view(call, order))


def add_comment(call: Call) -> Answer:
    """At most 100 characters, at most 20 by one partner on one order; never changed afterwards."""
    entity, fields = present(call, "orders", call.incoming.params["id"]), Fields(call.document, family="managers")
    fields.require("comment")
    text = fields.text("comment")
    if text is not None and len(text) > COMMENT_LENGTH:
        fields.fail("comment", f"The comment may not be greater than {COMMENT_LENGTH} characters.")
    fields.check()
    order = orjson.loads(entity.body)
    if sum(_is_comment_of(row, call.app.name) for row in order["histories"]) >= COMMENTS_PER_ORDER:
        raise InvalidError({"comment": [f"At most {COMMENTS_PER_ORDER} comments may be added to an order."]})
    row = history(order["order_status"]["code"], call.sandbox.world.now(), "Comment has been added.", call.app.name)
    row.update(changed_by_type="Partner", comment=text)
    row["changed_by_details"]["comment"] = text
    order["histories"] = [row, *order["histories"]]
    change(call, entity, order)
    return managers_answer(order=order_view(call, order))


def _is_comment_of(row: Json, by: str) -> bool:
    return bool(row["changed_by_type"] == "Partner" and row["changed_by_details"]["by"] == by)


def _inventory_address(call: Call, fields: Fields) -> Json | None:
    """The location that was named, with or without dashes; raises InvalidError when there is none."""
    if not fields.has("inventory_address_id"):
        return None
    try:
        number = str(uuid.UUID(str(fields.document["inventory_address_id"])))
    except ValueError:
        number = ""
    location = call.sandbox.world.shelves.find(call.store.id, "locations", number)
    if location is None:
        raise InvalidError({"inventory_address_id": ["The selected inventory address id is invalid."]})
    return inventory_address(orjson.loads(location.body))


def _ship(method: Json, shipped: Json) -> None:
    """Tracking and waybill of an order are fields of its shipping method; empty ones change nothing."""
    number, url, waybill = shipped["tracking_number"], shipped["tracking_url"], shipped["waybill_url"]
    if number:
        method["tracking"]["number"] = method["waybill_tracking_id"] = number
    if url:
        method["tracking"]["url"] = url
    if waybill:
        tracking = method["tracking"]
        method["waybill"] = {
            "label_url": waybill,
            "tracking_number": tracking["number"],
            "tracking_url": tracking["url"],
        }
        method["has_waybill_and_packing_list"] = True
