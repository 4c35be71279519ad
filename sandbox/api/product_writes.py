"""Creating, changing and deleting products, one or many, and their manual order."""

from __future__ import annotations

import orjson

from sandbox.api.answers import Answer, BadRequestError
from sandbox.api.changing import add, change, keep_shop, remove
from sandbox.api.editing import Editing, open_product, open_together
from sandbox.api.fields import Fields
from sandbox.api.gateway import Call
from sandbox.api.product_changes import apply_changes, first_rows, read_changes
from sandbox.api.products import shown
from sandbox.api.variant_changes import change_variants
from sandbox.generation.formats import iso_micros
from sandbox.generation.products import bare_product, stock
from sandbox.world.records import Json


def create_product(call: Call) -> Answer:
    """Needs a name and a price; the sku may be left out, as the documented downloadable product does."""
    fields = Fields(call.document)
    fields.require("name", "price")
    changes = read_changes(fields)
    fields.check()
    product = _new_product(call, changes)
    if call.document.get("variants"):
        change_variants(call, product, fields.objects("variants"))
    entity = add(call, "products", product, "product.create")
    return Answer(201, shown(call, orjson.loads(entity.body)))


def update_product(call: Call) -> Answer:
    """Any field; `variants` with an id are changed, without one added."""
    editing = open_product(call)
    before = editing.part["quantity"]
    _apply(editing, call.document)
    answer = editing.save()
    return Answer(document=shown(call, _echo(call, answer, before)))


def update_products(call: Call) -> Answer:
    """All of an array or none: at most `bulk.max` products, each named by `id` or `sku` (U19)."""
    most, items = int(call.sandbox.knobs.number("bulk.max")), call.incoming.body.items
    if items is None or not all(isinstance(item, dict) for item in items):
        raise BadRequestError(detail="Expected a list of items.")
    if len(items) > most:
        raise BadRequestError(detail=f"At most {most} products may be updated at once.")
    edits = _opened(call, items)
    before = [editing.part["quantity"] for editing in edits]
    _apply_all(edits, items)
    parts = [editing.save() for editing in edits]
    answers = zip(parts, before, strict=True)
    return Answer(document=[shown(call, _echo(call, part, quantity)) for part, quantity in answers])


def delete_product(call: Call) -> Answer:
    """A product goes with its variants; a variant goes alone."""
    editing = open_product(call)
    if editing.part is editing.product:
        remove(call, editing.entity, "product.delete")
        return Answer(204)
    editing.product["variants"].remove(editing.part)
    editing.save()
    return Answer(204)


def set_order(call: Call) -> Answer:
    """`products` come in this order from now on; with `category` only there."""
    products = call.document.get("products")
    if not isinstance(products, list) or not products:
        raise BadRequestError({"products": ["This field is required."]})
    edits = [open_product(call, str(product)) for product in products]
    for place, editing in enumerate(edits):
        editing.product["display_order"] = place + 1
        change(call, editing.entity, editing.product)
    return Answer(document={"products": products, "category": call.document.get("category")})


def reset_order(call: Call) -> Answer:
    for entity in list(call.sandbox.world.shelves.alive(call.store.id, "products")):
        product = orjson.loads(entity.body)
        if product["display_order"] is not None:
            product["display_order"] = None
            change(call, entity, product)
    return Answer(204)


def export_products(_: Call) -> Answer:
    """The result comes by e-mail, which nobody here sends."""
    return Answer(204)


def import_products(call: Call) -> Answer:
    """Takes a file and works on it later. Its columns are not published, so it only counts as received."""
    upload = call.incoming.body.uploads.get("file")
    if upload is None:
        raise BadRequestError({"file": ["No file was submitted."]})
    received = {"filename": upload.filename, "size": len(upload.content), "at": iso_micros(call.sandbox.world.now())}
    received |= {name: call.document.get(name) for name in ("response_type", "delete_old_products")}
    call.store.shop["imports"].append(received)
    keep_shop(call)
    return Answer(202, {})


def _new_product(call: Call, changes: Json) -> Json:
    world, store = call.sandbox.world, call.store
    product = bare_product(world, store, changes["name"], world.now())
    product["is_published"] = not changes.get("is_draft", False)
    stock(product, first_rows(world, store))
    sku = {"sku": changes["sku"]} if changes.get("sku") else {}
    kept = {name: value for name, value in changes.items() if name != "sku"}
    return apply_changes(world, store, product, kept | sku, echo=call.sandbox.knobs.text("products.quantity_echo"))


def _apply(editing: Editing, document: Json) -> None:
    call, fields = editing.call, Fields(document)
    changes = read_changes(fields)
    variants = fields.objects("variants")
    if variants and editing.part is not editing.product:
        fields.fail("variants", "A variant has no variants.")
    fields.check()
    echo = call.sandbox.knobs.text("products.quantity_echo")
    apply_changes(call.sandbox.world, call.store, editing.part, changes, echo=echo)
    if variants:
        change_variants(call, editing.product, variants)


def _opened(call: Call, items: list[Json]) -> list[Editing]:
    """The products that are meant; raises one refusal with a row per item."""
    by_sku = _ids_by_sku(call) if any("id" not in item for item in items) else {}
    ids = [str(item["id"]) if "id" in item else by_sku.get(str(item.get("sku"))) for item in items]
    known = [number and call.sandbox.world.shelves.find(call.store.id, "products", number) for number in ids]
    if not all(known):
        raise BadRequestError(rows=[{} if entity else {"id": ["Object does not exist."]} for entity in known])
    return open_together(call, [str(number) for number in ids])


def _apply_all(edits: list[Editing], items: list[Json]) -> None:
    rows: list[dict[str, list[str]]] = []
    for editing, item in zip(edits, items, strict=True):
        try:
            _apply(editing, {name: value for name, value in item.items() if name != "id"})
            rows.append({})
        except BadRequestError as refusal:
            rows.append(refusal.fields or {"detail": [str(refusal)]})
    if any(rows):
        raise BadRequestError(rows=rows)


def _ids_by_sku(call: Call) -> dict[str, str]:
    shelf = call.sandbox.world.shelves.alive(call.store.id, "products")
    return {sku: product_id for entity in shelf for sku, product_id in entity.facets["skus"].items()}


def _echo(call: Call, part: Json, before: int | None) -> Json:
    """What the answer says of a quantity that was just set is not what was sent (U14)."""
    is_stale = call.sandbox.knobs.text("products.quantity_echo") == "stale"
    return part | {"quantity": before} if is_stale else part
