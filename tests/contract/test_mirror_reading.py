"""What the lists of the mirror promise."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from core.domain.audit import AuditEntry
from core.domain.keyset import BadCursor, Page, Position
from core.domain.mirror_queries import CustomerFilter, OrderFilter, ProductFilter, Seen
from core.domain.stores import Install
from core.ids import EntityKind, StoreId
from tests.contract.goods import Document, ids, remove, show
from tests.contract.scenes import install
from tests.contract.worlds import OTHER_STORE, STORE, LedgerWorld

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVERY_ORDER = OrderFilter()


def order(number: int, minute: int = 0, **more: object) -> Document:
    return {
        "id": number,
        "code": f"ZID-{number}",
        "order_status": {"code": "new"},
        "payment_status": "pending",
        "order_total": "100.00",
        "currency_code": "SAR",
        "customer": {"id": 7},
        "created_at": f"2026-03-01 12:{minute:02}:00",
        "updated_at": f"2026-03-01 13:{minute:02}:00",
        **more,
    }


def product(id_: str, arabic: str = "", english: str = "", **more: object) -> Document:
    return {"id": id_, "name": {"ar": arabic, "en": english}, "price": 100, "quantity": 5, **more}


def customer(number: int, name: str, minute: int = 0, **more: object) -> Document:
    return {"id": number, "name": name, "created_at": f"2026-03-01T12:{minute:02}:00Z", **more}


async def every_page(ask: Callable[[Position | None], Awaitable[Page[Seen]]]) -> list[str]:
    found, after = [], None
    for _ in range(50):
        page = await ask(after)
        found += ids(page)
        if page.next is None:
            return found
        after = Position.from_cursor(page.next.to_cursor())
    raise AssertionError("the pages never end")


async def orders(world: LedgerWorld, wanted: OrderFilter, store_id: StoreId = STORE) -> list[str]:
    return ids(await world.shelves.orders.page(store_id, wanted))


async def products(world: LedgerWorld, wanted: ProductFilter) -> list[str]:
    return ids(await world.shelves.products.page(STORE, wanted))


async def customers(world: LedgerWorld, wanted: CustomerFilter) -> list[str]:
    return ids(await world.shelves.customers.page(STORE, wanted))


@pytest.fixture
async def live(world: LedgerWorld) -> Install:
    return await install(world)


async def test_orders_come_newest_first_and_those_without_a_time_last(world: LedgerWorld, live: Install) -> None:
    await show(world, live, EntityKind.ORDER, order(1, 5), order(2, 9), order(3, created_at=None), order(4, 1))
    assert await orders(world, EVERY_ORDER) == ["2", "1", "4", "3"]


async def test_pages_hold_every_order_once_also_of_one_minute(world: LedgerWorld, live: Install) -> None:
    untimed = [order(number, created_at=None) for number in (100, 101, 102)]
    await show(world, live, EntityKind.ORDER, *(order(number, number // 4) for number in range(11)), *untimed)

    async def ask(after: Position | None) -> Page[Seen]:
        return await world.shelves.orders.page(STORE, EVERY_ORDER, after=after, limit=2)

    found = await every_page(ask)
    assert found == await orders(world, EVERY_ORDER)
    assert len(found) == len(set(found)) == 14


async def test_orders_that_arrive_between_pages_move_nothing(world: LedgerWorld, live: Install) -> None:
    await show(world, live, EntityKind.ORDER, *(order(number, number) for number in range(1, 6)))
    first = await world.shelves.orders.page(STORE, EVERY_ORDER, limit=2)
    await show(world, live, EntityKind.ORDER, order(9, 50))
    rest = await world.shelves.orders.page(STORE, EVERY_ORDER, after=first.next)
    assert ids(first) + ids(rest) == ["5", "4", "3", "2", "1"]


async def test_the_last_page_has_no_next_even_when_it_is_full(world: LedgerWorld, live: Install) -> None:
    await show(world, live, EntityKind.ORDER, order(1), order(2))
    page = await world.shelves.orders.page(STORE, EVERY_ORDER, limit=2)
    assert len(page.items) == 2
    assert page.next is None


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (OrderFilter(status="ready"), ["2"]),
        (OrderFilter(payment_status="paid"), ["3"]),
        (OrderFilter(customer_id="8"), ["4"]),
        (OrderFilter(status="new", customer_id="7"), ["3", "1"]),
        (OrderFilter(created_from=NOON + timedelta(minutes=2), created_before=NOON + timedelta(minutes=4)), ["3", "2"]),
        (OrderFilter(updated_since=datetime(2026, 3, 1, 13, 3, tzinfo=UTC)), ["4", "3"]),
        (OrderFilter(text="4"), ["4"]),
        (OrderFilter(text="zid-3"), ["3"]),
        (OrderFilter(text="id 3"), ["3"]),
        (OrderFilter(text="ZID"), ["4", "3", "2", "1"]),
        (OrderFilter(text="%"), []),
        (OrderFilter(text="nothing\0"), []),
        (OrderFilter(status="nothing\0"), []),
    ],
)
async def test_orders_are_filtered(world: LedgerWorld, live: Install, wanted: OrderFilter, expected: list[str]) -> None:
    given = [
        order(1, 1),
        order(2, 2, order_status={"code": "ready"}),
        order(3, 3, payment_status="paid"),
        order(4, 4, customer={"id": 8}),
    ]
    await show(world, live, EntityKind.ORDER, *given)
    assert await orders(world, wanted) == expected


async def test_an_entity_tells_its_content_and_its_age(world: LedgerWorld, live: Install) -> None:
    before = world.now() - timedelta(seconds=1)
    await show(world, live, EntityKind.ORDER, order(1, 5))
    seen = await world.shelves.orders.get(STORE, "1")
    assert seen is not None
    assert seen.columns["total"] == Decimal(100)
    assert b'"ZID-1"' in seen.body
    assert seen.version == datetime(2026, 3, 1, 13, 5, tzinfo=UTC)
    assert before <= seen.seen_at <= world.now() + timedelta(seconds=1)


async def test_stores_are_apart_and_deleted_things_gone(world: LedgerWorld, live: Install) -> None:
    other = await install(world, OTHER_STORE)
    await show(world, live, EntityKind.ORDER, order(1))
    await show(world, other, EntityKind.ORDER, order(2))
    await show(world, live, EntityKind.PRODUCT, product("p"), product("q"))
    await remove(world, live, EntityKind.PRODUCT, "p")
    assert await orders(world, EVERY_ORDER) == ["1"]
    assert await orders(world, EVERY_ORDER, OTHER_STORE) == ["2"]
    assert await world.shelves.orders.get(STORE, "2") is None
    assert await products(world, ProductFilter()) == ["q"]
    assert await products(world, ProductFilter(text="q")) == []
    assert await world.shelves.products.get(STORE, "p") is None
    assert await world.shelves.products.get(STORE, "\0") is None


async def test_what_an_ended_install_saw_stays(world: LedgerWorld, live: Install) -> None:
    await show(world, live, EntityKind.ORDER, order(1))
    await world.installations.end(live.install_id, audit=_audit())
    assert await orders(world, EVERY_ORDER) == ["1"]


def _audit() -> AuditEntry:
    return AuditEntry("store.uninstalled", STORE)


async def test_spending_counts_what_was_bought_and_kept(world: LedgerWorld, live: Install) -> None:
    given = [
        order(1, 1, order_total="10.50"),
        order(2, 2, order_total="20"),
        order(3, 3, order_total="40", order_status={"code": "canceled"}),
        order(4, 4, order_total="80", payment_status="refunded"),
        order(5, 5, order_total="7", currency_code="USD"),
        order(6, 6, order_total="1000", customer={"id": 8}),
        order(7, created_at=None, order_total=None),
    ]
    await show(world, live, EntityKind.ORDER, *given)
    spending = await world.shelves.orders.spending(STORE, "7")
    assert (spending.orders, spending.counted) == (6, 4)
    assert spending.totals == {"SAR": Decimal("30.5"), "USD": Decimal(7)}
    assert spending.first_order_at == NOON + timedelta(minutes=1)
    assert spending.last_order_at == NOON + timedelta(minutes=5)
    nobody = await world.shelves.orders.spending(STORE, "9")
    assert (nobody.orders, nobody.totals, nobody.first_order_at) == (0, {}, None)


SHIRTS = (
    product("a", "قَمِيصٌ أزرق", "Blue shirt", sku="SH-1"),
    product("b", "قميص أحمر", "Red Shirt", sale_price=60, categories=[{"id": 12}, {"id": 15}]),
    product("c", "حقيبة يد", "Handbag", price=300, quantity=0),
    product("d", "قـــهـــوة عربية", "Arabic Café blend", quantity=None, is_infinite=True),
    product("e", "إبريق", "Teapot", is_published=False, categories=[{"id": 1}]),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("قميص", {"a", "b"}),
        ("قَمِيص", {"a", "b"}),
        ("احمر", {"b"}),
        ("حقيبه", {"c"}),
        ("قهوه عربيه", {"d"}),
        ("ابريق", {"e"}),
        ("SHIRT", {"a", "b"}),
        ("shirt blue", {"a"}),
        ("cafe", {"d"}),
        ("sh-1", {"a"}),
        ("hand", {"c"}),
        ("handbags", {"c"}),
        ("blue teapot", set()),
        ("no such thing", set()),
    ],
)
async def test_products_are_found_however_they_are_spelled(
    world: LedgerWorld, live: Install, text: str, expected: set[str]
) -> None:
    await show(world, live, EntityKind.PRODUCT, *SHIRTS)
    assert set(await products(world, ProductFilter(text=text))) == expected


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (ProductFilter(), ["a", "b", "c", "d", "e"]),
        (ProductFilter(text="!؟"), ["a", "b", "c", "d", "e"]),
        (ProductFilter(price_to=Decimal(60)), ["b"]),
        (ProductFilter(price_from=Decimal("60.01"), price_to=Decimal(100)), ["a", "d", "e"]),
        (ProductFilter(in_stock=True), ["a", "b", "d", "e"]),
        (ProductFilter(in_stock=False), ["c"]),
        (ProductFilter(category_id="15"), ["b"]),
        (ProductFilter(category_id="1"), ["e"]),
        (ProductFilter(category_id="nothing\0"), []),
        (ProductFilter(published=False), ["e"]),
        (ProductFilter(text="قميص", category_id="12"), ["b"]),
    ],
)
async def test_products_are_filtered(
    world: LedgerWorld, live: Install, wanted: ProductFilter, expected: list[str]
) -> None:
    await show(world, live, EntityKind.PRODUCT, *SHIRTS)
    assert await products(world, wanted) == expected


async def test_the_best_match_comes_first_and_pages_go_on_after_it(world: LedgerWorld, live: Install) -> None:
    names = ["Coffee", "Coffee beans", "Coffeemaker", "Tea", "Coffee cup", "Iced coffee"]
    given = [product(f"p{number}", "", name) for number, name in enumerate(names)]
    await show(world, live, EntityKind.PRODUCT, *given)
    wanted = ProductFilter(text="coffee")

    async def ask(after: Position | None) -> Page[Seen]:
        return await world.shelves.products.page(STORE, wanted, after=after, limit=2)

    assert await every_page(ask) == await products(world, wanted) == ["p0", "p1", "p4", "p5", "p2"]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (CustomerFilter(), ["3", "2", "1"]),
        (CustomerFilter(text="ساره"), ["1"]),
        (CustomerFilter(text="AHMED@"), ["2"]),
        (CustomerFilter(text="0551234567"), ["1"]),
        (CustomerFilter(text="+966 55 1234567"), ["1"]),
        (CustomerFilter(text="٥٥١٢٣٤"), ["1"]),
        (CustomerFilter(city="الرياض"), ["3", "1"]),
        (CustomerFilter(city="الرياض", text="نورة"), ["3"]),
        (CustomerFilter(city="رياض"), []),
    ],
)
async def test_customers_are_found(
    world: LedgerWorld, live: Install, wanted: CustomerFilter, expected: list[str]
) -> None:
    given = [
        customer(1, "سارة", 1, mobile="966551234567", city={"name": "الرِّياض"}),
        customer(2, "Ahmed", 2, email="ahmed@example.com", city={"name": "Jeddah"}),
        customer(3, "نوره", 3, city={"name": "الرياض"}),
    ]
    await show(world, live, EntityKind.CUSTOMER, *given)
    assert await customers(world, wanted) == expected


async def test_categories_come_by_id_and_carts_by_time_and_phase(world: LedgerWorld, live: Install) -> None:
    await show(world, live, EntityKind.CATEGORY, *({"id": number, "name": "x"} for number in (30, 4, 100)))
    carts = [
        {"id": f"c{number}", "phase": phase, "created_at": f"2026-03-01 12:0{number}:00"}
        for number, phase in enumerate(("login", "completed", "login"))
    ]
    await show(world, live, EntityKind.CART, *carts)
    first = await world.shelves.categories.page(STORE, limit=2)
    assert ids(first) == ["100", "30"]
    assert ids(await world.shelves.categories.page(STORE, after=first.next)) == ["4"]
    assert ids(await world.shelves.carts.page(STORE)) == ["c2", "c1", "c0"]
    assert ids(await world.shelves.carts.page(STORE, phase="login")) == ["c2", "c0"]
    assert await world.shelves.carts.get(STORE, "c1") is not None
    assert await world.shelves.categories.get(STORE, "4") is not None


@pytest.mark.parametrize("sort", ["yesterday", "2026-03-01 12:00:00", "9999-12-31T23:59:59-10:00", "0.5"])
async def test_the_position_of_another_list_is_refused(world: LedgerWorld, sort: str) -> None:
    after = Position(sort, "1")
    with pytest.raises(BadCursor):
        await world.shelves.orders.page(STORE, EVERY_ORDER, after=after)
    with pytest.raises(BadCursor):
        await world.shelves.products.page(STORE, ProductFilter(), after=after)
    with pytest.raises(BadCursor):
        await world.shelves.stock.page(STORE, after=after)


@pytest.mark.parametrize("cursor", ["", "x", "é", "W10", "WzEsMl0", "////", "a" * 5000])
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(BadCursor):
        Position.from_cursor(cursor)
