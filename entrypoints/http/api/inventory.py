"""`/v1/stores/{store_id}/inventory`: what is in stock, and every movement that was seen."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from aiohttp import web

from core.domain.keyset import Page
from core.domain.stock import Movement
from entrypoints.http.api.shapes import AskedPage, Moment, Told, Word, json, utc
from entrypoints.http.api.sources import known_store_id, position_of
from entrypoints.http.problems import bad_request
from entrypoints.http.reading import read_query
from entrypoints.http.routing import Access, Route
from entrypoints.http.services import SERVICES


class MovementsQuery(AskedPage, frozen=True):
    """Of the store, of one product with its variants, or of one variant of a product."""

    product_id: Word | None = None
    variant_id: Word | None = None


class MovementView(Told, frozen=True):
    """One change of a quantity. Numbers are null where the quantity was unknown or infinite."""

    id: int
    event_id: UUID
    product_id: str
    variant_id: str | None
    at: Moment
    before: int | None
    after: int | None
    delta: int | None
    infinite: bool


class MovementsPage(Told, frozen=True):
    items: Sequence[MovementView]
    next_cursor: str | None


async def index(request: web.Request) -> web.Response:
    query = read_query(request, MovementsQuery)
    if query.variant_id and not query.product_id:
        raise bad_request("variant_id", "name the product_id it belongs to as well")
    page = await request.app[SERVICES].mirror.stock.page(
        await known_store_id(request),
        product_id=query.product_id,
        variant_id=query.variant_id,
        after=position_of(query.cursor),
        limit=query.limit,
    )
    return json(_page(page))


def _page(page: Page[Movement]) -> MovementsPage:
    return MovementsPage([_view(movement) for movement in page.items], page.next.to_cursor() if page.next else None)


def _view(movement: Movement) -> MovementView:
    at = utc(movement.at)
    assert at is not None
    return MovementView(
        movement.movement_id,
        movement.event_id,
        movement.product_id,
        movement.variant_id,
        at,
        movement.before,
        movement.after,
        movement.delta,
        movement.infinite,
    )


ROUTES = (
    Route(
        "GET",
        "/v1/stores/{store_id}/inventory",
        index,
        "Movements of stock, newest first",
        Access.API_KEY,
        query=MovementsQuery,
        answer=MovementsPage,
    ),
)
