"""`/v1/stores/{store_id}/products`: reading them, from the mirror or from Zid."""

from __future__ import annotations

from aiohttp import web

from core.domain.mirror_queries import ProductFilter
from core.domain.operations.products import GetProduct, ListProducts
from core.domain.results.product import Product
from entrypoints.http.api.shapes import Amount, Word, decimal
from entrypoints.http.api.sources import (
    ListAsked,
    OneAsked,
    Source,
    known_store_id,
    mirror_page,
    one,
    only_mirrored,
    page_size,
    place_of,
    position_of,
    zid_page,
)
from entrypoints.http.api.views import page_of, told
from entrypoints.http.path_ids import path_id
from entrypoints.http.reading import read_query
from entrypoints.http.routing import Access, Route
from entrypoints.http.services import SERVICES


class ProductsQuery(ListAsked, frozen=True):
    """`text` is searched in both names and the SKU, whatever the spelling. Zid was seen to ignore searches."""

    text: Word | None = None
    price_from: Amount | None = None
    price_to: Amount | None = None
    in_stock: bool | None = None
    category_id: Word | None = None
    published: bool | None = None


async def index(request: web.Request) -> web.Response:
    """By id, or with a text the best match first; by creation from Zid."""
    query = read_query(request, ProductsQuery)
    if query.source is Source.ZID:
        return await zid_page(request, Product, _listing(query), raw=query.raw)
    store_id = await known_store_id(request)
    wanted = ProductFilter(
        query.text,
        decimal(query.price_from),
        decimal(query.price_to),
        query.in_stock,
        query.category_id,
        query.published,
    )
    mirror = request.app[SERVICES].mirror.products
    page = await mirror.page(store_id, wanted, after=position_of(query.cursor), limit=query.limit)
    return await mirror_page(request, Product, page, raw=query.raw)


def _listing(query: ProductsQuery) -> ListProducts:
    names = ("text", "price_from", "price_to", "category_id")
    only_mirrored({name: getattr(query, name) for name in names})
    return ListProducts(
        at=place_of(query.cursor),
        per_page=page_size(ListProducts, query.limit),
        in_stock=query.in_stock,
        is_published=query.published,
    )


async def show(request: web.Request) -> web.Response:
    product_id = path_id(request, "product_id")
    return await one(request, Product, GetProduct(product_id), request.app[SERVICES].mirror.products)


_PRODUCTS = "/v1/stores/{store_id}/products"

ROUTES = (
    Route(
        "GET",
        _PRODUCTS,
        index,
        "Products; searched in Arabic and English in the mirror",
        Access.API_KEY,
        query=ProductsQuery,
        answer=page_of(Product),
        zid=True,
        raw=True,
        aged=True,
    ),
    Route(
        "GET",
        f"{_PRODUCTS}/{{product_id}}",
        show,
        "One product with its variants",
        Access.API_KEY,
        query=OneAsked,
        answer=told(Product),
        zid=True,
        raw=True,
        aged=True,
    ),
)
