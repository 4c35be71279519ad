"""GET of store categories: the managers dialect, a tree, no pages."""

from __future__ import annotations

from collections import Counter

import orjson

from sandbox.api.answers import Answer, NotFoundError, managers_answer
from sandbox.api.gateway import Call
from sandbox.api.reading import document_of, seen
from sandbox.world.records import Entity, Json

# Keys of the view that the list's rows do not have.
_VIEW_ONLY = (
    "i18n_SEO_category_title",
    "i18n_SEO_category_description",
    "i18n_img_alt_text",
    "cover_image",
    "image_full",
)


def list_categories(call: Call) -> Answer:
    """The whole tree, and it again with little more than names."""
    rows = _rows(call)
    products = sum(1 for _ in call.sandbox.world.shelves.alive(call.store.id, "products"))
    tree = [_list_row(row, rows) for row in rows if row["parent_id"] is None]
    return managers_answer(categories=tree, minimal_categories=[_minimal(row) for row in tree], products_count=products)


def view_category(call: Call) -> Answer:
    """One category, under the key `categories`."""
    wanted = call.incoming.params["id"]
    rows = _rows(call)
    for row in rows:
        if str(row["id"]) == wanted:
            return managers_answer(categories=row | {"sub_categories": _children(row, rows)})
    raise NotFoundError


def category_view(call: Call, entity: Entity) -> Json:
    """A category that was just written, as the view shows it."""
    row = _localized(call, orjson.loads(entity.body), _sizes(call))
    return row | {"sub_categories": _children(row, _rows(call))}


def _rows(call: Call) -> list[Json]:
    sizes = _sizes(call)
    return [_localized(call, document_of(call, entity), sizes) for entity in seen(call, "categories")]


def _sizes(call: Call) -> Counter[str]:
    """How many products each category has; keys are strings, as in product payloads."""
    products = call.sandbox.world.shelves.alive(call.store.id, "products")
    return Counter(category for entity in products for category in entity.facets["categories"])


def _localized(call: Call, row: Json, sizes: Counter[str]) -> Json:
    """One language: `name` follows Accept-Language, `names` has both."""
    row["name"] = row["names"].get("ar" if call.incoming.language == "ar" else "en") or row["name"]
    return row | {"products_count": sizes[str(row["id"])]}


def _list_row(row: Json, rows: list[Json]) -> Json:
    kept = {key: value for key, value in row.items() if key not in _VIEW_ONLY}
    return kept | {"sub_categories": _children(row, rows)}


def _children(row: Json, rows: list[Json]) -> list[Json]:
    return [_list_row(child, rows) for child in rows if child["parent_id"] == row["id"]]


def _minimal(row: Json) -> Json:
    kept: Json = {key: row[key] for key in ("id", "uuid", "name", "is_published")}
    if row["sub_categories"]:
        kept["children"] = [_minimal(child) for child in row["sub_categories"]]
    return kept
