"""Which categories a product is in. Category ids are numbers to send and strings to read here."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from sandbox.api.answers import Answer, BadRequestError, NotFoundError
from sandbox.api.editing import Editing, open_whole
from sandbox.api.gateway import Call
from sandbox.generation.categories import in_product
from sandbox.world.records import Json


def assign_category(call: Call) -> Answer:
    """`{"id": int}`; a second time changes nothing."""
    editing = open_whole(call)
    category = _category(call, call.document.get("id"))
    _put_into(editing, [category])
    return Answer(201, category)


def assign_categories(call: Call) -> Answer:
    """`{"ids": […]}`: all or none; answers nothing."""
    editing, ids = open_whole(call), call.document.get("ids")
    if not isinstance(ids, list) or not ids:
        raise BadRequestError({"ids": ["This field is required."]})
    _put_into(editing, [_category(call, number) for number in ids])
    return Answer(200)


def remove_category(call: Call) -> Answer:
    editing, wanted = open_whole(call), call.incoming.params["category"]
    kept = [category for category in editing.product["categories"] if category["id"] != wanted]
    if len(kept) == len(editing.product["categories"]):
        raise NotFoundError
    editing.product["categories"] = kept
    editing.save()
    return Answer(204)


def _put_into(editing: Editing, categories: Sequence[Json]) -> None:
    present = {category["id"] for category in editing.product["categories"]}
    editing.product["categories"] += [category for category in categories if category["id"] not in present]
    editing.save()


def _category(call: Call, number: object) -> Json:
    entity = call.sandbox.world.shelves.find(call.store.id, "categories", str(number))
    if entity is None:
        raise BadRequestError({"id": [f'Invalid pk "{number}" - object does not exist.']})
    return in_product(orjson.loads(entity.body))
