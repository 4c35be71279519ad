"""Rows that were in the mirror before its lists could be filtered are found by them afterwards."""

import json
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

import migrations
from adapters.postgres import migrator
from adapters.postgres.connection import open_pool
from adapters.postgres.mirrored import PostgresCustomers, PostgresOrders, PostgresProducts
from core.domain.mirror_queries import CustomerFilter, OrderFilter, ProductFilter
from core.ids import StoreId
from tests.contract.goods import ids
from tests.servers import Database, Postgres

STORE = StoreId(1)
SHIPPED = Path(str(migrations.__file__)).parent
WHOLE = {
    "id": "whole",
    "sale_price": "79.50000000000000",
    "created_at": "2026-03-01T12:00:00.5Z",
    "categories": [{"id": 12}, {"name": "no id"}, {"id": "15"}],
}


@pytest.fixture
def older(postgres_server: Postgres, tmp_path: Path) -> Iterator[Database]:
    """A database of the release before."""
    for file in sorted(SHIPPED.glob("000[1-4]_*.sql")):
        shutil.copy(file, tmp_path)
    name = f"wasl_older_{os.getpid()}"
    postgres_server.execute("CREATE DATABASE {} OWNER {}", name, postgres_server.owner)
    database = postgres_server.database(name)
    migrator.apply(database.owner_dsn, folder=tmp_path)
    yield database
    postgres_server.execute("DROP DATABASE {} WITH (FORCE)", name)


def stored(owner: psycopg.Connection[tuple[object, ...]], id_: str, body: bytes) -> None:
    owner.execute(
        "INSERT INTO mirror_products (store_id, entity_id, body, name_ar, price) VALUES (1, %s, %s, 'قَمِيص', 100)",
        [id_, body],
    )


async def test_rows_of_before_are_found(older: Database) -> None:
    with psycopg.connect(older.owner_dsn, autocommit=True) as owner:
        stored(owner, "whole", json.dumps(WHOLE).encode())
        stored(owner, "wrapped", json.dumps({"data": {**WHOLE, "sale_price": None}}).encode())
        stored(owner, "short", b'{"id": "short"}')
        stored(owner, "odd", b'{"id": "odd", "name": "\\u0000", "created_at": "yesterday"}')
        stored(owner, "broken", b"\xff{")
        owner.execute(
            "INSERT INTO mirror_orders (store_id, entity_id, status, code) VALUES (1, '1', 'cancelled', 'A-1')"
        )
        owner.execute("INSERT INTO mirror_customers (store_id, entity_id, name, city) VALUES (1, '1', 'أحمد', 'أبها')")
    migrator.apply(older.owner_dsn)
    async with await open_pool(older.dsn, max_size=1) as pool:
        products = PostgresProducts(pool)
        assert ids(await products.page(STORE, ProductFilter(category_id="15"))) == ["whole", "wrapped"]
        assert ids(await products.page(STORE, ProductFilter(price_to=Decimal(80)))) == ["whole"]
        everything = await products.page(STORE, ProductFilter(text="قميص"))
        assert set(ids(everything)) == {"whole", "wrapped", "short", "odd", "broken"}
        [whole] = [seen for seen in everything.items if seen.entity.id == "whole"]
        assert whole.columns["created_at"] == datetime(2026, 3, 1, 12, 0, 0, 500_000, tzinfo=UTC)
        assert whole.columns["category_ids"] == "12,15"
        assert ids(await PostgresOrders(pool).page(STORE, OrderFilter(text="a 1"))) == ["1"]
        assert ids(await PostgresCustomers(pool).page(STORE, CustomerFilter(text="احمد", city="ابها"))) == ["1"]
