"""`/v1/stores/{store_id}/customers`: reading them, from the mirror or from Zid, and their orders."""

from __future__ import annotations

from decimal import Decimal

from aiohttp import web

from core.domain.mirror_queries import CustomerFilter, OrderFilter, Spending
from core.domain.operations.customers import GetCustomer, ListCustomers
from core.domain.operations.orders import ListOrders
from core.domain.results.customer import Customer
from core.domain.results.order import Order
from entrypoints.http.api.shapes import Moment, Told, Word, json, utc
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
from entrypoints.http.reading import no_query, read_query
from entrypoints.http.routing import Access, NoQuery, Route
from entrypoints.http.services import SERVICES


class CustomersQuery(ListAsked, frozen=True):
    """`text` is searched in name, mobile and e-mail; `city` is compared as a whole. Only the mirror has both."""

    text: Word | None = None
    city: Word | None = None


class SpendingView(Told, frozen=True):
    """What a customer's orders come to. `totals` are of the orders that count, by currency."""

    customer_id: str
    orders: int
    counted: int
    totals: dict[str, Decimal]
    first_order_at: Moment | None
    last_order_at: Moment | None


async def index(request: web.Request) -> web.Response:
    query = read_query(request, CustomersQuery)
    if query.source is Source.ZID:
        only_mirrored({"text": query.text, "city": query.city})
        listing = ListCustomers(at=place_of(query.cursor), per_page=page_size(ListCustomers, query.limit))
        return await zid_page(request, Customer, listing, raw=query.raw)
    store_id = await known_store_id(request)
    wanted = CustomerFilter(query.text, query.city)
    mirror = request.app[SERVICES].mirror.customers
    page = await mirror.page(store_id, wanted, after=position_of(query.cursor), limit=query.limit)
    return await mirror_page(request, Customer, page, raw=query.raw)


async def show(request: web.Request) -> web.Response:
    customer_id = path_id(request, "customer_id")
    return await one(request, Customer, GetCustomer(customer_id), request.app[SERVICES].mirror.customers)


async def orders(request: web.Request) -> web.Response:
    query = read_query(request, ListAsked)
    customer_id = path_id(request, "customer_id")
    if query.source is Source.ZID:
        size = page_size(ListOrders, query.limit)
        listing = ListOrders(at=place_of(query.cursor), per_page=size, customer_id=customer_id)
        return await zid_page(request, Order, listing, raw=query.raw)
    store_id = await known_store_id(request)
    mirror = request.app[SERVICES].mirror.orders
    wanted = OrderFilter(customer_id=customer_id)
    page = await mirror.page(store_id, wanted, after=position_of(query.cursor), limit=query.limit)
    return await mirror_page(request, Order, page, raw=query.raw)


async def spending(request: web.Request) -> web.Response:
    no_query(request)
    customer_id = path_id(request, "customer_id")
    found = await request.app[SERVICES].mirror.orders.spending(await known_store_id(request), customer_id)
    return json(_spending(customer_id, found))


def _spending(customer_id: str, found: Spending) -> SpendingView:
    return SpendingView(
        customer_id,
        found.orders,
        found.counted,
        dict(found.totals),
        utc(found.first_order_at),
        utc(found.last_order_at),
    )


CUSTOMERS = "/v1/stores/{store_id}/customers"

ROUTES = (
    Route(
        "GET",
        CUSTOMERS,
        index,
        "Customers, newest first",
        Access.API_KEY,
        query=CustomersQuery,
        answer=page_of(Customer),
        zid=True,
        raw=True,
        aged=True,
    ),
    Route(
        "GET",
        f"{CUSTOMERS}/{{customer_id}}",
        show,
        "One customer",
        Access.API_KEY,
        query=OneAsked,
        answer=told(Customer),
        zid=True,
        raw=True,
        aged=True,
    ),
    Route(
        "GET",
        f"{CUSTOMERS}/{{customer_id}}/orders",
        orders,
        "A customer's orders",
        Access.API_KEY,
        query=ListAsked,
        answer=page_of(Order),
        zid=True,
        raw=True,
        aged=True,
    ),
    Route(
        "GET",
        f"{CUSTOMERS}/{{customer_id}}/spending",
        spending,
        "What a customer's orders come to, by currency",
        Access.API_KEY,
        query=NoQuery,
        answer=SpendingView,
    ),
)
