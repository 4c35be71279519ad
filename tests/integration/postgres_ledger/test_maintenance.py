"""The sweep's statements, several of them at once and under traffic."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from core.domain.event_states import EventState, Origin
from core.domain.events import Settlement, WorkItem, WorkKind
from tests.integration.postgres_ledger.shop import OTHER_STORE, STORE, Shop, order


async def _wait_for(shop: Shop, number: int, due_at: datetime | None) -> WorkItem:
    [event_id] = await shop.deliver(order(number))
    async with shop.events.open_batch([event_id], limit=1) as batch:
        [event] = batch.events
    await shop.events.put_off(event, Settlement(EventState.WAITING, due_at=due_at))
    return WorkItem(WorkKind.EVENT, str(event_id), STORE)


async def test_due_work_is_released_longest_due_first_and_bounded(shop: Shop) -> None:
    now = datetime.now(UTC)
    events = [await _wait_for(shop, n, now - timedelta(minutes=n)) for n in range(1, 4)]
    await _wait_for(shop, 9, now + timedelta(hours=1))
    worker = await shop.workers.join("consumer")
    [item] = await shop.open_runs(order("a"), "h")
    [run] = await shop.claim([item], worker)
    async with shop.runs.open(run) as scope:
        await scope.settle(Settlement(EventState.WAITING, due_at=now - timedelta(hours=1)))
    assert set(await shop.maintenance.release_due(limit=2)) == {item, events[2]}
    assert set(await shop.maintenance.release_due(limit=10)) == {events[0], events[1]}
    assert await shop.maintenance.release_due(limit=10) == []
    assert set(await shop.events.backlog(limit=10)) == {item, *events}


async def test_a_wait_without_a_time_is_due_at_once(shop: Shop) -> None:
    item = await _wait_for(shop, 1, None)
    assert await shop.maintenance.release_due(limit=10) == [item]


async def test_sweeps_at_once_release_each_thing_once(shop: Shop) -> None:
    due = datetime.now(UTC) - timedelta(seconds=1)
    items = [await _wait_for(shop, n, due) for n in range(20)]
    found = await asyncio.gather(*(shop.maintenance.release_due(limit=7) for _ in range(6)))
    released = [item for items in found for item in items]
    assert len(released) == len(set(released))
    released += await shop.maintenance.release_due(limit=20)
    assert sorted(released) == sorted(items)


async def test_the_intake_is_folded_under_traffic_without_losing_a_count(shop: Shop) -> None:
    done = asyncio.Event()

    async def fold() -> int:
        folded = 0
        while not done.is_set():
            folded += await shop.maintenance.compact_intake()
            ledger = await shop.reader.books()
            assert ledger.balanced
        return folded

    folding = [asyncio.create_task(fold()) for _ in range(3)]
    for number in range(150):
        given = shop.delivery(order(number), STORE if number % 3 else OTHER_STORE)
        await shop.deliver_many([given, replace(given, event_id=shop.delivery().event_id)])
    done.set()
    assert sum(await asyncio.gather(*folding)) > 0
    await shop.maintenance.compact_intake()
    assert await shop.maintenance.compact_intake() == 0
    assert await shop.value("SELECT count(*) FROM intake") == 2
    books = (await shop.reader.books()).of(Origin.ZID)
    assert (books.received, books.duplicates, books.difference) == (150, 150, 0)


async def test_expired_keys_are_forgotten_a_piece_at_a_time(shop: Shop) -> None:
    short = [replace(shop.delivery(), keep_for=timedelta(0)) for _ in range(5)]
    await shop.deliver_many([*short, shop.delivery()])
    assert [await shop.maintenance.forget_expired(limit=3) for _ in range(3)] == [3, 2, 0]
    assert await shop.value("SELECT count(*) FROM dedupe") == 1
    await shop.assert_balanced()
