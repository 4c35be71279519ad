"""Every list finds its rows by an index: what the planner chooses on twenty thousand rows of each kind."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import asyncpg
import psycopg
import pytest

from adapters.postgres.connection import SESSION, Pool
from adapters.postgres.mirrored import (
    PostgresCarts,
    PostgresCategories,
    PostgresCustomers,
    PostgresOrders,
    PostgresProducts,
)
from adapters.postgres.stock_ledger import PostgresStockLedger
from core.domain.keyset import Position
from core.domain.mirror_queries import CustomerFilter, OrderFilter, ProductFilter
from core.ids import StoreId
from tests.integration.catalogue.crowd import BUSY, FIRST_TIME, crowd
from tests.servers import Database

LATER = Position(FIRST_TIME.isoformat(), "9")


class Explaining(asyncpg.Connection):
    """Plans every query once more before it is run."""

    plans: list[Any] = []  # noqa: RUF012 - the driver makes the connections

    async def fetch(self, query: str, *args: object, **more: Any) -> list[asyncpg.Record]:
        plan = await super().fetchval(f"EXPLAIN (FORMAT JSON) {query}", *args)
        self.plans.append(json.loads(plan)[0]["Plan"])
        return await super().fetch(query, *args, **more)


@dataclass
class Lists:
    orders: PostgresOrders
    products: PostgresProducts
    customers: PostgresCustomers
    categories: PostgresCategories
    carts: PostgresCarts
    stock: PostgresStockLedger


@pytest.fixture
async def lists(database: Database) -> AsyncIterator[Lists]:
    with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
        crowd(owner)
    settings = {**SESSION, "statement_timeout": "60000"}
    pool: Pool
    async with await asyncpg.create_pool(
        database.dsn, min_size=1, max_size=1, connection_class=Explaining, server_settings=settings
    ) as pool:
        yield Lists(
            PostgresOrders(pool),
            PostgresProducts(pool),
            PostgresCustomers(pool),
            PostgresCategories(pool),
            PostgresCarts(pool),
            PostgresStockLedger(pool),
        )


ASKED: dict[str, tuple[str, Callable[[Lists], Awaitable[object]]]] = {
    "orders": ("mirror_orders_by_time", lambda to: to.orders.page(BUSY, OrderFilter())),
    "a later page of orders": (
        "mirror_orders_by_time",
        lambda to: to.orders.page(BUSY, OrderFilter(), after=LATER),
    ),
    "orders of a small store": ("mirror_orders_by_time", lambda to: to.orders.page(StoreId(5), OrderFilter())),
    "orders by status": (
        "mirror_orders_by_status",
        lambda to: to.orders.page(BUSY, OrderFilter(status="ready"), after=LATER),
    ),
    "orders by payment": (
        "mirror_orders_by_time",
        lambda to: to.orders.page(BUSY, OrderFilter(payment_status="paid")),
    ),
    "orders of a customer": (
        "mirror_orders_by_customer",
        lambda to: to.orders.page(BUSY, OrderFilter(customer_id="12")),
    ),
    "orders in a range": (
        "mirror_orders_by_time",
        lambda to: to.orders.page(BUSY, OrderFilter(created_from=FIRST_TIME, created_before=FIRST_TIME.replace(day=2))),
    ),
    "orders updated since": (
        "mirror_orders_by_version",
        lambda to: to.orders.page(BUSY, OrderFilter(updated_since=FIRST_TIME + timedelta(minutes=19_950))),
    ),
    "orders by code": ("mirror_orders_by_code", lambda to: to.orders.page(BUSY, OrderFilter(text="zid-1234"))),
    "orders by id": ("mirror_orders_pkey", lambda to: to.orders.page(BUSY, OrderFilter(text="12344"))),
    "an order": ("mirror_orders_pkey", lambda to: to.orders.get(BUSY, "12")),
    "a customer's spending": ("mirror_orders_by_customer", lambda to: to.orders.spending(BUSY, "12")),
    "products": ("mirror_products_by_id", lambda to: to.products.page(BUSY, ProductFilter())),
    "a later page of products": (
        "mirror_products_by_id",
        lambda to: to.products.page(BUSY, ProductFilter(), after=Position("", "5")),
    ),
    "products by name": (
        "mirror_products_by_text",
        lambda to: to.products.page(BUSY, ProductFilter(text="c4ca42")),
    ),
    "products by two words": (
        "mirror_products_by_text",
        lambda to: to.products.page(BUSY, ProductFilter(text="sku 1234")),
    ),
    "products by price": (
        "mirror_products_by_price",
        lambda to: to.products.page(BUSY, ProductFilter(price_from=Decimal(100), price_to=Decimal(120))),
    ),
    "products of a category": (
        "mirror_products_by_category",
        lambda to: to.products.page(BUSY, ProductFilter(category_id="12")),
    ),
    "products in stock": (
        "mirror_products_by_id",
        lambda to: to.products.page(BUSY, ProductFilter(in_stock=True, published=True)),
    ),
    "customers": ("mirror_customers_by_time", lambda to: to.customers.page(BUSY, CustomerFilter(), after=LATER)),
    "customers by number": (
        "mirror_customers_by_text",
        lambda to: to.customers.page(BUSY, CustomerFilter(text="0550001234")),
    ),
    "customers by city": (
        "mirror_customers_by_city",
        lambda to: to.customers.page(BUSY, CustomerFilter(city="الرياض"), after=LATER),
    ),
    "categories": ("mirror_categories_by_id", lambda to: to.categories.page(BUSY, after=Position("", "5"))),
    "carts": ("mirror_carts_by_time", lambda to: to.carts.page(BUSY, after=LATER)),
    "carts by phase": ("mirror_carts_by_phase", lambda to: to.carts.page(BUSY, phase="login")),
    "movements": ("stock_movements", lambda to: to.stock.page(BUSY, after=Position("", "9000"))),
    "movements of a product": ("stock_movements_by_product", lambda to: to.stock.page(BUSY, product_id="12")),
}


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


async def test_every_list_uses_its_index(lists: Lists) -> None:
    """One test over all lists: filling the tables takes longer than asking."""
    without = {}
    for name, (index, ask) in ASKED.items():
        Explaining.plans.clear()
        await ask(lists)
        [plan] = Explaining.plans
        found = list(nodes(plan))
        used = [node["Index Name"] for node in found if "Index Name" in node]
        if any(node["Node Type"] == "Seq Scan" for node in found) or not any(one.startswith(index) for one in used):
            without[name] = used
    assert without == {}
