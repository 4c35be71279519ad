"""Customers with the numbers of their orders, chosen by a rule: counted in the database, in one statement."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import asyncpg

from adapters.postgres.connection import Pool, acquire
from adapters.postgres.event_filters import Conditions
from adapters.postgres.segment_sql import condition
from adapters.postgres.storable_text import storable
from core.domain.customer_facts import QUINTILES, CustomerFacts
from core.domain.keyset import Page, Position
from core.domain.segment_rules import Rule
from core.ids import StoreId
from core.ports.segments import Audience

# Where a customer stands: how many have no more than they, of how many. Counting with equals
# (the default frame) lets equals stand equal, which ntile does not.
_QUINTILE: Final = f"""
    (({QUINTILES} * count(*) OVER ({{among}} ORDER BY {{by}}) + count(*) OVER ({{among}}) - 1)
     / count(*) OVER ({{among}}))::int
"""

_KNOWN: Final = f"""
    WITH counted AS (
        SELECT customer_id, entity_id, created_at, coalesce(total, 0) AS total, coalesce(currency, '') AS currency
        FROM mirror_orders WHERE store_id = $1 AND NOT deleted AND counts AND customer_id IS NOT NULL
    ),
    latest AS (
        SELECT DISTINCT ON (customer_id) customer_id, currency FROM counted
        ORDER BY customer_id, coalesce(created_at, '-infinity') DESC, entity_id COLLATE "C" DESC
    ),
    bought AS (
        SELECT c.customer_id, l.currency, count(*) AS orders, min(c.created_at) AS first_order_at,
               max(c.created_at) AS last_order_at, count(*) FILTER (WHERE c.currency = l.currency) AS alike,
               sum(c.total) FILTER (WHERE c.currency = l.currency) AS total_spent
        FROM counted c JOIN latest l USING (customer_id) GROUP BY c.customer_id, l.currency
    ),
    scored AS (
        SELECT bought.*,
            {_QUINTILE.format(among="", by="coalesce(last_order_at, '-infinity')")} AS recency,
            {_QUINTILE.format(among="", by="orders")} AS frequency,
            {_QUINTILE.format(among="PARTITION BY currency", by="total_spent")} AS value
        FROM bought
    ),
    -- Folding costs some 20 µs: once per currency, not once per customer.
    currencies AS MATERIALIZED (
        SELECT currency, wasl_fold(currency) AS folded FROM (SELECT DISTINCT currency FROM latest) AS distinct_ones
    ),
    people AS (
        SELECT entity_id, name, email, mobile, city, city_folded FROM mirror_customers
        WHERE store_id = $1 AND NOT deleted
    ),
    known AS (
        SELECT coalesce(p.entity_id, s.customer_id) AS customer_id, p.name, p.email, p.mobile, p.city, p.city_folded,
               nullif(s.currency, '') AS currency, CASE WHEN s.currency <> '' THEN c.folded END AS currency_folded,
               coalesce(s.orders, 0) AS orders,
               coalesce(s.total_spent, 0) AS total_spent, round(s.total_spent / s.alike, 2) AS average_order,
               s.first_order_at, s.last_order_at, s.recency, s.frequency, s.value,
               coalesce(r.tags, '{{}}') AS tags
        FROM people p FULL JOIN scored s ON s.customer_id = p.entity_id
        LEFT JOIN currencies c ON c.currency = s.currency
        LEFT JOIN customer_records r ON r.store_id = $1 AND r.customer_id = coalesce(p.entity_id, s.customer_id)
    )
"""
_COLUMNS: Final = """
    customer_id, name, email, mobile, city, currency, orders, total_spent, average_order, first_order_at,
    last_order_at, recency, frequency, value, tags
"""
_ID: Final = 'k.customer_id COLLATE "C"'


class PostgresAudience(Audience):
    """Reads `mirror_orders`, `mirror_customers` and `customer_records`; a page costs as much as the whole."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def members(
        self, store_id: StoreId, rule: Rule, *, as_of: datetime, after: Position | None = None, limit: int = 50
    ) -> Page[CustomerFacts]:
        conditions = _belonging(store_id, rule, as_of)
        if after is not None:
            conditions.add(f"{_ID} > {{}}", storable(after.bare_id))
        sql = f"{_KNOWN} SELECT {_COLUMNS} FROM known k WHERE {conditions.sql} ORDER BY {_ID}"
        sql += f" LIMIT {conditions.number(limit + 1)}"
        async with acquire(self._pool) as connection:
            rows = await connection.fetch(sql, *conditions.arguments)
        return Page.cut([_facts(row) for row in rows], limit, lambda facts: Position("", facts.customer_id))

    async def count(self, store_id: StoreId, rule: Rule, *, as_of: datetime) -> int:
        conditions = _belonging(store_id, rule, as_of)
        sql = f"{_KNOWN} SELECT count(*) FROM known k WHERE {conditions.sql}"
        async with acquire(self._pool) as connection:
            return int(await connection.fetchval(sql, *conditions.arguments))

    async def facts(self, store_id: StoreId, customer_id: str) -> CustomerFacts | None:
        sql = f"{_KNOWN} SELECT {_COLUMNS} FROM known WHERE customer_id = $2"
        async with acquire(self._pool) as connection:
            row = await connection.fetchrow(sql, store_id, storable(customer_id))
        return None if row is None else _facts(row)


def _belonging(store_id: StoreId, rule: Rule, as_of: datetime) -> Conditions:
    """The store is $1, which the statement names."""
    conditions = Conditions()
    conditions.number(store_id)
    conditions.require(condition(rule, conditions, as_of))
    return conditions


def _facts(row: asyncpg.Record) -> CustomerFacts:
    return CustomerFacts(**{**dict(row), "tags": tuple(row["tags"])})
