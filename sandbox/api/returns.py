"""What of an order can still go back: the view for return, the totals, the credit notes."""

from __future__ import annotations

from typing import Any

import orjson

from sandbox.api.answers import Answer, managers_answer, payload_answer
from sandbox.api.fields import Fields
from sandbox.api.gateway import Call
from sandbox.api.orders import order_shown
from sandbox.api.reading import documents, found
from sandbox.generation.orders import set_goods
from sandbox.generation.reversals import chosen_lines, remaining_lines, totals_of
from sandbox.world.records import Json


def view_for_return(call: Call) -> Answer:
    """The order with only what can still be returned, its totals counted anew; empty when all went back."""
    order = found(call, "orders", call.incoming.params["id"])
    set_goods(order, remaining_lines(order, reverses_of(call, order["id"])), shipping_fee=_shipping_fee(order))
    return managers_answer(order=order_shown(call, order))


def return_totals(call: Call) -> Answer:
    """What a return would be worth. Nothing is written."""
    fields = Fields(call.document, family="managers")
    fields.require("order_id")
    order, lines = lines_asked(call, fields)
    fields.check()
    return managers_answer(invoice=order_shown(call, order | _invoice_only(lines, order))["payment"]["invoice"])


def list_credit_notes(call: Call) -> Answer:
    order = found(call, "orders", call.incoming.params["id"])
    notes = [note for note in documents(call, "credit_notes") if note["order_id"] == order["id"]]
    returned = [row for reverse in reverses_of(call, order["id"]) for row in reverse["products"]]
    return payload_answer({"credit_notes": notes, "returned_items": returned})


def reverses_of(call: Call, order_id: int) -> list[Json]:
    """The reverse orders of an order, oldest first."""
    shelf = call.sandbox.world.shelves.alive(call.store.id, "reverse_orders")
    return [orjson.loads(entity.body) for entity in shelf if entity.facets["order_id"] == order_id]


def lines_asked(call: Call, fields: Fields) -> tuple[Json, list[Json]]:
    """The order that is named and the lines of it that would go back; faults are left in `fields`."""
    entity = call.sandbox.world.shelves.find(call.store.id, "orders", str(fields.document.get("order_id")))
    if entity is None:
        if fields.has("order_id"):
            fields.fail("order_id", "The selected order id is invalid.")
        fields.check()
    order: Json = orjson.loads(entity.body) if entity else {}
    lines = remaining_lines(order, reverses_of(call, order["id"]))
    if fields.flag("is_partial"):
        lines = chosen_lines(lines, _quantities(fields, lines))
    if not lines:
        fields.fail("products", "There is nothing to return.")
    return order, lines


def _quantities(fields: Fields, lines: list[Json]) -> dict[int, int]:
    most = {line["order_product_id"]: line["quantity"] for line in lines}
    wanted: dict[int, int] = {}
    for place, sent in enumerate(fields.objects("products")):
        row = Fields(sent, family="managers", prefix=f"products.{place}.")
        row.require("order_product_id", "quantity")
        number, quantity = row.whole("order_product_id"), row.whole("quantity", 1)
        if number is not None and quantity is not None and quantity > most.get(number, 0):
            row.fail("quantity", f"At most {most.get(number, 0)} can be returned.")
        fields.faults |= row.faults
        wanted[number or 0] = quantity or 0
    return wanted


def _invoice_only(lines: list[Json], order: Json) -> Json:
    payment: dict[str, Any] = {"method": order["payment"]["method"], "invoice": totals_of(lines)}
    return {"payment": payment}


def _shipping_fee(order: Json) -> float:
    goods = float(sum(line["total"] for line in order["products"]))
    return round(max(0.0, float(order["order_total"]) - goods), 2)
