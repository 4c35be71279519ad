"""Voucher codes of a product, as merchants keep them and as orders get them."""

from __future__ import annotations

import csv
import io

import orjson

from sandbox.api.answers import Answer, BadRequestError, NotFoundError
from sandbox.api.changing import add, change, remove
from sandbox.api.editing import open_product
from sandbox.api.fields import Fields
from sandbox.api.gateway import Call
from sandbox.api.pages import listed
from sandbox.api.products import product_seen
from sandbox.api.reading import documents, present
from sandbox.generation.formats import iso_micros
from sandbox.world.records import Entity, Json

STATUSES = ("AVAILABLE", "SOLD", "RESERVED", "RETURNED")
_NEEDED_COLUMNS = {"key", "pin_code", "status"}
_ENDINGS = ("csv", "xls", "xlsx")


def list_vouchers(call: Call) -> Answer:
    product_id = product_seen(call)["id"]
    return Answer(
        document=listed(call, [row for row in documents(call, "vouchers") if row["product_id"] == product_id])
    )


def list_order_vouchers(call: Call) -> Answer:
    """Which codes an order got; empty for an order without any."""
    order_id = call.incoming.params["id"]
    return Answer(document=listed(call, [row for row in documents(call, "vouchers") if str(row["order"]) == order_id]))


def create_voucher(call: Call) -> Answer:
    editing, fields = open_product(call), Fields(call.document)
    fields.require("key", "status")
    voucher = _new_voucher(call, editing.part["id"]) | _read(fields)
    fields.check()
    add(call, "vouchers", voucher)
    return Answer(201, voucher)


def update_voucher(call: Call) -> Answer:
    entity = _voucher_meant(call)
    fields = Fields(call.document)
    voucher = orjson.loads(entity.body) | _read(fields)
    fields.check()
    change(call, entity, voucher)
    return Answer(document=orjson.loads(entity.body))


def delete_voucher(call: Call) -> Answer:
    remove(call, _voucher_meant(call))
    return Answer(204)


def import_vouchers(call: Call) -> Answer:
    """A CSV file with key, pin_code and status, maybe expires_at and serial_number; all rows or none.

    Spreadsheets are taken and not read: only their names are checked.
    """
    editing, upload = open_product(call), call.incoming.body.uploads.get("file")
    ending = "" if upload is None else upload.filename.rpartition(".")[2].lower()
    if upload is None or ending not in _ENDINGS:
        raise BadRequestError({"file": [f"A file with the extension {', '.join(_ENDINGS)} is required."]})
    if ending == "csv":
        _import(call, editing.part["id"], upload.content)
    return Answer(201, {})


def export_vouchers(call: Call) -> Answer:
    """The result comes by e-mail, which nobody here sends."""
    open_product(call)
    return Answer(200, {})


def _import(call: Call, product_id: str, content: bytes) -> None:
    try:
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    except (UnicodeDecodeError, csv.Error):
        raise BadRequestError({"file": ["This is not a CSV file in UTF-8."]}) from None
    if not rows or _NEEDED_COLUMNS - rows[0].keys():
        raise BadRequestError({"file": [f"Columns {', '.join(sorted(_NEEDED_COLUMNS))} are required."]})
    vouchers = []
    for number, row in enumerate(rows):
        fields = Fields({name: value for name, value in row.items() if value}, prefix=f"{number}.")
        vouchers.append(_new_voucher(call, product_id) | _read(fields))
        fields.check()
    for voucher in vouchers:
        add(call, "vouchers", voucher)


def _new_voucher(call: Call, product_id: str) -> Json:
    at = iso_micros(call.sandbox.world.now())
    voucher: Json = {
        "id": call.sandbox.world.new_uuid(),
        "product_id": product_id,
        "status": "AVAILABLE",
        "order": None,
    }
    voucher.update(serial_number=None, key=None, pin_code=None, expires_at=None, updated_at=at, created_at=at)
    return voucher | {"expires_at_formatted": None}


def _read(fields: Fields) -> Json:
    """What was sent and makes sense; the rest stays as it was."""
    sent = {name: fields.text(name) for name in ("key", "serial_number", "pin_code", "expires_at")}
    read = sent | {"status": fields.choice("status", STATUSES), "order": fields.whole("order")}
    return {name: value for name, value in read.items() if value is not None}


def _voucher_meant(call: Call) -> Entity:
    entity = present(call, "vouchers", call.incoming.params["voucher"])
    if entity.facets["product_id"] != call.incoming.params["id"]:
        raise NotFoundError
    return entity
