"""What each location has of a product. There is no delete and no list across products."""

from __future__ import annotations

import orjson

from sandbox.api.answers import Answer, BadRequestError, ForbiddenError, NotFoundError
from sandbox.api.editing import Editing, open_product, open_together
from sandbox.api.fields import Fields
from sandbox.api.gateway import Call
from sandbox.api.pages import listed
from sandbox.api.products import product_seen, shown
from sandbox.api.reading import present
from sandbox.generation.locations import stock_row
from sandbox.generation.products import stock
from sandbox.world.records import Json


def list_stocks(call: Call) -> Answer:
    """The stock rows of a product or variant, one per location."""
    return Answer(document=listed(call, [shown(call, row) for row in product_seen(call)["stocks"]]))


def view_stock(call: Call) -> Answer:
    """One stock row."""
    return Answer(document=shown(call, _row_named(product_seen(call), call.incoming.params["stock"])))


def create_stock(call: Call) -> Answer:
    """A row for a location that has none yet."""
    editing, fields = _editing(call), Fields(call.document)
    fields.require("location")
    quantity, is_infinite = fields.whole("available_quantity"), bool(fields.flag("is_infinite"))
    fields.check()
    location = _open_location(call, str(call.document["location"]))
    if any(row["location"]["id"] == location["id"] for row in editing.part["stocks"]):
        raise BadRequestError({"location": ["This product has a stock there already."]})
    row = stock_row(call.sandbox.world, location, quantity, is_infinite=is_infinite)
    stock(editing.part, [*editing.part["stocks"], row])
    editing.save(of_stock=True)
    return Answer(201, row)


def change_stock(call: Call) -> Answer:
    """One row; infinite means that nobody counts."""
    editing = _editing(call)
    row = _row_named(editing.part, call.incoming.params["stock"])
    _set(call, row, call.document)
    stock(editing.part, editing.part["stocks"])
    editing.save(of_stock=True)
    return Answer(document=row)


def change_stocks(call: Call) -> Answer:
    """An array of rows, each named by `id` or `location`; all or none."""
    editing, items = _editing(call), _objects(call)
    for item in items:
        _set(call, _row_meant(editing, item), item)
    stock(editing.part, editing.part["stocks"])
    editing.save(of_stock=True)
    return Answer(204)


def change_location_stock(call: Call) -> Answer:
    """`[{product_id, available_quantity, is_infinite}]` for one location, which must be enabled; all or none."""
    _check_gate(call)
    location = _open_location(call, call.incoming.params["id"])
    items = _objects(call)
    shelves = call.sandbox.world.shelves
    known = [shelves.find(call.store.id, "products", str(item.get("product_id"))) for item in items]
    if not all(known):
        raise BadRequestError(rows=[{} if entity else {"product_id": ["Object does not exist."]} for entity in known])
    edits = open_together(call, [str(item["product_id"]) for item in items])
    for editing, item in zip(edits, items, strict=True):
        _set(call, _row_at(call, editing, location), item)
        stock(editing.part, editing.part["stocks"])
    for editing in edits:
        editing.save(of_stock=True)
    return Answer(200)


def _editing(call: Call) -> Editing:
    _check_gate(call)
    editing = open_product(call)
    if editing.part["structure"] == "parent":
        raise BadRequestError(detail="The stock of a product with variants is at its variants.")
    return editing


def _check_gate(call: Call) -> None:
    """Stock per location belongs to the plans with several locations."""
    if not call.store.has_multi_product_inventory:
        raise ForbiddenError(detail="Multi-inventory is not enabled for this store.")


def _open_location(call: Call, location_id: str) -> Json:
    try:
        location: Json = orjson.loads(present(call, "locations", location_id).body)
    except NotFoundError:
        if call.incoming.params["id"] == location_id:
            raise
        raise BadRequestError({"location": ["Object does not exist."]}) from None
    if not location["is_enabled"]:
        raise BadRequestError(detail="This location is disabled.")
    return location


def _objects(call: Call) -> list[Json]:
    items = call.incoming.body.items
    if items is None or not all(isinstance(item, dict) for item in items):
        raise BadRequestError(detail="Expected a list of items.")
    return items


def _row_named(product: Json, stock_id: str) -> Json:
    for row in product["stocks"]:
        if row["id"] == stock_id:
            known: Json = row
            return known
    raise NotFoundError


def _row_meant(editing: Editing, item: Json) -> Json:
    for row in editing.part["stocks"]:
        if item.get("id") == row["id"] or item.get("location") == row["location"]["id"]:
            known: Json = row
            return known
    raise BadRequestError({"id": ["Each item needs the id of a stock of this product, or its location."]})


def _row_at(call: Call, editing: Editing, location: Json) -> Json:
    rows: list[Json] = editing.part["stocks"]
    for row in rows:
        if row["location"]["id"] == location["id"]:
            return row
    rows.append(stock_row(call.sandbox.world, location, 0, is_infinite=False))
    return rows[-1]


def _set(call: Call, row: Json, sent: Json) -> None:
    if not _is_enabled(call, row):
        raise BadRequestError(detail="This location is disabled.")
    fields = Fields(sent)
    quantity, is_infinite = fields.whole("available_quantity"), fields.flag("is_infinite")
    fields.check()
    if is_infinite is not None:
        row["is_infinite"] = is_infinite
    if quantity is not None:
        row["available_quantity"] = quantity
    row["available_quantity"] = None if row["is_infinite"] else row["available_quantity"] or 0


def _is_enabled(call: Call, row: Json) -> bool:
    location = call.sandbox.world.shelves.find(call.store.id, "locations", row["location"]["id"])
    return location is not None and bool(orjson.loads(location.body)["is_enabled"])
