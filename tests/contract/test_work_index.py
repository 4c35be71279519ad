"""What every work index promises."""

import asyncio
from collections import Counter
from collections.abc import Sequence

import pytest

from core.domain.events import WorkItem, WorkKind
from core.ids import StoreId
from core.ports.work_index import SET_OUT
from tests.contract.index_worlds import LONG, WINDOW, IndexWorld, events


async def test_the_items_of_a_store_are_taken_in_order(index_world: IndexWorld) -> None:
    items = [*events(2), WorkItem(WorkKind.RUN, "7", StoreId(1))]
    assert await index_world.index.publish(items) == 3
    assert list(await index_world.index.take(limit=10, wait=0)) == items


async def test_nothing_published_is_nothing_added(index_world: IndexWorld) -> None:
    assert await index_world.index.publish([]) == 0
    assert list(await index_world.index.finish([])) == []
    assert list(await index_world.index.absent([])) == []
    assert await index_world.index.depth() == 0


async def test_take_gives_at_most_its_limit(index_world: IndexWorld) -> None:
    await index_world.index.publish(events(3))
    assert len(await index_world.index.take(limit=2, wait=0)) == 2
    assert len(await index_world.index.take(limit=2, wait=0)) == 1


async def test_an_item_that_is_in_is_not_added_again(index_world: IndexWorld) -> None:
    await index_world.index.publish(events(2))
    assert await index_world.other.publish(events(3)) == 1
    await index_world.index.take(limit=1, wait=0)
    assert await index_world.index.publish(events(3)) == 0
    assert await index_world.index.depth() == 3


async def test_an_item_named_twice_is_added_once(index_world: IndexWorld) -> None:
    assert await index_world.index.publish([*events(1), *events(1)]) == 1
    assert await index_world.index.depth() == 1


async def test_a_finished_item_is_gone_and_may_be_published_again(index_world: IndexWorld) -> None:
    await index_world.index.publish(events(1))
    taken = await index_world.index.take(limit=1, wait=0)
    await index_world.index.finish(taken)
    assert await index_world.index.depth() == 0
    assert await index_world.index.publish(taken) == 1
    assert list(await index_world.other.take(limit=1, wait=0)) == list(taken)


async def test_finishing_twice_or_unknown_items_harms_nothing(index_world: IndexWorld) -> None:
    await index_world.index.publish(events(2))
    taken = await index_world.index.take(limit=1, wait=0)
    await index_world.index.finish(taken)
    await index_world.index.finish([*taken, *events(1, store=9)])
    assert await index_world.index.depth() == 1


async def test_what_nobody_took_may_be_finished(index_world: IndexWorld) -> None:
    await index_world.index.publish(events(2))
    await index_world.index.finish(events(1))
    assert list(await index_world.index.take(limit=9, wait=0)) == events(2)[1:]


async def test_take_returns_empty_handed_after_its_wait(index_world: IndexWorld) -> None:
    async with asyncio.timeout(LONG):
        assert list(await index_world.index.take(limit=1, wait=0)) == []
        assert list(await index_world.index.take(limit=1, wait=0.05)) == []


async def test_a_waiting_take_gets_what_is_published_meanwhile(index_world: IndexWorld) -> None:
    taking = asyncio.create_task(index_world.index.take(limit=5, wait=LONG))
    await asyncio.sleep(0)
    await index_world.other.publish(events(1))
    assert list(await taking) == events(1)


async def test_each_item_is_given_to_one_caller(index_world: IndexWorld) -> None:
    many = [item for store in range(10) for item in events(WINDOW, store=store)]
    await index_world.index.publish(many)
    takers = [index_world.index, index_world.other] * 4
    taken = await asyncio.gather(*(taker.take(limit=7, wait=0) for taker in takers))
    given = [item for items in taken for item in items]
    assert sorted(given) == sorted(many)


async def test_an_unfinished_item_comes_back(index_world: IndexWorld) -> None:
    await index_world.index.publish(events(3))
    taken = await index_world.index.take(limit=2, wait=0)
    await index_world.index.finish(taken[:1])
    await index_world.other.take(limit=1, wait=0)
    index_world.age()
    back: list[WorkItem] = []
    while len(back) < 2:
        got = await index_world.other.take(limit=2, wait=LONG)
        assert got, "an unfinished item never came back"
        back += got
    assert sorted(back) == events(3)[1:]


async def test_what_a_cancelled_take_may_have_got_is_not_lost(index_world: IndexWorld) -> None:
    for number in range(20):
        taking = asyncio.create_task(index_world.index.take(limit=1, wait=LONG))
        await asyncio.sleep(0.001 * (number % 3))
        publishing = asyncio.create_task(index_world.other.publish(events(1, store=number)))
        await asyncio.sleep(0)
        taking.cancel()
        await asyncio.gather(taking, publishing, return_exceptions=True)
    index_world.age()
    missing = {store for store in range(20) if not await _finished(index_world, store)}
    while missing:
        got = await index_world.other.take(limit=20, wait=LONG)
        assert got, f"the items of stores {missing} never came back"
        await index_world.other.finish(got)
        missing -= {item.store_id for item in got}


async def _finished(world: IndexWorld, store: int) -> bool:
    return bool(await world.index.absent(events(1, store=store)))


async def test_a_store_holds_at_most_its_window(index_world: IndexWorld) -> None:
    assert await index_world.index.publish(events(WINDOW + 3, store=1)) == WINDOW
    assert await index_world.index.publish(events(2, store=2)) == 2
    assert await index_world.index.depth() == WINDOW + 2
    assert list(await index_world.index.absent(events(WINDOW + 3))) == events(WINDOW + 3)[WINDOW:]


async def test_a_full_store_is_told_of_once_when_it_has_room(index_world: IndexWorld) -> None:
    await index_world.index.publish(events(WINDOW + 1, store=1))
    await index_world.index.publish(events(WINDOW, store=2))
    relieved: list[StoreId] = []
    for item in [*events(WINDOW, store=1), *events(WINDOW, store=2)]:
        relieved += await index_world.index.finish([item])
    assert relieved == [StoreId(1)]


async def test_promotion_drains_a_backlog_of_any_length(index_world: IndexWorld) -> None:
    backlog = events(WINDOW * 5)
    await index_world.index.publish(backlog)
    handled: list[WorkItem] = []
    while taken := await index_world.index.take(limit=2, wait=0):
        handled += taken
        if await index_world.index.finish(taken):
            await index_world.index.publish([item for item in backlog if item not in handled])
    assert sorted(handled) == sorted(backlog)


async def test_absent_names_what_is_neither_waiting_nor_taken(index_world: IndexWorld) -> None:
    await index_world.index.publish(events(2))
    await index_world.index.take(limit=1, wait=0)
    assert list(await index_world.index.absent(events(3))) == events(3)[2:]


async def test_the_incarnation_stays_while_nothing_is_lost(index_world: IndexWorld) -> None:
    first = await index_world.index.incarnation()
    await index_world.index.publish(events(2))
    await index_world.index.finish(await index_world.index.take(limit=9, wait=0))
    assert await index_world.other.incarnation() == first


async def test_losing_everything_changes_the_incarnation_and_heals(index_world: IndexWorld) -> None:
    await index_world.index.publish(events(3))
    await index_world.index.take(limit=1, wait=0)
    before = await index_world.index.incarnation()
    await index_world.lose()
    assert await index_world.index.incarnation() != before
    assert list(await index_world.index.absent(events(3))) == events(3)
    assert await index_world.index.publish(events(3)) == 3
    assert list(await index_world.other.take(limit=9, wait=0)) == events(3)


@pytest.mark.parametrize("count", [1, 500])
async def test_many_items_travel_in_one_call(index_world: IndexWorld, count: int) -> None:
    items = [WorkItem(WorkKind.EVENT, f"e{number}", StoreId(number)) for number in range(count)]
    assert await index_world.index.publish(items) == count
    assert list(await index_world.index.take(limit=count, wait=0)) == items
    assert list(await index_world.index.absent(items)) == []
    await index_world.index.finish(items)
    assert await index_world.index.depth() == 0


# --- turns ------------------------------------------------------------------


async def drained(world: IndexWorld, *, limit: int = 1) -> list[WorkItem]:
    """Everything in the order in which it is handed out, each item finished as a worker does."""
    found: list[WorkItem] = []
    while taken := await world.index.take(limit=limit, wait=0):
        found += taken
        await world.index.finish(taken)
    return found


def in_front(order: Sequence[WorkItem], item: WorkItem) -> Counter[StoreId]:
    return Counter(before.store_id for before in order[: order.index(item)])


@pytest.mark.parametrize("limit", [1, 3, 100])
async def test_one_items_place_does_not_depend_on_how_much_others_have(index_world: IndexWorld, limit: int) -> None:
    """An item behind k of its own store has at most k + 1 of any other store in front, and what was set out."""
    await index_world.index.publish(events(WINDOW, store=1))
    await index_world.index.publish(events(WINDOW, store=2))
    quiet = events(2, store=3)
    await index_world.other.publish(quiet)
    order = await drained(index_world, limit=limit)
    assert len(order) == 2 * WINDOW + 2
    for k, item in enumerate(quiet):
        others = in_front(order, item)
        assert max(others[StoreId(1)], others[StoreId(2)]) <= k + 1 + SET_OUT
        assert others[StoreId(1)] + others[StoreId(2)] <= 2 * (k + 1) + SET_OUT


async def test_a_store_that_never_runs_dry_gets_no_more_than_its_turns(index_world: IndexWorld) -> None:
    """One store is refilled after every take, as a flood refills it from the ledger."""
    await index_world.index.publish(events(WINDOW, store=1))
    quiet = [WorkItem(WorkKind.EVENT, f"q{store}-{number}", StoreId(store)) for number in range(2) for store in (2, 3)]
    await index_world.index.publish(quiet)
    order: list[WorkItem] = []
    while not set(quiet) <= set(order):
        taken = await index_world.index.take(limit=1, wait=0)
        await index_world.index.finish(taken)
        order += taken
        await index_world.index.publish([WorkItem(WorkKind.EVENT, f"more{len(order)}", StoreId(1))])
    assert in_front(order, quiet[-1])[StoreId(1)] <= 2 + SET_OUT


async def test_a_quiet_store_is_served_next_however_often_it_comes_back(index_world: IndexWorld) -> None:
    await index_world.index.publish(events(WINDOW, store=1))
    for round_ in range(WINDOW // 2):
        item = WorkItem(WorkKind.EVENT, f"q{round_}", StoreId(2))
        await index_world.index.publish([item])
        taken = await index_world.index.take(limit=2 + SET_OUT, wait=0)
        assert item in taken
        await index_world.index.finish(taken)
        await index_world.index.publish(events(WINDOW, store=1, start=100 * round_))


async def test_take_gives_as_many_as_wait(index_world: IndexWorld) -> None:
    many = [item for store in range(5) for item in events(WINDOW, store=store)]
    await index_world.index.publish(many)
    assert len(await index_world.index.take(limit=7, wait=0)) == 7
    assert len(await index_world.other.take(limit=50, wait=0)) == len(many) - 7


async def test_everybody_who_waits_is_woken_while_there_is_work(index_world: IndexWorld) -> None:
    """Four wait; one call publishes something for each: nobody sleeps on while work lies there."""
    takers = [index_world.index, index_world.other] * 2
    waiting = [asyncio.create_task(taker.take(limit=1, wait=LONG * 8)) for taker in takers]
    await asyncio.sleep(0.05)
    await index_world.index.publish(events(4))
    async with asyncio.timeout(LONG * 8):
        got = await asyncio.gather(*waiting)
    assert sorted(item for items in got for item in items) == events(4)


async def test_finishing_what_waits_takes_nobodys_turn(index_world: IndexWorld) -> None:
    await index_world.index.publish([*events(3, store=1), *events(3, store=2)])
    await index_world.index.finish([*events(3, store=1)[1:], *events(1, store=2)])
    assert sorted(await drained(index_world)) == sorted([*events(1, store=1), *events(2, store=2, start=1)])
    assert await index_world.index.depth() == 0


async def test_a_reader_is_woken_after_the_item_meant_for_it_was_finished(index_world: IndexWorld) -> None:
    await index_world.index.publish(events(2))
    await index_world.index.finish(events(1))
    assert list(await index_world.other.take(limit=1, wait=LONG)) == events(2)[1:]
