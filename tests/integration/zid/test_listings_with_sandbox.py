"""Listings against the sandbox: to their end, in every variant of Zid's paging."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain.operations.carts import GetCart, ListCarts
from core.domain.operations.categories import GetCategory, ListCategories
from core.domain.operations.customers import GetCustomer, ListCustomers, ListPrimaryCustomers
from core.domain.operations.operation import Listing
from core.domain.operations.order_writes import ChangeOrderStatus
from core.domain.operations.orders import GetOrder, ListOrders, OrderDate, OrderPayload
from core.domain.operations.product_writes import LocationStock
from core.domain.operations.products import GetProduct, ListProducts
from core.domain.operations.stocks import CreateStock
from core.domain.paging import Place
from core.errors import BudgetSpent, Invalid, NotFound
from core.features.read_pages import items, pages
from sandbox.server import RunningSandbox
from tests.integration.zid.operations_world import Shop, running_zid, shop

COUNTS = {"orders": 23, "products": 17, "customers": 19, "carts": 9, "categories": 4}


@pytest.fixture(scope="session")
async def zid_of_listings() -> AsyncIterator[RunningSandbox]:
    async with running_zid() as running:
        yield running


@pytest.fixture
async def store(zid_of_listings: RunningSandbox) -> AsyncIterator[Shop]:
    async with shop(zid_of_listings, **COUNTS) as opened:
        yield opened


LISTINGS = [
    ("orders", ListOrders(per_page=5)),
    ("products", ListProducts(per_page=5)),
    ("customers", ListCustomers(per_page=5)),
    ("customers", ListPrimaryCustomers(per_page=5)),
    ("carts", ListCarts(per_page=5)),
]


@pytest.mark.parametrize(("kind", "listing"), LISTINGS, ids=[type(listing).__name__ for _, listing in LISTINGS])
@pytest.mark.parametrize(
    "knobs",
    [
        {},
        {"paging__beyond": "404"},
        {"carts__paging": "pagination", "customers__cursor": "absent"},
        {"products__page_size_cap": 3, "orders__page_shift": "snapshot", "answers__envelope": "generic"},
    ],
)
async def test_a_listing_is_followed_to_its_end(
    store: Shop, kind: str, listing: Listing[object], knobs: dict[str, object]
) -> None:
    await store.knobs(**knobs)
    found = [item.id async for item in items(store, listing)]  # type: ignore[type-var]
    assert sorted(found) == sorted(await store.ids(kind))
    assert len(found) == len(set(found)) == COUNTS[kind]


@pytest.mark.parametrize(("kind", "listing"), LISTINGS, ids=[type(listing).__name__ for _, listing in LISTINGS])
async def test_a_listing_goes_on_at_a_token(store: Shop, kind: str, listing: Listing[object]) -> None:
    """As after a crash: each page by a listing of its own, made from the token of the one before."""
    found: list[str] = []
    while True:
        page = await store.perform(listing)
        found += [item.id for item in page.items]  # type: ignore[attr-defined]
        if page.next is None:
            break
        listing = replace(listing, at=Place.parse(page.next.token))
    assert sorted(found) == sorted(await store.ids(kind))


async def test_a_budget_ends_early_and_says_where(store: Shop) -> None:
    listing = ListOrders(per_page=5)
    two = [page async for page in pages(store, listing, budget=2)]
    assert [len(page.items) for page in two] == [5, 5]
    assert two[0].total == COUNTS["orders"]
    with pytest.raises(BudgetSpent) as caught:
        [order async for order in items(store, listing, budget=2)]
    rest = [order async for order in items(store, replace(listing, at=Place.parse(caught.value.token)))]
    assert len(rest) == COUNTS["orders"] - 10


async def test_orders_are_returned_once_while_orders_are_inserted(store: Shop) -> None:
    before = set(await store.ids("orders"))
    found: list[str] = []
    async for page in pages(store, ListOrders(per_page=5)):
        found += [order.id for order in page.items]
        if len(found) < 20:
            await store.control("POST", "/trigger", {"store_id": store.store_id, "event": "order.create"})
    assert before <= set(found)
    assert len(found) == len(set(found))


async def test_orders_of_a_window_carry_their_products(store: Shop) -> None:
    everything = [order async for order in items(store, ListOrders())]
    last = max(order.updated_at for order in everything if order.updated_at)
    window = ListOrders(date_attribute=OrderDate.UPDATED, date_from=last - timedelta(seconds=1))
    changed = [order async for order in items(store, window)]
    assert changed
    assert len(changed) < len(everything)
    assert all(order.lines and order.total and order.total.currency for order in changed)
    bare = [order async for order in items(store, ListOrders(payload_type=OrderPayload.TINY))]
    assert {order.id: order.status for order in bare} == {order.id: order.status for order in everything}


async def test_one_of_each_is_read(store: Shop) -> None:
    order = await store.perform(GetOrder((await store.ids("orders"))[0]))
    assert order.history
    assert order.created_at is not None
    assert order.created_at.tzinfo is not None
    product = await store.perform(GetProduct((await store.ids("products"))[0]))
    assert product.name.ar
    assert product.price is not None
    customer = await store.perform(GetCustomer((await store.ids("customers"))[0]))
    assert customer.points is not None
    cart = await store.perform(GetCart((await store.ids("carts"))[0]))
    assert cart.lines
    (first, *_) = (await store.perform(ListCategories())).items
    assert (await store.perform(GetCategory(first.id))).name == first.name


@pytest.mark.parametrize("dialect", ["live", "generic", "list", "fastapi", "root", "html"])
async def test_what_is_not_there_is_not_found_in_any_dialect(store: Shop, dialect: str) -> None:
    await store.knobs(errors__dialect=dialect)
    gone = GetProduct("6b2a2e39-4c53-4f0f-9c15-2a1f2c2f8a10")
    for operation in (GetOrder("1"), GetCustomer("1"), GetCategory("1"), gone):
        with pytest.raises(NotFound):
            await store.perform(operation)


@pytest.mark.parametrize("dialect", ["live", "generic", "list", "fastapi", "root"])
async def test_what_was_wrong_is_named_in_any_dialect(store: Shop, dialect: str) -> None:
    await store.knobs(errors__dialect=dialect)
    moved = ChangeOrderStatus(order_id=(await store.ids("orders"))[0], status="no-such-status")
    nowhere = LocationStock("6b2a2e39-4c53-4f0f-9c15-2a1f2c2f8a10", 1)
    put = CreateStock((await store.ids("products"))[0], nowhere)
    for operation, field in ((moved, "order_status"), (put, "location")):
        with pytest.raises(Invalid) as refused:
            await store.perform(operation)
        assert any(field in name for name in refused.value.fields), refused.value.fields
        assert refused.value.request_id


@pytest.mark.parametrize("size", [0, 101])
def test_pages_that_zid_would_cap_are_refused_before_they_are_asked_for(size: int) -> None:
    with pytest.raises(Invalid) as caught:
        ListOrders(per_page=size)
    assert list(caught.value.fields) == ["per_page"]
