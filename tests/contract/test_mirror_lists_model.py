"""The memory lists are the model: whatever is in the mirror, every filter gives the same pages from Postgres."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.keyset import Page, Position
from core.domain.mirror_queries import CustomerFilter, OrderFilter, ProductFilter, Seen
from core.ids import EntityKind
from tests.contract.goods import Document, ids, show
from tests.contract.memory_world import memory_world
from tests.contract.postgres_world import postgres_world
from tests.contract.scenes import install
from tests.contract.worlds import STORE, LedgerWorld
from tests.servers import Database

Worlds = tuple[LedgerWorld, LedgerWorld]
Ask = Callable[[LedgerWorld, Position | None, int], Awaitable[Page[Seen]]]

DAY = datetime(2026, 3, 1, tzinfo=UTC)
IDS = st.sampled_from(["1", "2", "10", "11", "a-1", "a1", "B2", "ب"])
TIMES = st.none() | st.integers(0, 3).map(lambda hours: DAY + timedelta(hours=hours))
STATUSES = st.sampled_from(["new", "ready", "cancelled"])
CITIES = st.sampled_from(["الرياض", "الرِياض", "Riyadh", "riyadh "])
NAMES = st.sampled_from(["أحمد", "احمد علي", "Sara", "سارة", "O'Brien_%"])
PRICES = st.sampled_from(["0", "10", "10.5", "99.99", None])
TEXTS = st.none() | st.sampled_from(["احمد", "sara", "a 1", "A-1", "1", "o brien", "%", "551"])
SMALL = settings(max_examples=30)


def written(at: datetime | None) -> str | None:
    return at.strftime("%Y-%m-%d %H:%M:%S") if at else None


ORDERS = st.builds(
    lambda id_, at, updated, status, customer, code: {
        "id": id_,
        "code": code,
        "order_status": status,
        "customer": {"id": customer},
        "created_at": written(at),
        "updated_at": written(updated),
    },
    *(IDS, TIMES, TIMES, STATUSES, st.integers(1, 2), st.sampled_from([None, "A-1", "a-11", "ZID_7"])),
)
ORDER_FILTERS = st.builds(
    OrderFilter,
    status=st.none() | STATUSES,
    customer_id=st.none() | st.sampled_from(["1", "2"]),
    created_from=TIMES,
    created_before=TIMES,
    updated_since=TIMES,
    text=TEXTS,
)
PRODUCTS = st.builds(
    lambda id_, price, sale, quantity, infinite, published, categories: {
        "id": id_,
        "price": price,
        "sale_price": sale,
        "quantity": quantity,
        "is_infinite": infinite,
        "is_published": published,
        "categories": [{"id": number} for number in categories],
    },
    *(IDS, PRICES, PRICES, st.none() | st.integers(-1, 2), st.booleans(), st.booleans()),
    st.lists(st.sampled_from([1, 12, 2]), max_size=3),
)
AMOUNTS = st.none() | st.sampled_from([Decimal(0), Decimal("10.5"), Decimal(100)])
PRODUCT_FILTERS = st.builds(
    ProductFilter,
    price_from=AMOUNTS,
    price_to=AMOUNTS,
    in_stock=st.none() | st.booleans(),
    category_id=st.none() | st.sampled_from(["1", "12", "", "2,1"]),
    published=st.none() | st.booleans(),
)
CUSTOMERS = st.builds(
    lambda id_, name, mobile, city, at: {
        "id": id_,
        "name": name,
        "mobile": mobile,
        "city": {"name": city} if city else None,
        "created_at": written(at),
    },
    *(IDS, NAMES, st.sampled_from([None, "966551234567"]), st.none() | CITIES, TIMES),
)
CUSTOMER_FILTERS = st.builds(CustomerFilter, text=TEXTS, city=st.none() | CITIES)


@pytest.fixture
async def both(database: Database) -> AsyncIterator[Worlds]:
    async with postgres_world(database) as real:
        yield memory_world(), real


async def expect_the_same(worlds: Worlds, kind: EntityKind, documents: list[Document], ask: Ask) -> None:
    """The same documents in both, then the same pages of two, whatever earlier examples left."""
    found = []
    for world in worlds:
        live = await install(world)
        await show(world, live, kind, *documents)
        pages, after = [], None
        while len(pages) < 20:
            page = await ask(world, after, 2)
            pages.append(ids(page))
            after = Position.from_cursor(page.next.to_cursor()) if page.next else None
            if after is None:
                break
        found.append(pages)
    assert found[1] == found[0]


@SMALL
@given(documents=st.lists(ORDERS, min_size=1, max_size=8), wanted=ORDER_FILTERS)
async def test_orders(both: Worlds, documents: list[Document], wanted: OrderFilter) -> None:
    async def ask(world: LedgerWorld, after: Position | None, limit: int) -> Page[Seen]:
        return await world.shelves.orders.page(STORE, wanted, after=after, limit=limit)

    await expect_the_same(both, EntityKind.ORDER, documents, ask)


@SMALL
@given(documents=st.lists(PRODUCTS, min_size=1, max_size=8), wanted=PRODUCT_FILTERS)
async def test_products(both: Worlds, documents: list[Document], wanted: ProductFilter) -> None:
    async def ask(world: LedgerWorld, after: Position | None, limit: int) -> Page[Seen]:
        return await world.shelves.products.page(STORE, wanted, after=after, limit=limit)

    await expect_the_same(both, EntityKind.PRODUCT, documents, ask)


@SMALL
@given(documents=st.lists(CUSTOMERS, min_size=1, max_size=8), wanted=CUSTOMER_FILTERS)
async def test_customers(both: Worlds, documents: list[Document], wanted: CustomerFilter) -> None:
    async def ask(world: LedgerWorld, after: Position | None, limit: int) -> Page[Seen]:
        return await world.shelves.customers.page(STORE, wanted, after=after, limit=limit)

    await expect_the_same(both, EntityKind.CUSTOMER, documents, ask)
