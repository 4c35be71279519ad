"""Refunds of reverse orders, and the bank's receipt for them."""

from __future__ import annotations

import orjson

from sandbox.api.answers import Answer, InvalidError, managers_answer
from sandbox.api.changing import add, change
from sandbox.api.fields import Fields
from sandbox.api.gateway import Call
from sandbox.api.returns import reverses_of
from sandbox.api.reverse_orders import reverse_named, save_reverse, tell_order
from sandbox.generation.formats import naive_utc
from sandbox.generation.reversals import credit_note, remaining_lines
from sandbox.world.records import Json

RECEIPT_BYTES = 5 * 1024 * 1024
_RECEIPTS = ("image/jpeg", "image/jpg", "image/png", "image/gif", "image/bmp", "image/webp")


def create_refund(call: Call) -> Answer:
    """At most what is left of `refund_total`, by one of the available methods. Writes a credit note."""
    fields = Fields(call.document, family="managers")
    fields.require("order_reverse_id", "amount", "payment_method")
    reverse = reverse_named(call, fields)
    amount = fields.number("amount", 0.01)
    if amount is not None and amount > reverse["refund_total"] + 0.005:
        fields.fail("amount", f"The amount may not be greater than {reverse['refund_total']}.")
    codes = [method["code"] for method in reverse["available_refund_payment_methods"]]
    method = fields.choice("payment_method", codes)
    notes = fields.text("notes")
    fields.check()
    reverse["refund"] = _refund(call, amount or 0.0, str(method), notes)
    reverse["refund_total"] = round(reverse["refund_total"] - (amount or 0.0), 2)
    save_reverse(call, reverse)
    _settle_order(call, reverse, amount or 0.0)
    return managers_answer(order_reverse=reverse)


def upload_receipt(call: Call) -> Answer:
    """Multipart `refund_id` (the last refund of a reverse order) and an image of at most 5 MB."""
    uploads = list(call.incoming.body.uploads.values())
    if not uploads:
        raise InvalidError({"bank_transfer_receipt": ["The bank transfer receipt field is required."]})
    if uploads[0].content_type not in _RECEIPTS:
        raise InvalidError({"bank_transfer_receipt": ["The bank transfer receipt must be an image."]})
    if len(uploads[0].content) > RECEIPT_BYTES:
        raise InvalidError({"bank_transfer_receipt": ["The bank transfer receipt may not be greater than 5 MB."]})
    reverse = _of_refund(call, str(call.document.get("refund_id")))
    ending = uploads[0].content_type.rpartition("/")[2]
    url = f"https://media.zid.example/{call.store.uuid}/receipts/{reverse['refund']['id']}.{ending}"
    reverse["refund"].update(bank_transfer_receipt=url, updated_at=naive_utc(call.sandbox.world.now()))
    save_reverse(call, reverse)
    kept = ("id", "payment_method", "amount", "bank_transfer_receipt")
    refund = {name: reverse["refund"][name] for name in kept} | {"status": "completed"}
    return Answer(document={"data": {"order_reverse": {"id": reverse["id"], "refund": refund}}})


def _refund(call: Call, amount: float, method: str, notes: str | None) -> Json:
    at = naive_utc(call.sandbox.world.now())
    refund: Json = {"id": call.sandbox.world.new_uuid(), "amount": amount, "payment_method": method, "notes": notes}
    return refund | {"bank_transfer_receipt": None, "created_at": at, "updated_at": at}


def _settle_order(call: Call, reverse: Json, amount: float) -> None:
    """A credit note; and when all of a return is refunded, the order's own statuses follow."""
    world = call.sandbox.world
    order_entity = world.shelves.find(call.store.id, "orders", str(reverse["order_id"]))
    if order_entity is None:
        return
    order = orjson.loads(order_entity.body)
    add(call, "credit_notes", credit_note(world, call.store, order, reverse, amount))
    if reverse["refund_total"] > 0:
        return
    is_whole = not remaining_lines(order, reverses_of(call, order["id"]))
    tell_order(call, reverse, "reversed" if is_whole else "partially_reversed")
    order = orjson.loads(order_entity.body)
    if is_whole and order["payment_status"] == "paid" and call.sandbox.knobs.flag("orders.follow_reversals"):
        is_told = call.sandbox.knobs.flag("webhook.payment_status_change")
        extra = {"payment_status_change": {"old": "paid", "new": "refunded"}} if is_told else None
        change(call, order_entity, order | {"payment_status": "refunded"}, "order.payment_status.update", extra)


def _of_refund(call: Call, refund_id: str) -> Json:
    for entity in call.sandbox.world.shelves.alive(call.store.id, "reverse_orders"):
        reverse: Json = orjson.loads(entity.body)
        if reverse["refund"] and reverse["refund"]["id"] == refund_id:
            return reverse
    raise InvalidError({"refund_id": ["The selected refund id is invalid."]})
