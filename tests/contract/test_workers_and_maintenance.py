"""What leases and the sweep's work promise."""

import asyncio
from datetime import timedelta

from core.domain.event_states import EventState, Origin
from core.domain.events import BatchResult, SettledEvent, Settlement, WorkItem, WorkKind
from core.ids import Generation, StoreId, WorkerId
from core.ports.installations import Intent
from tests.contract.scenes import (
    claimed,
    counts,
    delivery,
    detail,
    install,
    order,
    queued,
    run_states,
    settle,
    state,
    through_the_mirror,
)
from tests.contract.worlds import OTHER_STORE, STORE, LedgerWorld


async def test_every_worker_is_another_one(world: LedgerWorld) -> None:
    workers = [await world.workers.join("consumer") for _ in range(3)]
    assert len(set(workers)) == 3


async def test_a_lease_is_renewed_until_it_ran_out(world: LedgerWorld) -> None:
    worker = await world.workers.join("consumer")
    assert await world.workers.renew(worker)
    await world.hands.expire_lease(worker)
    assert not await world.workers.renew(worker)
    assert not await world.workers.renew(worker)


async def test_who_left_or_never_joined_cannot_renew(world: LedgerWorld) -> None:
    worker = await world.workers.join("consumer")
    await world.workers.leave(worker)
    assert not await world.workers.renew(worker)
    assert not await world.workers.renew(WorkerId(999_999))
    await world.workers.leave(worker)


async def test_a_worker_tells_which_process_it_is(world: LedgerWorld) -> None:
    first, second = await world.workers.join("consumer", "a mark"), await world.workers.join("consumer")
    gone, left = await world.workers.join("http", "another"), await world.workers.join("http", "one more")
    await world.hands.expire_lease(gone)
    await world.workers.leave(left)
    assert await world.workers.processes() == {first: "a mark", second: ""}


async def test_what_an_ended_worker_held_is_released(world: LedgerWorld) -> None:
    live = await install(world)
    items = await through_the_mirror(world, await queued(world, live, 1, 2), "courier")
    dead, alive = await world.workers.join("consumer"), await world.workers.join("consumer")
    await claimed(world, dead, items[0])
    await claimed(world, alive, items[1])
    await world.workers.end([dead, WorkerId(999_999)])
    assert not await world.workers.renew(dead)
    assert list(await world.maintenance.release_orphans()) == [items[0]]
    assert await world.workers.renew(alive)


async def test_renewing_keeps_what_is_held(world: LedgerWorld) -> None:
    live = await install(world)
    items = await through_the_mirror(world, await queued(world, live, 1), "courier")
    worker = await world.workers.join("consumer")
    [run] = await claimed(world, worker, *items)
    await world.workers.renew(worker)
    assert list(await world.maintenance.release_orphans()) == []
    await settle(world, run)


async def test_orphans_are_released_once_and_their_attempt_stays_counted(world: LedgerWorld) -> None:
    live = await install(world)
    ids = await queued(world, live, 1, 2)
    items = await through_the_mirror(world, ids, "courier")
    gone, alive = await world.workers.join("consumer"), await world.workers.join("consumer")
    await claimed(world, gone, items[0])
    await claimed(world, alive, items[1])
    await world.hands.expire_lease(gone)
    assert list(await world.maintenance.release_orphans()) == [items[0]]
    assert list(await world.maintenance.release_orphans()) == []
    assert await run_states(world, ids[0]) == {"courier": EventState.QUEUED}
    assert await run_states(world, ids[1]) == {"courier": EventState.RUNNING}
    [again] = await claimed(world, alive, items[0])
    assert again.attempt == 2


async def test_what_a_worker_left_behind_is_released_too(world: LedgerWorld) -> None:
    live = await install(world)
    items = await through_the_mirror(world, await queued(world, live, 1), "courier")
    worker = await world.workers.join("consumer")
    await claimed(world, worker, *items)
    await world.workers.leave(worker)
    assert list(await world.maintenance.release_orphans()) == items


async def test_a_dead_workers_exchange_becomes_unknown(world: LedgerWorld) -> None:
    live = await install(world)
    gone, other = await world.workers.join("scheduler"), await world.workers.join("scheduler")
    assert await world.refreshes.begin(live.install_id, Generation(1), gone) is Intent.TAKEN
    await world.hands.expire_lease(gone)
    await world.maintenance.release_orphans()
    assert await world.refreshes.begin(live.install_id, Generation(1), other) is Intent.UNKNOWN


async def test_only_what_is_due_is_released(world: LedgerWorld) -> None:
    live = await install(world)
    early, late = await queued(world, live, 1, 2)
    async with world.events.open_batch([early, late], limit=2) as batch:
        events = list(batch.events)
    for event, seconds in zip(events, (-1, 3600), strict=True):
        due = world.now() + timedelta(seconds=seconds)
        await world.events.put_off(event, Settlement(EventState.WAITING, due_at=due, reason="later"))
    assert list(await world.maintenance.release_due(limit=10)) == [WorkItem(WorkKind.EVENT, str(early), STORE)]
    assert await counts(world) == {EventState.QUEUED: 1, EventState.WAITING: 1}
    assert (await detail(world, early)).summary.attempts == 1


async def test_due_events_and_runs_are_released_within_the_limit(world: LedgerWorld) -> None:
    live = await install(world)
    ids = await queued(world, live, 1, 2, 3)
    items = await through_the_mirror(world, ids[:2], "courier")
    past = world.now() - timedelta(seconds=5)
    for run in await claimed(world, await world.workers.join("consumer"), *items):
        await settle(world, run, Settlement(EventState.WAITING, due_at=past))
    async with world.events.open_batch(ids[2:], limit=1) as batch:
        [event] = batch.events
    await world.events.put_off(event, Settlement(EventState.WAITING, due_at=past))
    released = list(await world.maintenance.release_due(limit=1))
    while more := await world.maintenance.release_due(limit=1):
        assert len(more) == 1
        released += more
    assert sorted(released) == sorted([*items, WorkItem(WorkKind.EVENT, str(ids[2]), STORE)])


async def test_many_sweeps_at_once_release_everything_once(world: LedgerWorld) -> None:
    live = await install(world)
    items = await through_the_mirror(world, await queued(world, live, *range(10)), "courier")
    past = world.now() - timedelta(seconds=5)
    for run in await claimed(world, await world.workers.join("consumer"), *items):
        await settle(world, run, Settlement(EventState.WAITING, due_at=past))
    swept = await asyncio.gather(*(world.maintenance.release_due(limit=100) for _ in range(4)))
    assert sorted(item for released in swept for item in released) == sorted(items)


async def test_expired_keys_are_forgotten_within_the_limit(world: LedgerWorld) -> None:
    live = await install(world)
    await queued(world, live, 1, 2, 3)
    assert await world.maintenance.forget_expired(limit=10) == 0
    await world.hands.expire_dedupe()
    assert await world.maintenance.forget_expired(limit=2) == 2
    assert await world.maintenance.forget_expired(limit=2) == 1
    assert await counts(world) == {EventState.QUEUED: 3}


async def test_folding_the_intake_changes_no_count(world: LedgerWorld) -> None:
    here, there = await install(world), await install(world, OTHER_STORE)
    for number in range(5):
        await world.inbox.accept(delivery(world, here, order(number), b"%d" % (number % 3)))
        await world.inbox.accept(delivery(world, there, order(number)))
    before = await world.reader.books()
    assert await world.maintenance.compact_intake() > 0
    assert await world.reader.books() == before
    assert await world.maintenance.compact_intake() == 0
    books = (await world.reader.books(StoreId(STORE))).of(Origin.ZID)
    assert (books.received, books.duplicates) == (3, 2)


async def test_folding_loses_nothing_that_comes_in_meanwhile(world: LedgerWorld) -> None:
    live = await install(world)
    given = [delivery(world, live, order(number)) for number in range(60)]
    folding = (world.maintenance.compact_intake() for _ in range(4))
    await asyncio.gather(*map(world.inbox.accept, given), *folding)
    assert (await world.reader.books()).of(Origin.ZID).received == 60


async def test_released_work_goes_on_where_it_stood(world: LedgerWorld) -> None:
    live = await install(world)
    [event_id] = await queued(world, live, 1)
    async with world.events.open_batch([event_id], limit=1) as batch:
        [event] = batch.events
    await world.events.put_off(event, Settlement(EventState.WAITING, due_at=world.now() - timedelta(seconds=1)))
    await world.maintenance.release_due(limit=1)
    async with world.events.open_batch([event_id], limit=1) as batch:
        assert [one.attempts for one in batch.events] == [1]
        await batch.commit(BatchResult([SettledEvent(event_id)]))
    assert await state(world, event_id) is EventState.DONE
