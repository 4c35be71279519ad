"""Of a paused store everything is taken in and kept, and nothing is claimed."""

import asyncio

from core.domain.event_states import EventState
from core.domain.events import BatchResult, SettledEvent, Settlement, WorkItem, WorkKind
from core.features.pause_store import PAUSED, RESUMED, PauseStore
from core.ids import EventId
from tests.contract.scenes import audit, claimed, counts, install, queued, settle, state, through_the_mirror
from tests.contract.worlds import OTHER_STORE, STORE, LedgerWorld


def item(event_id: EventId) -> WorkItem:
    return WorkItem(WorkKind.EVENT, str(event_id), STORE)


async def batch_ids(world: LedgerWorld, ids: list[EventId]) -> list[EventId]:
    async with world.events.open_batch(ids, limit=100) as batch:
        return [event.event_id for event in batch.events]


async def test_what_arrives_for_a_paused_store_is_kept_and_handed_out_after_it(world: LedgerWorld) -> None:
    live, other = await install(world), await install(world, OTHER_STORE)
    before = await queued(world, live, 1)
    assert await world.pauses.pause(STORE, audit=audit())
    during = await queued(world, live, 1, 2)
    elsewhere = await queued(world, other, 1)
    assert await batch_ids(world, [*before, *during, *elsewhere]) == elsewhere
    assert list(await world.events.claimable([item(event_id) for event_id in before + during])) == []
    assert [one.id for one in await world.events.backlog(limit=10)] == [str(elsewhere[0])]
    assert list(await world.events.backlog(STORE, limit=10)) == []
    assert await counts(world) == {EventState.QUEUED: 4}
    assert await world.pauses.resume(STORE, audit=audit())
    assert await batch_ids(world, before + during) == before + during
    assert list(await world.events.backlog(STORE, limit=10)) == [item(before[0]), item(during[1])]


async def test_runs_of_a_paused_store_wait_and_what_runs_ends(world: LedgerWorld) -> None:
    live, worker = await install(world), await world.workers.join("consumer")
    opened = await through_the_mirror(world, await queued(world, live, 1, 2), "courier")
    [running] = await claimed(world, worker, opened[0])
    await world.pauses.pause(STORE, audit=audit())
    assert await claimed(world, worker, opened[1]) == []
    assert list(await world.events.claimable(opened)) == []
    await settle(world, running)
    assert await state(world, running.event.event_id) is EventState.DONE
    await world.pauses.resume(STORE, audit=audit())
    assert [run.run_id for run in await claimed(world, worker, opened[1])] == [int(opened[1].id)]


async def test_a_retry_that_comes_due_during_a_pause_waits_too(world: LedgerWorld) -> None:
    live, worker = await install(world), await world.workers.join("consumer")
    [opened] = await through_the_mirror(world, await queued(world, live, 1), "courier")
    [run] = await claimed(world, worker, opened)
    await settle(world, run, Settlement(EventState.WAITING, due_at=world.now()))
    await world.pauses.pause(STORE, audit=audit())
    due = await world.maintenance.release_due(limit=10)
    assert await claimed(world, worker, *due) == []
    await world.pauses.resume(STORE, audit=audit())
    assert len(await claimed(world, worker, opened)) == 1


async def test_after_a_pause_returned_no_batch_of_the_store_is_open(world: LedgerWorld) -> None:
    """A batch that was open is waited for, as far as it holds the store; either way it is the last."""
    live = await install(world)
    ids = await queued(world, live, 1, 2)
    async with world.events.open_batch(ids[:1], limit=10) as batch:
        pausing = asyncio.create_task(world.pauses.pause(STORE, audit=audit()))
        await asyncio.sleep(0)
        await batch.commit(BatchResult([SettledEvent(ids[0])]))
    assert await pausing
    assert await state(world, ids[0]) is EventState.DONE
    assert await batch_ids(world, ids) == []


async def test_pausing_twice_changes_and_audits_once(world: LedgerWorld) -> None:
    live = await install(world)
    assert not await world.pauses.resume(STORE, audit=audit("resumed"))
    assert await world.pauses.pause(STORE, audit=audit("paused"))
    assert not await world.pauses.pause(STORE, audit=audit("paused"))
    assert await world.pauses.resume(STORE, audit=audit("resumed"))
    assert not await world.pauses.pause(OTHER_STORE, audit=audit("paused", OTHER_STORE)), "it was never installed"
    actions = [record.entry.action for record in await world.log.page(store_id=STORE)]
    assert actions[:2] == ["resumed", "paused"]
    assert actions.count("paused") == actions.count("resumed") == 1
    found = await world.installations.current(STORE)
    assert found is not None
    assert (found.install_id, found.paused_at) == (live.install_id, None)


async def test_since_when_a_store_is_paused_is_shown_and_outlives_a_reinstall(world: LedgerWorld) -> None:
    await install(world)
    await install(world, OTHER_STORE)
    await world.pauses.pause(STORE, audit=audit())
    again = await install(world)
    assert again.epoch == 2
    shown = {one.store_id: one for one in await world.installations.page()}
    assert shown[STORE].epoch == 2
    assert shown[STORE].paused_at is not None
    assert shown[OTHER_STORE].paused_at is None


async def test_pausing_and_resuming_tell_how_the_store_stands(world: LedgerWorld) -> None:
    live = await install(world)
    feature = PauseStore(installations=world.installations, pauses=world.pauses, ledger=world.events, window=2)
    ids = await queued(world, live, 1, 2, 3)
    paused = await feature.pause(STORE, actor="a person", request_id="r1")
    assert paused is not None
    assert (paused.changed, paused.released) == (True, ())
    assert paused.paused_at is not None
    again = await feature.pause(STORE)
    assert again is not None
    assert (again.changed, again.paused_at) == (False, paused.paused_at)
    resumed = await feature.resume(STORE, actor="a person")
    assert resumed is not None
    assert (resumed.changed, resumed.paused_at) == (True, None)
    assert list(resumed.released) == [item(ids[0]), item(ids[1])], "as many as the index takes of one store"
    assert await feature.pause(OTHER_STORE) is None
    assert await feature.resume(OTHER_STORE) is None
    entries = [record.entry for record in await world.log.page(store_id=STORE)][:2]
    assert [(one.action, one.actor, one.install_id) for one in entries] == [
        (RESUMED, "a person", live.install_id),
        (PAUSED, "a person", live.install_id),
    ]
    assert entries[1].request_id == "r1"
