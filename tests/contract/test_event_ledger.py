"""What every ledger of events promises about batches, lanes and the mirror."""

import asyncio
import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from core.domain.event_states import EventState, Origin
from core.domain.events import BatchResult, DerivedEvent, SettledEvent, Settlement, WorkItem, WorkKind
from core.domain.mirror import MirrorRow
from core.errors import Conflict
from core.ids import Entity, EntityKind, EventId
from core.ports.ledger_reading import EventFilter
from tests.contract.scenes import (
    audit,
    counts,
    delivery,
    detail,
    install,
    order,
    queued,
    run_states,
    state,
    through_the_mirror,
)
from tests.contract.worlds import OTHER_STORE, STORE, LedgerWorld


def item(event_id: EventId) -> WorkItem:
    return WorkItem(WorkKind.EVENT, str(event_id), STORE)


async def batch_ids(world: LedgerWorld, ids: list[EventId], limit: int = 100) -> list[EventId]:
    """What a batch of these would hold; it is given back."""
    async with world.events.open_batch(ids, limit=limit) as batch:
        return [event.event_id for event in batch.events]


async def test_a_batch_holds_whole_lanes_in_arrival_order(world: LedgerWorld) -> None:
    live = await install(world)
    first, other, second, third = await queued(world, live, 1, 2, 1, 1)
    assert await batch_ids(world, [second]) == [first, second, third]
    assert await batch_ids(world, [third, other]) == [first, other, second, third]


async def test_a_claimed_event_is_as_it_was_accepted(world: LedgerWorld) -> None:
    live = await install(world)
    given = delivery(world, live, order(3), b"the body")
    await world.inbox.accept(given)
    async with world.events.open_batch([given.event_id], limit=1) as batch:
        [event] = batch.events
    assert (event.event_id, event.store_id, event.install_id) == (given.event_id, STORE, live.install_id)
    assert (event.topic, event.entity, event.body, event.origin) == ("order.create", order(3), b"the body", Origin.ZID)
    assert event.attempts == 0


async def test_a_limit_cuts_from_the_end(world: LedgerWorld) -> None:
    live = await install(world)
    ids = await queued(world, live, 1, 2, 1, 2)
    assert await batch_ids(world, ids[2:], limit=3) == ids[:3]


async def test_unknown_and_settled_events_give_an_empty_batch(world: LedgerWorld) -> None:
    live = await install(world)
    ids = await queued(world, live, 1)
    await through_the_mirror(world, ids)
    assert await batch_ids(world, [*ids, world.ids.event_id()]) == []


async def test_leaving_without_commit_gives_all_back(world: LedgerWorld) -> None:
    live = await install(world)
    ids = await queued(world, live, 1, 1)
    with pytest.raises(LookupError):
        async with world.events.open_batch(ids, limit=10):
            raise LookupError
    assert await counts(world) == {EventState.QUEUED: 2}
    assert await batch_ids(world, ids) == ids


async def test_what_was_committed_stays_whatever_follows(world: LedgerWorld) -> None:
    live = await install(world)
    [event_id] = await queued(world, live, 1)
    with suppress(LookupError):
        async with world.events.open_batch([event_id], limit=1) as batch:
            await batch.commit(BatchResult([SettledEvent(event_id)]))
            raise LookupError
    assert await state(world, event_id) is EventState.DONE


async def test_no_event_is_in_two_batches_and_no_lane_either(world: LedgerWorld) -> None:
    live = await install(world)
    first, second, other = await queued(world, live, 1, 1, 2)
    async with world.events.open_batch([first], limit=1) as held:
        assert [event.event_id for event in held.events] == [first]
        assert await batch_ids(world, [first, second, other]) == [other]
    assert await batch_ids(world, [first, second, other]) == [first, second, other]


async def test_batches_at_once_never_overlap(world: LedgerWorld) -> None:
    live = await install(world)
    ids = await queued(world, live, *(number % 6 for number in range(24)))
    everybody_holds = asyncio.Barrier(4)

    async def hold(mine: list[EventId]) -> list[EventId]:
        async with world.events.open_batch(mine, limit=9) as batch:
            await everybody_holds.wait()
            return [event.event_id for event in batch.events]

    held = await asyncio.gather(*(hold(ids[place:] + ids[:place]) for place in (0, 5, 11, 17)))
    together = [event_id for one in held for event_id in one]
    assert len(together) == len(set(together))
    assert together


async def test_settled_without_handlers_is_done(world: LedgerWorld) -> None:
    live = await install(world)
    ids = await queued(world, live, 1, 2)
    assert await through_the_mirror(world, ids) == []
    assert await counts(world) == {EventState.DONE: 2}
    assert (await detail(world, ids[0])).summary.settled_at is not None


async def test_settled_with_handlers_runs_until_they_end(world: LedgerWorld) -> None:
    live = await install(world)
    [event_id] = await queued(world, live, 1)
    opened = await through_the_mirror(world, [event_id], "first", "second")
    assert [(one.kind, one.store_id) for one in opened] == [(WorkKind.RUN, STORE)] * 2
    assert await state(world, event_id) is EventState.RUNNING
    assert await run_states(world, event_id) == {"first": EventState.QUEUED, "second": EventState.QUEUED}
    assert await batch_ids(world, [event_id]) == []


async def test_the_next_of_the_lane_need_not_wait_for_handlers(world: LedgerWorld) -> None:
    live = await install(world)
    first, second = await queued(world, live, 1, 1)
    async with world.events.open_batch([first], limit=1) as batch:
        await batch.commit(BatchResult([SettledEvent(first, ("slow",))]))
    assert await batch_ids(world, [second]) == [second]


async def test_what_was_left_out_of_the_result_stays_queued(world: LedgerWorld) -> None:
    live = await install(world)
    first, second = await queued(world, live, 1, 2)
    async with world.events.open_batch([first, second], limit=2) as batch:
        await batch.commit(BatchResult([SettledEvent(first)]))
    assert await counts(world) == {EventState.DONE: 1, EventState.QUEUED: 1}


async def test_staleness_is_recorded(world: LedgerWorld) -> None:
    live = await install(world)
    [event_id] = await queued(world, live, 1)
    async with world.events.open_batch([event_id], limit=1) as batch:
        await batch.commit(BatchResult([SettledEvent(event_id, stale=True)]))
    assert (await detail(world, event_id)).summary.stale


ROW = MirrorRow(
    order(1),
    datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    {"status": "new", "payment_status": None},
    {"code": "A1", "status": "new", "total": Decimal("10.50"), "currency": "SAR"},
    b'{"id": 1}',
)


async def test_a_mirror_row_comes_back_as_it_was_written(world: LedgerWorld) -> None:
    live = await install(world)
    first, second = await queued(world, live, 1, 1)
    key = (STORE, order(1))
    async with world.events.open_batch([first], limit=1) as batch:
        assert await batch.rows([key]) == {}
        await batch.commit(BatchResult([SettledEvent(first)], inserts=[(STORE, ROW)]))
    changed = MirrorRow(order(1), None, {"status": "done"}, {}, b"", deleted=True)
    async with world.events.open_batch([second], limit=1) as batch:
        found = (await batch.rows([key, (OTHER_STORE, order(1))]))[key]
        await batch.commit(BatchResult([SettledEvent(second)], updates=[(STORE, changed)]))
    assert (found.entity, found.version, found.deleted) == (ROW.entity, ROW.version, False)
    assert (dict(found.facts), found.body) == (dict(ROW.facts), ROW.body)
    assert await world.reader.mirror_counts(STORE) == {}


async def test_every_kind_of_entity_has_its_mirror(world: LedgerWorld) -> None:
    live = await install(world)
    kinds = [kind for kind in EntityKind if kind is not EntityKind.STORE]
    ids = []
    for kind in kinds:
        given = delivery(world, live, Entity(kind, "1"))
        await world.inbox.accept(given)
        ids.append(given.event_id)
    rows = [(STORE, MirrorRow(Entity(kind, "1"), None, {"a": "b"}, {}, b"{}")) for kind in kinds]
    async with world.events.open_batch(ids, limit=10) as batch:
        await batch.commit(BatchResult([SettledEvent(event_id) for event_id in ids], inserts=rows))
    assert await world.reader.mirror_counts(STORE) == dict.fromkeys(kinds, 1)


async def test_a_row_that_appeared_meanwhile_is_a_conflict_that_keeps_nothing(world: LedgerWorld) -> None:
    live = await install(world)
    first, second = await queued(world, live, 1, 2)
    async with world.events.open_batch([first], limit=1) as batch:
        await batch.commit(BatchResult([SettledEvent(first)], inserts=[(STORE, ROW)]))
    other = MirrorRow(order(2), None)
    with pytest.raises(Conflict):
        async with world.events.open_batch([second], limit=1) as batch:
            await batch.commit(BatchResult([SettledEvent(second)], inserts=[(STORE, other), (STORE, ROW)]))
    assert await state(world, second) is EventState.QUEUED
    assert await world.reader.mirror_counts(STORE) == {EntityKind.ORDER: 1}


async def test_derived_events_enter_with_their_runs_and_their_count(world: LedgerWorld) -> None:
    live = await install(world)
    [event_id] = await queued(world, live, 1)
    opened = await through_the_mirror(world, [event_id], derived=[("courier",), ()])
    assert len(opened) == 1
    derived = (await world.reader.books()).of(Origin.DERIVED)
    assert derived.received == 2
    assert await counts(world, Origin.DERIVED) == {EventState.RUNNING: 1, EventState.DONE: 1}
    newest = (await world.reader.events(EventFilter(origin=Origin.DERIVED), limit=2))[0]
    assert (newest.topic, newest.install_id) == ("payment.paid", live.install_id)


async def test_a_derived_body_is_its_content_as_json(world: LedgerWorld) -> None:
    live = await install(world)
    [event_id] = await queued(world, live, 1)
    derived_id = world.ids.event_id()
    async with world.events.open_batch([event_id], limit=1) as batch:
        parent = batch.events[0]
        data = {"old": "جديد", "new": None, "delta": -2}
        found = DerivedEvent(derived_id, parent, "product.price_changed", Entity(EntityKind.PRODUCT, "p"), data)
        await batch.commit(BatchResult([SettledEvent(event_id)], derived=[found]))
    body = (await detail(world, derived_id)).body
    assert body is not None
    assert json.loads(body) == data


PAST = timedelta(seconds=-1)


@pytest.mark.parametrize("target", [EventState.WAITING, EventState.DEAD])
async def test_an_event_put_off_says_why(world: LedgerWorld, target: EventState) -> None:
    live = await install(world)
    [event_id] = await queued(world, live, 1)
    async with world.events.open_batch([event_id], limit=1) as batch:
        [event] = batch.events
    due = world.now() + timedelta(hours=1) if target is EventState.WAITING else None
    await world.events.put_off(event, Settlement(target, due_at=due, reason="ValueError: no"))
    summary = (await detail(world, event_id)).summary
    assert (summary.state, summary.attempts, summary.reason) == (target, 1, "ValueError: no")


async def test_a_waiting_event_blocks_its_lane_and_a_dead_one_does_not(world: LedgerWorld) -> None:
    live = await install(world)
    first, second = await queued(world, live, 1, 1)
    async with world.events.open_batch([first], limit=1) as batch:
        [event] = batch.events
    await world.events.put_off(event, Settlement(EventState.WAITING, due_at=world.now() + PAST))
    assert await batch_ids(world, [second]) == []
    assert list(await world.events.claimable([item(second)])) == []
    assert list(await world.maintenance.release_due(limit=10)) == [item(first)]
    assert await batch_ids(world, [second]) == [first, second]
    await world.events.put_off(event, Settlement(EventState.DEAD, reason="gave up"))
    assert await batch_ids(world, [second]) == [second]


async def test_putting_off_what_is_no_longer_queued_does_nothing(world: LedgerWorld) -> None:
    live = await install(world)
    [event_id] = await queued(world, live, 1)
    async with world.events.open_batch([event_id], limit=1) as batch:
        [event] = batch.events
        await batch.commit(BatchResult([SettledEvent(event_id)]))
    await world.events.put_off(event, Settlement(EventState.DEAD, reason="late"))
    assert await state(world, event_id) is EventState.DONE


async def test_events_of_an_ended_install_never_come(world: LedgerWorld) -> None:
    live = await install(world)
    ids = await queued(world, live, 1, 2)
    assert await world.installations.end(live.install_id, audit=audit()) == 2
    assert await batch_ids(world, ids) == []
    assert list(await world.events.claimable([item(event_id) for event_id in ids])) == []
    assert list(await world.events.backlog(limit=10)) == []


async def test_an_install_that_ends_while_a_batch_is_open_leaves_nothing_at_work(world: LedgerWorld) -> None:
    live = await install(world)
    [event_id] = await queued(world, live, 1)
    async with world.events.open_batch([event_id], limit=1) as batch:
        ending = asyncio.create_task(world.installations.end(live.install_id, audit=audit()))
        done, _ = await asyncio.wait({ending}, timeout=0.05)
        assert not done, "an install ended under an open batch"
        parent = batch.events[0]
        derived = DerivedEvent(world.ids.event_id(), parent, "payment.paid", order(1), {}, ("courier",))
        runs = await batch.commit(BatchResult([SettledEvent(event_id, ("courier",))], derived=[derived]))
    assert await ending is not None
    assert await counts(world) == {EventState.CANCELLED: 1}
    assert await counts(world, Origin.DERIVED) == {EventState.CANCELLED: 1}
    assert await run_states(world, event_id) == {"courier": EventState.CANCELLED}
    assert list(await world.events.claimable(runs)) == []


async def test_claimable_is_what_a_claim_would_get(world: LedgerWorld) -> None:
    live = await install(world)
    first, second, other = await queued(world, live, 1, 1, 2)
    found = await world.events.claimable([item(second), item(other), item(first), item(world.ids.event_id())])
    assert sorted(found) == sorted([item(other), item(first)])


async def test_what_follows_in_the_lanes_is_free_after_the_commit(world: LedgerWorld) -> None:
    live = await install(world)
    first, second, third, elsewhere = await queued(world, live, 1, 1, 2, 3)
    async with world.events.open_batch([first, third], limit=1) as batch:
        [event] = batch.events
        assert list(await world.events.following([event])) == [item(first)], "nothing is free before the commit"
        await batch.commit(BatchResult([SettledEvent(first)]))
    assert list(await world.events.following([event])) == [item(second)]
    await world.events.put_off(
        replace(event, event_id=second), Settlement(EventState.WAITING, due_at=world.now() + PAST)
    )
    assert list(await world.events.following([event])) == []
    assert await batch_ids(world, [third, elsewhere]) == [third, elsewhere]


async def test_claimable_runs_are_the_next_of_their_lanes(world: LedgerWorld) -> None:
    live = await install(world)
    ids = await queued(world, live, 1, 1)
    opened = await through_the_mirror(world, ids, "courier")
    assert list(await world.events.claimable(opened)) == opened[:1]


async def test_the_backlog_is_claimable_work_in_arrival_order(world: LedgerWorld) -> None:
    here, there = await install(world), await install(world, OTHER_STORE)
    a1, _blocked, a2, a3 = await queued(world, here, 1, 1, 2, 3)
    [b1] = await queued(world, there, 1)
    all_of_it = [one.id for one in await world.events.backlog(limit=10)]
    assert all_of_it == [str(event_id) for event_id in (a1, a2, a3, b1)]
    assert [one.id for one in await world.events.backlog(limit=2)] == [str(event_id) for event_id in (a1, a2, b1)]
    assert [one.id for one in await world.events.backlog(STORE, limit=1)] == [str(a1)]
    opened = await through_the_mirror(world, [b1], "courier")
    assert list(await world.events.backlog(OTHER_STORE, limit=10)) == opened


async def test_the_backlog_keeps_arrival_order_whenever_runs_were_opened(world: LedgerWorld) -> None:
    live = await install(world)
    first, second = await queued(world, live, 1, 2)
    opened_first = await through_the_mirror(world, [second], "courier")
    opened_second = await through_the_mirror(world, [first], "courier")
    assert list(await world.events.backlog(STORE, limit=1)) == opened_second
    assert list(await world.events.backlog(limit=2)) == opened_second + opened_first


async def test_a_long_lane_does_not_keep_the_others_out_of_a_batch(world: LedgerWorld) -> None:
    """Of every lane the first comes before the second of any, though the long lane arrived first."""
    live, other = await install(world), await install(world, OTHER_STORE)
    long_lane = await queued(world, live, *[1] * 6)
    [second_lane] = await queued(world, live, 2)
    [quiet] = await queued(world, other, 1)
    assert await batch_ids(world, [long_lane[0], second_lane, quiet], limit=4) == [
        *long_lane[:2],
        second_lane,
        quiet,
    ]


async def test_the_backlog_finds_what_stands_behind_a_long_blocked_queue(world: LedgerWorld) -> None:
    live = await install(world)
    ids = await queued(world, live, *[1] * 12, 2, 3)
    async with world.events.open_batch(ids[:1], limit=1) as batch:
        [first] = batch.events
    await world.events.put_off(first, Settlement(EventState.WAITING, due_at=world.now() + timedelta(hours=1)))
    assert list(await world.events.backlog(STORE, limit=2)) == [item(ids[12]), item(ids[13])]
    assert list(await world.events.backlog(limit=2)) == [item(ids[12]), item(ids[13])]
    assert list(await world.events.backlog(limit=1)) == [item(ids[12])]


async def test_the_backlog_of_runs_reaches_behind_a_long_blocked_lane(world: LedgerWorld) -> None:
    live, worker = await install(world), await world.workers.join("consumer")
    ids = await queued(world, live, *[1] * 12, 2)
    opened = await through_the_mirror(world, ids, "courier")
    await world.runs.claim([int(opened[0].id)], worker)
    assert list(await world.events.backlog(STORE, limit=2)) == [opened[-1]]
    assert list(await world.events.backlog(limit=2)) == [opened[-1]]
