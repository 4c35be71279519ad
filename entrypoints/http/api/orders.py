"""`/v1/stores/{store_id}/orders`: reading them, from the mirror or from Zid."""

from __future__ import annotations

from aiohttp import web

from core.domain.mirror_queries import OrderFilter
from core.domain.operations.orders import GetOrder, ListOrders, OrderDate, PaymentStatus
from core.domain.results.order import Order
from entrypoints.http.api.shapes import Moment, Word
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
from entrypoints.http.problems import bad_request
from entrypoints.http.reading import read_query
from entrypoints.http.routing import Access, Route
from entrypoints.http.services import SERVICES


class OrdersQuery(ListAsked, frozen=True):
    """`text` finds orders by id or code; at Zid also by phone, e-mail and name."""

    status: Word | None = None
    payment_status: PaymentStatus | None = None
    customer_id: Word | None = None
    created_from: Moment | None = None
    created_before: Moment | None = None
    updated_since: Moment | None = None
    text: Word | None = None


async def index(request: web.Request) -> web.Response:
    """Newest first from the mirror; oldest first from Zid, where new orders must not shift the pages to come."""
    query = read_query(request, OrdersQuery)
    if query.source is Source.ZID:
        return await zid_page(request, Order, _listing(query), raw=query.raw)
    store_id = await known_store_id(request)
    wanted = OrderFilter(
        query.status,
        query.payment_status,
        query.customer_id,
        query.created_from,
        query.created_before,
        query.updated_since,
        query.text,
    )
    mirror = request.app[SERVICES].mirror.orders
    page = await mirror.page(store_id, wanted, after=position_of(query.cursor), limit=query.limit)
    return await mirror_page(request, Order, page, raw=query.raw)


def _listing(query: OrdersQuery) -> ListOrders:
    """Zid bounds one of its two times at once."""
    created = query.created_from or query.created_before
    if created and query.updated_since:
        raise bad_request("updated_since", "Zid bounds either this or the time of creation; use `source=mirror`")
    return ListOrders(
        at=place_of(query.cursor),
        per_page=page_size(ListOrders, query.limit),
        order_status=query.status,
        payment_status=query.payment_status,
        customer_id=query.customer_id,
        date_from=query.updated_since or query.created_from,
        date_to=query.created_before,
        date_attribute=OrderDate.UPDATED if query.updated_since else OrderDate.CREATED if created else None,
        search_term=query.text,
    )


async def show(request: web.Request) -> web.Response:
    order_id = path_id(request, "order_id")
    return await one(request, Order, GetOrder(order_id), request.app[SERVICES].mirror.orders)


_ORDERS = "/v1/stores/{store_id}/orders"

ROUTES = (
    Route(
        "GET",
        _ORDERS,
        index,
        "Orders: newest first from the mirror, oldest first from Zid",
        Access.API_KEY,
        query=OrdersQuery,
        answer=page_of(Order),
        zid=True,
        raw=True,
        aged=True,
    ),
    Route(
        "GET",
        f"{_ORDERS}/{{order_id}}",
        show,
        "One order",
        Access.API_KEY,
        query=OneAsked,
        answer=told(Order),
        zid=True,
        raw=True,
        aged=True,
    ),
)
