"""Store categories (managers family)."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from adapters.zid.answers import nothing, one, read_json, readable, rows_of
from adapters.zid.encoding import Parts, as_form, as_json, record
from adapters.zid.headers import Family
from adapters.zid.route import Route, Table
from core.domain.exchange import Answer
from core.domain.operations.categories import (
    CreateCategory,
    EmptyCategory,
    GetCategory,
    ListCategories,
    PublishCategory,
    UpdateCategory,
)
from core.domain.paging import Page
from core.domain.results.category import Category

_CATEGORIES: Final = "/v1/managers/store/categories"
_CATEGORY: Final = _CATEGORIES + "/{category_id}"


def _all(answer: Answer, _: object) -> Page[Category]:
    found, problems = readable(Category.read, rows_of(read_json(answer), ("categories",)))
    return Page(found, None, len(found), problems)


def _fields(wanted: CreateCategory | UpdateCategory) -> Parts:
    """`name[ar]`, `name[en]`, `description[…]`, `parent_id`."""
    return record(wanted.fields)


ROWS: Final[Table] = MappingProxyType(
    {
        ListCategories: Route("GET", Family.MANAGERS, _CATEGORIES, _all),
        # Zid's key for the one category is the plural.
        GetCategory: Route("GET", Family.MANAGERS, _CATEGORY + "/view", one(Category.read, "categories", "category")),
        CreateCategory: Route(
            "POST",
            Family.MANAGERS,
            _CATEGORIES + "/add",
            one(Category.read, "category", "categories"),
            payload=as_form(_fields),
        ),
        UpdateCategory: Route(
            "POST",
            Family.MANAGERS,
            _CATEGORY + "/update",
            one(Category.read, "category", "categories"),
            # Laravel's way to send a PUT as a form.
            payload=as_form(lambda wanted: {"_method": "put", **_fields(wanted)}),
        ),
        PublishCategory: Route(
            "PUT",
            Family.MANAGERS,
            _CATEGORY + "/publishing",
            nothing,
            payload=as_json(lambda wanted: {"is_published": "1" if wanted.is_published else "0"}),
        ),
        EmptyCategory: Route(
            "DELETE",
            Family.MANAGERS,
            _CATEGORY + "/products/delete",
            one(Category.read, "category", "categories"),
        ),
    }
)
