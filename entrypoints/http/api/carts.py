"""`/v1/stores/{store_id}/abandoned-carts`: carts that were left; they can only be read."""

from __future__ import annotations

from aiohttp import web

from core.domain.operations.carts import GetCart, ListCarts
from core.domain.results.cart import Cart, CartPhase
from entrypoints.http.api.sources import (
    ListAsked,
    OneAsked,
    Source,
    known_store_id,
    mirror_page,
    one,
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


class CartsQuery(ListAsked, frozen=True):
    phase: CartPhase | None = None


async def index(request: web.Request) -> web.Response:
    query = read_query(request, CartsQuery)
    if query.source is Source.ZID:
        size = page_size(ListCarts, query.limit)
        listing = ListCarts(at=place_of(query.cursor), per_page=size, phase=query.phase)
        return await zid_page(request, Cart, listing, raw=query.raw)
    store_id = await known_store_id(request)
    mirror = request.app[SERVICES].mirror.carts
    page = await mirror.page(store_id, phase=query.phase, after=position_of(query.cursor), limit=query.limit)
    return await mirror_page(request, Cart, page, raw=query.raw)


async def show(request: web.Request) -> web.Response:
    return await one(request, Cart, GetCart(path_id(request, "cart_id")), request.app[SERVICES].mirror.carts)


_CARTS = "/v1/stores/{store_id}/abandoned-carts"

ROUTES = (
    Route(
        "GET",
        _CARTS,
        index,
        "Abandoned carts",
        Access.API_KEY,
        query=CartsQuery,
        answer=page_of(Cart),
        zid=True,
        raw=True,
        aged=True,
    ),
    Route(
        "GET",
        f"{_CARTS}/{{cart_id}}",
        show,
        "One abandoned cart with its lines",
        Access.API_KEY,
        query=OneAsked,
        answer=told(Cart),
        zid=True,
        raw=True,
        aged=True,
    ),
)
