"""Store categories (managers family)."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from adapters.zid.answers import one, read_json, readable, rows_of
from adapters.zid.headers import Family
from adapters.zid.route import Route, Table
from core.domain.exchange import Answer
from core.domain.operations.categories import GetCategory, ListCategories
from core.domain.paging import Page
from core.domain.results.category import Category

_CATEGORIES: Final = "/v1/managers/store/categories"
_CATEGORY: Final = _CATEGORIES + "/{category_id}"


def _all(answer: Answer, _: object) -> Page[Category]:
    found, problems = readable(Category.read, rows_of(read_json(answer), ("categories",)))
    return Page(found, None, len(found), problems)


ROWS: Final[Table] = MappingProxyType(
    {
        ListCategories: Route("GET", Family.MANAGERS, _CATEGORIES, _all),
        # Zid's key for the one category is the plural.
        GetCategory: Route("GET", Family.MANAGERS, _CATEGORY + "/view", one(Category.read, "categories", "category")),
    }
)
