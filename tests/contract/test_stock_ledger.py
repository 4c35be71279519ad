"""What the ledger of stock movements promises."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.events import BatchResult, DerivedEvent, SettledEvent
from core.domain.keyset import Page, Position
from core.domain.mirror import MirrorRow
from core.domain.stock import STOCK_TOPIC, Movement
from core.domain.stores import Install
from core.errors import Conflict
from core.ids import Entity, EntityKind
from tests.contract.goods import Document, show
from tests.contract.scenes import install, queued
from tests.contract.worlds import OTHER_STORE, STORE, LedgerWorld


def stocked(quantity: int | None, id_: str = "p", **variants: int | None) -> Document:
    return {
        "id": id_,
        **amount(quantity),
        "variants": [{"id": name, **amount(number)} for name, number in variants.items()],
    }


def amount(quantity: int | None) -> Document:
    """None is infinite."""
    return {"is_infinite": True} if quantity is None else {"is_infinite": False, "quantity": quantity}


def told(page: Page[Movement]) -> list[tuple[str | None, int | None, int | None, int | None, bool]]:
    return [(m.variant_id, m.before, m.after, m.delta, m.infinite) for m in page.items]


@pytest.fixture
async def live(world: LedgerWorld) -> Install:
    return await install(world)


async def test_each_change_is_a_movement_newest_first_with_the_running_quantity(
    world: LedgerWorld, live: Install
) -> None:
    await show(world, live, EntityKind.PRODUCT, stocked(10, v1=4), stocked(7, v1=4), stocked(7, v1=9), stocked(7, v1=9))
    page = await world.shelves.stock.page(STORE, product_id="p")
    assert told(page) == [("v1", 4, 9, 5, False), (None, 10, 7, -3, False)]
    [last, _] = page.items
    event = await world.reader.event(last.event_id)
    assert event is not None
    assert event.summary.topic == "inventory.changed"
    assert last.at == event.summary.received_at
    assert last.product_id == "p"


async def test_a_first_sight_is_no_movement(world: LedgerWorld, live: Install) -> None:
    await show(world, live, EntityKind.PRODUCT, stocked(10, v1=4))
    assert told(await world.shelves.stock.page(STORE)) == []


async def test_infinite_stock_has_neither_quantity_nor_delta(world: LedgerWorld, live: Install) -> None:
    await show(world, live, EntityKind.PRODUCT, stocked(10), stocked(None), stocked(3))
    assert told(await world.shelves.stock.page(STORE)) == [
        (None, None, 3, None, False),
        (None, 10, None, None, True),
    ]


async def test_movements_of_a_product_a_variant_a_store(world: LedgerWorld, live: Install) -> None:
    other = await install(world, OTHER_STORE)
    await show(world, live, EntityKind.PRODUCT, stocked(1, v1=1, v2=1), stocked(2, v1=2, v2=2))
    await show(world, live, EntityKind.PRODUCT, stocked(1, "q", v1=5), stocked(1, "q", v1=6))
    await show(world, other, EntityKind.PRODUCT, stocked(1), stocked(9))
    ask = world.shelves.stock.page
    assert len((await ask(STORE)).items) == 4
    assert len((await ask(STORE, product_id="p")).items) == 3
    assert told(await ask(STORE, product_id="q")) == [("v1", 5, 6, 1, False)]
    assert told(await ask(STORE, product_id="p", variant_id="v2")) == [("v2", 1, 2, 1, False)]
    assert told(await ask(OTHER_STORE)) == [(None, 1, 9, 8, False)]
    assert told(await ask(STORE, product_id="\0")) == []


async def test_movements_come_in_pages(world: LedgerWorld, live: Install) -> None:
    await show(world, live, EntityKind.PRODUCT, *map(stocked, range(8)))
    found: list[int | None] = []
    after: Position | None = None
    for _ in range(4):
        page = await world.shelves.stock.page(STORE, product_id="p", after=after, limit=2)
        found += [movement.after for movement in page.items]
        after = page.next
    assert found == [7, 6, 5, 4, 3, 2, 1]
    assert after is None


async def test_what_is_not_committed_leaves_no_movement(world: LedgerWorld, live: Install) -> None:
    [event_id] = await queued(world, live, 1)
    async with world.events.open_batch([event_id], limit=1) as batch:
        parent = batch.events[0]
        data = {"variant_id": None, "old": "1", "new": "2", "delta": 1}
        entity = Entity(EntityKind.PRODUCT, "p")
        moved = DerivedEvent(world.ids.event_id(), parent, STOCK_TOPIC, entity, data)
        row = MirrorRow(entity, None)
        twice = BatchResult([SettledEvent(event_id)], inserts=[(STORE, row)], derived=[moved])
        await show(world, live, EntityKind.PRODUCT, stocked(1))
        with pytest.raises(Conflict):
            await batch.commit(twice)
    assert told(await world.shelves.stock.page(STORE)) == []


@settings(max_examples=15)
@given(quantities=st.lists(st.lists(st.integers(0, 9), min_size=3, max_size=3), min_size=2, max_size=8))
async def test_the_deltas_add_up_to_final_minus_initial(
    world: LedgerWorld, quantities: Sequence[Sequence[int]]
) -> None:
    live = await install(world)
    product = f"p{next(world.numbers)}"
    seen = (stocked(own, product, v1=first, v2=second) for own, first, second in quantities)
    await show(world, live, EntityKind.PRODUCT, *seen)
    movements = (await world.shelves.stock.page(STORE, product_id=product, limit=100)).items
    for place, variant in enumerate((None, "v1", "v2")):
        chain = [movement for movement in reversed(movements) if movement.variant_id == variant]
        assert sum(movement.delta or 0 for movement in chain) == quantities[-1][place] - quantities[0][place]
        assert all(one.after == two.before for one, two in pairwise(chain))
