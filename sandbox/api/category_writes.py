"""Adding, changing, publishing and emptying store categories. There is no delete."""

from __future__ import annotations

import orjson

from sandbox.api.answers import Answer, NotAllowedError, managers_answer
from sandbox.api.categories import category_view
from sandbox.api.changing import add, change
from sandbox.api.fields import Fields
from sandbox.api.gateway import Call
from sandbox.api.reading import present
from sandbox.generation.categories import new_category
from sandbox.world.records import Json


def add_category(call: Call) -> Answer:
    """A form: `name[ar]`, `name[en]`, `description[…]`, `parent_id`."""
    fields = Fields(call.document, family="managers")
    fields.require("name")
    name, description = fields.translated("name"), fields.translated("description")
    parent_id = fields.whole("parent_id", 1)
    if parent_id is not None and call.sandbox.world.shelves.find(call.store.id, "categories", str(parent_id)) is None:
        fields.fail("parent_id", "The selected parent_id is invalid.")
    fields.check()
    category = new_category(call.sandbox.world, call.store, parent_id) | {"is_published": True}
    entity = add(call, "categories", _named(category, name or {}, description), "category.create")
    return managers_answer(category=category_view(call, entity))


def update_category(call: Call) -> Answer:
    """A POST that says `_method=put`, as Laravel's forms do."""
    if str(call.document.get("_method", "")).lower() != "put":
        raise NotAllowedError(detail='Method "POST" not allowed.')
    entity, fields = present(call, "categories", call.incoming.params["id"]), Fields(call.document, family="managers")
    name, description = fields.translated("name"), fields.translated("description")
    fields.check()
    category = orjson.loads(entity.body)
    change(call, entity, _named(category, name or category["names"], description), "category.update")
    return managers_answer(category=category_view(call, entity))


def publish_category(call: Call) -> Answer:
    """`{"is_published": "1" or "0"}`."""
    entity, fields = present(call, "categories", call.incoming.params["id"]), Fields(call.document, family="managers")
    fields.require("is_published")
    is_published = fields.flag("is_published")
    fields.check()
    change(call, entity, orjson.loads(entity.body) | {"is_published": is_published}, "category.update")
    return managers_answer(category=category_view(call, entity))


def detach_products(call: Call) -> Answer:
    """The category stays, empty."""
    entity = present(call, "categories", call.incoming.params["id"])
    for product_entity in list(call.sandbox.world.shelves.alive(call.store.id, "products")):
        if entity.id in product_entity.facets["categories"]:
            product = orjson.loads(product_entity.body)
            product["categories"] = [row for row in product["categories"] if row["id"] != entity.id]
            change(call, product_entity, product, "product.update")
    return managers_answer(category=category_view(call, entity))


def _named(category: Json, name: Json, description: Json | None) -> Json:
    arabic, english = name.get("ar") or name.get("en"), name.get("en") or name.get("ar")
    category.update(name=arabic, flat_name=arabic, SEO_category_title=arabic, names={"ar": arabic, "en": english})
    category["i18n_SEO_category_title"] = category["names"]
    if description is not None:
        category["description"] = description
    return category
