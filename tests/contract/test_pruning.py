"""Promises of the Pruning port."""

import asyncio
from datetime import timedelta

from core.domain.event_states import EventState, Origin
from core.domain.events import Settlement
from core.domain.retention import Retention
from core.ids import EventId, Seq
from tests.contract.scenes import (
    DEAD,
    EVERYTHING,
    audit,
    claimed,
    counts,
    dead_on_arrival,
    detail,
    install,
    queued,
    settle,
)
from tests.contract.scenes import through_the_mirror as mirrored
from tests.contract.worlds import OTHER_STORE, LedgerWorld

KEEP = Retention(timedelta(days=30), timedelta(days=90))
LONG_AGO = timedelta(days=31)
START = Seq(0)


async def _done(world: LedgerWorld, number: int = 3) -> list[EventId]:
    ids = await queued(world, await install(world), *range(number))
    await mirrored(world, ids)
    return ids


async def _kept(world: LedgerWorld, ids: list[EventId]) -> list[bool]:
    return [await world.reader.event(event_id) is not None for event_id in ids]


async def test_what_was_settled_long_ago_goes_and_is_still_counted(world: LedgerWorld) -> None:
    old, young, other = await _done(world)
    await world.hands.age(old, LONG_AGO)
    assert (await world.pruning.prune(KEEP, after=START, limit=10)).removed == 1
    assert await _kept(world, [old, young, other]) == [False, True, True]
    books = (await world.reader.books()).of(Origin.ZID)
    assert (books.received, books.states) == (3, {EventState.DONE: 3})


async def test_an_event_goes_with_its_runs(world: LedgerWorld) -> None:
    [event_id] = await queued(world, await install(world), 1)
    [item] = await mirrored(world, [event_id], "courier")
    [run] = await claimed(world, await world.workers.join("consumer"), item)
    await settle(world, run)
    await world.hands.age(event_id, LONG_AGO)
    await world.pruning.prune(KEEP, after=START, limit=10)
    assert await _kept(world, [event_id]) == [False]
    assert await world.runs.claim([run.run_id], run.worker) == []
    assert await counts(world) == {EventState.DONE: 1}


async def test_what_is_not_finished_stays_whatever_its_age(world: LedgerWorld) -> None:
    live = await install(world)
    waiting, waits_behind, running = await queued(world, live, 1, 1, 2)
    await mirrored(world, [running], "courier")
    async with world.events.open_batch([waiting], limit=1) as batch:
        [event] = batch.events
    later = Settlement(EventState.WAITING, due_at=world.now() + timedelta(days=1))
    await world.events.put_off(event, later)
    for event_id in (waiting, waits_behind, running):
        await world.hands.age(event_id, timedelta(days=4000))
    assert (await world.pruning.prune(KEEP, after=START, limit=10)).removed == 0
    assert await _kept(world, [waiting, waits_behind, running]) == [True, True, True]


async def test_a_dead_event_waits_longer_for_a_person(world: LedgerWorld) -> None:
    live = await install(world)
    given = dead_on_arrival(world, live)
    await world.inbox.accept(given)
    await world.hands.age(given.event_id, timedelta(days=89))
    assert (await world.pruning.prune(KEEP, after=START, limit=10)).removed == 0
    await world.hands.age(given.event_id, timedelta(days=2))
    assert (await world.pruning.prune(KEEP, after=START, limit=10)).removed == 1
    assert await counts(world) == {EventState.DEAD: 1}


async def test_a_redriven_event_is_not_old(world: LedgerWorld) -> None:
    [event_id] = await queued(world, await install(world), 1)
    [item] = await mirrored(world, [event_id], "courier")
    [run] = await claimed(world, await world.workers.join("consumer"), item)
    await settle(world, run, DEAD)
    await world.hands.age(event_id, timedelta(days=91))
    await world.desk.redrive(EVERYTHING, [event_id], audit=audit())
    assert (await world.pruning.prune(KEEP, after=START, limit=10)).removed == 0
    assert (await detail(world, event_id)).summary.state is EventState.RUNNING


async def test_each_store_and_state_is_counted_for_itself(world: LedgerWorld) -> None:
    here, there = await install(world), await install(world, OTHER_STORE)
    mine, cancelled = await queued(world, here, 1, 2)
    await mirrored(world, [mine])
    theirs = await queued(world, there, 1, 2)
    await mirrored(world, theirs)
    await world.installations.end(here.install_id, audit=audit())
    for event_id in (mine, cancelled, *theirs):
        await world.hands.age(event_id, LONG_AGO)
    assert (await world.pruning.prune(KEEP, after=START, limit=10)).removed == 4
    ours = (await world.reader.books(here.store_id)).of(Origin.ZID)
    assert ours.states == {EventState.DONE: 1, EventState.CANCELLED: 1}
    assert (await world.reader.books(there.store_id)).of(Origin.ZID).states == {EventState.DONE: 2}


async def test_batches_go_on_where_the_last_one_ended_until_events_are_young(world: LedgerWorld) -> None:
    ids = await _done(world, 6)
    for event_id in ids[:4]:
        await world.hands.age(event_id, LONG_AGO)
    first = await world.pruning.prune(KEEP, after=START, limit=3)
    assert (first.removed, first.seen is not None) == (3, True)
    assert first.seen is not None
    second = await world.pruning.prune(KEEP, after=first.seen, limit=1)
    assert second.removed == 1
    assert second.seen is not None
    last = await world.pruning.prune(KEEP, after=second.seen, limit=2)
    assert (last.removed, last.seen) == (0, None)
    assert await _kept(world, ids) == [False] * 4 + [True] * 2


async def test_many_at_once_count_every_event_once(world: LedgerWorld) -> None:
    ids = await _done(world, 12)
    for event_id in ids:
        await world.hands.age(event_id, LONG_AGO)
    pruned = await asyncio.gather(*(world.pruning.prune(KEEP, after=START, limit=12) for _ in range(4)))
    assert sum(one.removed for one in pruned) == 12
    assert await counts(world) == {EventState.DONE: 12}
