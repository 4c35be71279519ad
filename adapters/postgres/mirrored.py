"""The mirror's lists of orders, products, customers, categories and carts."""

from __future__ import annotations

from typing import Final

from adapters.postgres.connection import Pool, acquire
from adapters.postgres.event_filters import Conditions
from adapters.postgres.mirror_lists import MirrorList
from adapters.postgres.storable_text import storable
from core.domain.arabic import fold, words, words_or_numbers
from core.domain.keyset import Page, Position
from core.domain.mirror_queries import CustomerFilter, OrderFilter, ProductFilter, Seen, Spending
from core.ids import EntityKind, StoreId
from core.ports.mirror_reading import (
    MirroredCarts,
    MirroredCategories,
    MirroredCustomers,
    MirroredOrders,
    MirroredProducts,
)

_ORDER_CONDITIONS: Final = (
    ("status", "m.status = {}"),
    ("payment_status", "m.payment_status = {}"),
    ("customer_id", "m.customer_id = {}"),
    ("created_from", "coalesce(m.created_at, '-infinity') >= {}"),
    ("created_before", "coalesce(m.created_at, '-infinity') < {}"),
    ("updated_since", "m.version >= {}"),
)
_PRODUCT_CONDITIONS: Final = (
    ("price_from", "m.asking_price >= {}"),
    ("price_to", "m.asking_price <= {}"),
    ("category_id", "string_to_array(m.category_ids, ',') @> ARRAY[{}::text]"),
    ("published", "m.is_published = {}"),
    ("in_stock", "coalesce(m.is_infinite OR m.quantity > 0, false) = {}"),
)
_SPENDING: Final = """
    SELECT coalesce(currency, '') AS currency, count(*) AS orders, count(*) FILTER (WHERE counts) AS counted,
           sum(coalesce(total, 0)) FILTER (WHERE counts) AS total, min(created_at) AS first, max(created_at) AS last
    FROM mirror_orders WHERE store_id = $1 AND customer_id = $2 AND NOT deleted GROUP BY 1 ORDER BY 1
"""


class PostgresOrders(MirroredOrders):
    """The table `mirror_orders`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._list = MirrorList(pool, EntityKind.ORDER)

    async def page(
        self, store_id: StoreId, wanted: OrderFilter, *, after: Position | None = None, limit: int = 50
    ) -> Page[Seen]:
        conditions = self._list.of_store(store_id)
        _add_all(conditions, wanted, _ORDER_CONDITIONS)
        if wanted.text is not None:
            _add_name(conditions, wanted.text)
        return await self._list.newest_first(conditions, after, limit)

    async def get(self, store_id: StoreId, order_id: str) -> Seen | None:
        return await self._list.one(store_id, order_id)

    async def spending(self, store_id: StoreId, customer_id: str) -> Spending:
        async with acquire(self._pool) as connection:
            rows = await connection.fetch(_SPENDING, store_id, storable(customer_id))
        return Spending(
            orders=sum(row["orders"] for row in rows),
            counted=sum(row["counted"] for row in rows),
            totals={row["currency"]: row["total"] for row in rows if row["counted"]},
            first_order_at=min((row["first"] for row in rows if row["first"]), default=None),
            last_order_at=max((row["last"] for row in rows if row["last"]), default=None),
        )


class PostgresProducts(MirroredProducts):
    """The table `mirror_products`; words are found by their trigrams."""

    def __init__(self, pool: Pool) -> None:
        self._list = MirrorList(pool, EntityKind.PRODUCT)

    async def page(
        self, store_id: StoreId, wanted: ProductFilter, *, after: Position | None = None, limit: int = 50
    ) -> Page[Seen]:
        conditions = self._list.of_store(store_id)
        _add_all(conditions, wanted, _PRODUCT_CONDITIONS)
        searched = words(wanted.text or "")
        if not searched:
            return await self._list.by_id(conditions, after, limit)
        text = conditions.number(storable(" ".join(searched)))
        every = " AND ".join(f"m.search_text LIKE {conditions.number(_part(word))}" for word in searched)
        conditions.require(f"(({every}) OR m.search_text %> {text})")
        return await self._list.best_first(conditions, f"word_similarity({text}, m.search_text)::float8", after, limit)

    async def get(self, store_id: StoreId, product_id: str) -> Seen | None:
        return await self._list.one(store_id, product_id)


class PostgresCustomers(MirroredCustomers):
    """The table `mirror_customers`."""

    def __init__(self, pool: Pool) -> None:
        self._list = MirrorList(pool, EntityKind.CUSTOMER)

    async def page(
        self, store_id: StoreId, wanted: CustomerFilter, *, after: Position | None = None, limit: int = 50
    ) -> Page[Seen]:
        conditions = self._list.of_store(store_id)
        if wanted.city is not None:
            conditions.add("m.city_folded = {}", storable(fold(wanted.city)))
        for word in words_or_numbers(wanted.text or ""):
            conditions.add("m.search_text LIKE {}", _part(word))
        return await self._list.newest_first(conditions, after, limit)

    async def get(self, store_id: StoreId, customer_id: str) -> Seen | None:
        return await self._list.one(store_id, customer_id)


class PostgresCategories(MirroredCategories):
    """The table `mirror_categories`."""

    def __init__(self, pool: Pool) -> None:
        self._list = MirrorList(pool, EntityKind.CATEGORY)

    async def page(self, store_id: StoreId, *, after: Position | None = None, limit: int = 50) -> Page[Seen]:
        return await self._list.by_id(self._list.of_store(store_id), after, limit)

    async def get(self, store_id: StoreId, category_id: str) -> Seen | None:
        return await self._list.one(store_id, category_id)


class PostgresCarts(MirroredCarts):
    """The table `mirror_carts`."""

    def __init__(self, pool: Pool) -> None:
        self._list = MirrorList(pool, EntityKind.CART)

    async def page(
        self, store_id: StoreId, *, phase: str | None = None, after: Position | None = None, limit: int = 50
    ) -> Page[Seen]:
        conditions = self._list.of_store(store_id)
        if phase is not None:
            conditions.add("m.phase = {}", storable(phase))
        return await self._list.newest_first(conditions, after, limit)

    async def get(self, store_id: StoreId, cart_id: str) -> Seen | None:
        return await self._list.one(store_id, cart_id)


def _add_all(conditions: Conditions, wanted: object, known: tuple[tuple[str, str], ...]) -> None:
    for name, template in known:
        value = getattr(wanted, name)
        if value is not None:
            conditions.add(template, storable(value) if isinstance(value, str) else value)


def _add_name(conditions: Conditions, text: str) -> None:
    """A text of nothing but punctuation is part of no code."""
    is_named = f"m.entity_id = {conditions.number(storable(text.strip()))}"
    if folded := fold(text):
        is_named += f" OR wasl_fold(m.code) LIKE {conditions.number(_part(folded))}"
    conditions.require(f"({is_named})")


def _part(folded: str) -> str:
    """For LIKE. Folded text holds none of its signs: they are punctuation, hence spaces."""
    return f"%{storable(folded)}%"
