"""Adding, changing and removing the variants of a product, which thereby becomes a parent."""

from __future__ import annotations

import orjson

from sandbox.api.answers import BadRequestError
from sandbox.api.fields import Fields
from sandbox.api.gateway import Call
from sandbox.api.product_changes import apply_changes, first_rows, read_changes
from sandbox.generation.locations import stock_row
from sandbox.generation.products import bare_variant, chosen_value, stock
from sandbox.world.records import Json


def change_variants(call: Call, product: Json, variants: list[Json]) -> None:
    """All of `variants` or none; raises BadRequestError with a row per variant."""
    if _has_vouchers(call, product):
        raise BadRequestError(detail="Products with vouchers cannot have variants.")
    rows: list[dict[str, list[str]]] = []
    for sent in variants:
        fields = Fields(sent)
        _change_one(call, product, fields)
        rows.append(fields.faults)
    if any(rows):
        raise BadRequestError(rows=rows)
    become_parent(product)


def become_parent(product: Json) -> None:
    """The variants carry the stock from now on; the options say which choices there are."""
    product.update(structure="parent", has_options=True, quantity=0, is_infinite=False, stocks=[])
    options: dict[str, Json] = {}
    for variant in product["variants"]:
        for chosen in variant["attributes"]:
            named = {"id": chosen["attribute_id"], "name": chosen["name"], "slug": chosen["slug"], "choices": []}
            choices = options.setdefault(chosen["attribute_id"], named)["choices"]
            value = chosen["value"].get("ar") or chosen["value"].get("en")
            if value not in choices:
                choices.append(value)
    product["options"] = list(options.values())


def attribute_named(call: Call, slug: object) -> Json | None:
    """The attribute with that slug; attributes must exist before variants use them."""
    for entity in call.sandbox.world.shelves.alive(call.store.id, "attributes"):
        if entity.facets["slug"] == slug:
            attribute: Json = orjson.loads(entity.body)
            return attribute
    return None


def preset_value(attribute: Json, value: object) -> Json | None:
    """The preset that `value` (text, or one with ar or en) names."""
    words = list(value.values()) if isinstance(value, dict) else [value]
    for preset in attribute["presets"]:
        if any(text and text in words for text in preset["value"].values()):
            known: Json = preset["value"]
            return known
    return None


def _change_one(call: Call, product: Json, fields: Fields) -> None:
    variant = _variant_meant(call, product, fields)
    if variant is None:
        return
    if fields.flag("is_deleted"):
        product["variants"].remove(variant)
        return
    changes = read_changes(fields)
    _choose(call, variant, fields)
    rows = _stock_rows(call, fields)
    if fields.faults:
        return
    world, store = call.sandbox.world, call.store
    apply_changes(world, store, variant, changes, echo="sent")
    if rows:
        stock(variant, rows)


def _variant_meant(call: Call, product: Json, fields: Fields) -> Json | None:
    """The variant with the id that was sent, or a new one at the end of the list."""
    if fields.has("id"):
        for variant in product["variants"]:
            if variant["id"] == fields.document["id"]:
                known: Json = variant
                return known
        fields.fail("id", "Object does not exist.")
        return None
    if not fields.has("attributes"):
        fields.fail("attributes", "This field is required.")
        return None
    world, store = call.sandbox.world, call.store
    variant = stock(bare_variant(world, store, product, world.now()), first_rows(world, store))
    product["variants"].append(variant)
    return variant


def _choose(call: Call, variant: Json, fields: Fields) -> None:
    chosen = []
    for row in fields.objects("attributes"):
        attribute = attribute_named(call, row.get("slug"))
        value = None if attribute is None else preset_value(attribute, row.get("value"))
        if attribute is None or value is None:
            fields.fail("attributes", f"{row.get('slug')}: the attribute and its preset must exist first.")
            return
        chosen.append(chosen_value(call.sandbox.world, variant, attribute, value))
    if chosen:
        variant["attributes"] = chosen
        variant["name"] = _variant_name(variant["name"], chosen)


def _variant_name(name: Json, chosen: list[Json]) -> Json:
    """`قهوة - أسود`: the parent's name and what was chosen."""
    named = {}
    for language, text in name.items():
        choices = [row["value"].get(language) or "" for row in chosen]
        named[language] = " - ".join([text.split(" - ")[0], *choices])
    return named


def _stock_rows(call: Call, fields: Fields) -> list[Json]:
    rows = []
    for sent in fields.objects("stocks"):
        row = Fields(sent)
        location = call.sandbox.world.shelves.find(call.store.id, "locations", str(sent.get("location")))
        quantity, is_infinite = row.whole("available_quantity"), bool(row.flag("is_infinite"))
        if location is None or row.faults:
            fields.fail("stocks", f"{sent.get('location')}: no such location, or no whole quantity.")
            return []
        document = orjson.loads(location.body)
        rows.append(stock_row(call.sandbox.world, document, quantity, is_infinite=is_infinite))
    return rows


def _has_vouchers(call: Call, product: Json) -> bool:
    vouchers = call.sandbox.world.shelves.alive(call.store.id, "vouchers")
    return any(voucher.facets["product_id"] == product["id"] for voucher in vouchers)
