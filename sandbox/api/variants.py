"""Variants of a product: added one by one, or all combinations at once by the legacy way."""

from __future__ import annotations

from itertools import product as combinations
from typing import Any

from sandbox.api.answers import Answer, BadRequestError
from sandbox.api.editing import open_whole
from sandbox.api.fields import Fields
from sandbox.api.gateway import Call
from sandbox.api.product_changes import first_rows
from sandbox.api.products import shown
from sandbox.api.variant_changes import attribute_named, become_parent, change_variants
from sandbox.generation.products import bare_variant, chosen_value, stock
from sandbox.world.records import Json


def create_variants(call: Call) -> Answer:
    """`{"variants": […]}`: with id and is_deleted as the update does; answers the whole product."""
    editing, fields = open_whole(call), Fields(call.document)
    fields.require("variants")
    variants = fields.objects("variants")
    fields.check()
    change_variants(call, editing.product, variants)
    return Answer(201, shown(call, editing.save()))


def create_options(call: Call) -> Answer:
    """Attributes times choices. The body is not published: it takes `options` as products show them."""
    editing, fields = open_whole(call), Fields(call.document)
    fields.require("options")
    options = fields.objects("options")
    fields.check()
    choices = [_choices(call, option) for option in options]
    editing.product["variants"] = [_combined(call, editing.product, chosen) for chosen in combinations(*choices)]
    become_parent(editing.product)
    return Answer(201, shown(call, editing.save()))


def _choices(call: Call, option: Json) -> list[tuple[Json, Json]]:
    """Each choice with its attribute; an attribute that exists gives its translations."""
    name, values = option.get("slug") or option.get("name"), option.get("choices")
    attribute = attribute_named(call, name)
    if attribute is None or not isinstance(values, list) or not values:
        raise BadRequestError({"options": ["Each option needs the slug of an attribute and a list of choices."]})
    return [(attribute, _translations(attribute, value)) for value in values]


def _translations(attribute: Json, value: Any) -> Json:
    known = (preset["value"] for preset in attribute["presets"])
    text = str(value)
    return next((words for words in known if text in words.values()), {"ar": text, "en": text})


def _combined(call: Call, product: Json, chosen: tuple[tuple[Json, Json], ...]) -> Json:
    world, store = call.sandbox.world, call.store
    variant = bare_variant(world, store, product, world.now())
    variant["attributes"] = [chosen_value(world, variant, attribute, value) for attribute, value in chosen]
    for language, text in product["name"].items():
        variant["name"][language] = " - ".join([text, *(value.get(language) or "" for _, value in chosen)])
    return stock(variant, first_rows(world, store))
