"""What a person's actions on events promise."""

from dataclasses import replace

from core.domain.event_states import EventState, Origin
from core.domain.events import Settlement, WorkItem, WorkKind
from core.ids import EventId
from core.ports.ledger_reading import EventFilter
from tests.contract.scenes import (
    DEAD,
    EVERYTHING,
    audit,
    claimed,
    counts,
    dead_on_arrival,
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
from tests.contract.worlds import STORE, LedgerWorld


def item(event_id: EventId) -> WorkItem:
    return WorkItem(WorkKind.EVENT, str(event_id), STORE)


async def dead_before_the_mirror(world: LedgerWorld, *orders: int) -> list[EventId]:
    live = await world.installations.current(STORE) or await install(world)
    ids = await queued(world, live, *orders)
    async with world.events.open_batch(ids, limit=10) as batch:
        events = list(batch.events)
    for event in events:
        await world.events.put_off(event, DEAD)
    return ids


async def dead_in_a_run(world: LedgerWorld) -> tuple[EventId, list[WorkItem]]:
    """One handler done, one given up."""
    live = await world.installations.current(STORE) or await install(world)
    [event_id] = await queued(world, live, 77)
    items = await through_the_mirror(world, [event_id], "good", "bad")
    runs = await claimed(world, await world.workers.join("consumer"), *items)
    await settle(world, next(run for run in runs if run.handler == "good"))
    await settle(world, next(run for run in runs if run.handler == "bad"), DEAD)
    return event_id, items


async def actions(world: LedgerWorld) -> list[str]:
    return [record.entry.action for record in await world.log.page(limit=50)]


async def test_a_redriven_event_is_queued_with_fresh_attempts(world: LedgerWorld) -> None:
    ids = await dead_before_the_mirror(world, 1, 2)
    found = await world.desk.redrive(EVERYTHING, [ids[0]], audit=audit("events.redriven"))
    assert list(found) == [item(ids[0])]
    summary = (await detail(world, ids[0])).summary
    assert (summary.state, summary.attempts, summary.settled_at) == (EventState.QUEUED, 0, None)
    assert await state(world, ids[1]) is EventState.DEAD
    assert (await actions(world))[0] == "events.redriven"


async def test_redriving_all_that_match(world: LedgerWorld) -> None:
    ids = await dead_before_the_mirror(world, 1, 2, 3)
    found = await world.desk.redrive(EventFilter(entity_id="2"), [], audit=audit())
    assert list(found) == [item(ids[1])]
    assert len(await world.desk.redrive(EventFilter(store_id=STORE), [], audit=audit())) == 2


async def test_only_the_handlers_that_gave_up_run_again(world: LedgerWorld) -> None:
    event_id, _ = await dead_in_a_run(world)
    assert await state(world, event_id) is EventState.DEAD
    found = await world.desk.redrive(EVERYTHING, [event_id], audit=audit())
    assert [one.kind for one in found] == [WorkKind.RUN]
    assert await run_states(world, event_id) == {"good": EventState.DONE, "bad": EventState.QUEUED}
    [run] = await claimed(world, await world.workers.join("consumer"), *found)
    assert (run.handler, run.attempt) == ("bad", 1)
    await settle(world, run)
    assert await state(world, event_id) is EventState.DONE


async def test_a_redriven_run_may_die_again(world: LedgerWorld) -> None:
    event_id, _ = await dead_in_a_run(world)
    found = await world.desk.redrive(EVERYTHING, [event_id], audit=audit())
    [run] = await claimed(world, await world.workers.join("consumer"), *found)
    await settle(world, run, Settlement(EventState.DEAD, reason="again"))
    assert await state(world, event_id) is EventState.DEAD
    assert len(await world.desk.redrive(EVERYTHING, [event_id], audit=audit())) == 1


async def test_only_dead_events_are_redriven(world: LedgerWorld) -> None:
    live = await install(world)
    ids = await queued(world, live, 1, 2)
    await through_the_mirror(world, ids[:1])
    assert list(await world.desk.redrive(EVERYTHING, ids, audit=audit())) == []
    assert await counts(world) == {EventState.DONE: 1, EventState.QUEUED: 1}


async def test_what_nothing_can_handle_stays_dead(world: LedgerWorld) -> None:
    live = await install(world)
    unreadable = dead_on_arrival(world, live)
    await world.inbox.accept(unreadable)
    assert list(await world.desk.redrive(EVERYTHING, [], audit=audit())) == []
    assert await state(world, unreadable.event_id) is EventState.DEAD


async def test_a_dead_event_of_an_ended_install_stays_dead(world: LedgerWorld) -> None:
    [event_id] = await dead_before_the_mirror(world, 1)
    live = await world.installations.current(STORE)
    assert live is not None
    await world.installations.end(live.install_id, audit=audit())
    assert list(await world.desk.redrive(EVERYTHING, [event_id], audit=audit())) == []
    assert await state(world, event_id) is EventState.DEAD


async def test_discarded_events_are_cancelled_and_counted(world: LedgerWorld) -> None:
    ids = await dead_before_the_mirror(world, 1, 2, 3)
    assert await world.desk.discard(EVERYTHING, ids[:1], reason="a test order", audit=audit()) == 1
    assert await world.desk.discard(EVERYTHING, [], reason="all", audit=audit("events.discarded")) == 2
    assert await world.desk.discard(EVERYTHING, ids, reason="again", audit=audit()) == 0
    assert (await detail(world, ids[0])).summary.reason == "a test order"
    assert await counts(world) == {EventState.CANCELLED: 3}
    assert "events.discarded" in await actions(world)


async def test_discarding_takes_the_dead_runs_along(world: LedgerWorld) -> None:
    event_id, _ = await dead_in_a_run(world)
    await world.desk.discard(EVERYTHING, [event_id], reason="no", audit=audit())
    assert await run_states(world, event_id) == {"good": EventState.DONE, "bad": EventState.CANCELLED}


async def test_a_replay_is_a_new_event_with_the_old_content(world: LedgerWorld) -> None:
    live = await install(world)
    [event_id] = await queued(world, live, 1)
    await through_the_mirror(world, [event_id])
    new_id = world.ids.event_id()
    assert await world.desk.replay(event_id, new_id, audit=audit("events.replayed")) == item(new_id)
    old, new = await detail(world, event_id), await detail(world, new_id)
    assert (new.summary.origin, new.summary.state, new.body) == (Origin.REPLAY, EventState.QUEUED, old.body)
    assert (new.summary.topic, new.summary.entity_id) == (old.summary.topic, old.summary.entity_id)
    assert old.summary.state is EventState.DONE
    assert (await world.reader.books()).of(Origin.REPLAY).received == 1
    assert (await actions(world))[0] == "events.replayed"
    await through_the_mirror(world, [new_id])


async def test_what_has_no_body_cannot_be_replayed(world: LedgerWorld) -> None:
    live = await install(world)
    [event_id] = await queued(world, live, 1)
    await world.installations.end(live.install_id, audit=audit())
    assert await world.desk.replay(event_id, world.ids.event_id(), audit=audit()) is None
    assert await world.desk.replay(world.ids.event_id(), world.ids.event_id(), audit=audit()) is None


async def test_counts_are_exact(world: LedgerWorld) -> None:
    live = await install(world)
    for number in range(60):
        await world.inbox.accept(replace(delivery(world, live, order(number)), topic=f"topic.{number % 2}"))
    assert await world.desk.count(EVERYTHING) == 60
    assert await world.desk.count(EventFilter(topic="topic.1")) == 30
    assert await world.desk.count(EventFilter(state=EventState.DEAD)) == 0
