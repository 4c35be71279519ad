"""`/v1/stores/{store_id}/categories`: a store's categories."""

from __future__ import annotations

from aiohttp import web

from core.domain.operations.categories import GetCategory, ListCategories
from core.domain.results.category import Category
from entrypoints.http.api.sources import (
    ListAsked,
    OneAsked,
    Source,
    known_store_id,
    mirror_page,
    one,
    position_of,
    zid_page,
)
from entrypoints.http.api.views import page_of, told
from entrypoints.http.path_ids import path_id
from entrypoints.http.reading import read_query
from entrypoints.http.routing import Access, Route
from entrypoints.http.services import SERVICES


class CategoriesQuery(ListAsked, frozen=True):
    """From Zid all of them come at once."""


async def index(request: web.Request) -> web.Response:
    """Flat and by id from the mirror; from Zid those below others inside them."""
    query = read_query(request, CategoriesQuery)
    if query.source is Source.ZID:
        return await zid_page(request, Category, ListCategories(), raw=query.raw)
    store_id = await known_store_id(request)
    mirror = request.app[SERVICES].mirror.categories
    page = await mirror.page(store_id, after=position_of(query.cursor), limit=query.limit)
    return await mirror_page(request, Category, page, raw=query.raw)


async def show(request: web.Request) -> web.Response:
    category_id = path_id(request, "category_id")
    return await one(request, Category, GetCategory(category_id), request.app[SERVICES].mirror.categories)


_CATEGORIES = "/v1/stores/{store_id}/categories"

ROUTES = (
    Route(
        "GET",
        _CATEGORIES,
        index,
        "Categories",
        Access.API_KEY,
        query=CategoriesQuery,
        answer=page_of(Category),
        zid=True,
        raw=True,
        aged=True,
    ),
    Route(
        "GET",
        f"{_CATEGORIES}/{{category_id}}",
        show,
        "One category",
        Access.API_KEY,
        query=OneAsked,
        answer=told(Category),
        zid=True,
        raw=True,
        aged=True,
    ),
)
