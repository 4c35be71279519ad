"""Work that other queues leave lying for ever, on every ledger. Each test is named by the complaint it answers."""

from datetime import timedelta

from core.domain.event_states import EventState
from core.domain.events import Settlement, WorkItem, WorkKind
from core.ids import StoreId
from tests.contract.scenes import claimed, install, queued, settle, through_the_mirror
from tests.contract.worlds import STORE, LedgerWorld


async def opened_run(world: LedgerWorld) -> WorkItem:
    [run] = await through_the_mirror(world, await queued(world, await install(world), 1), "courier")
    return run


async def test_convoy_1667_an_attempt_that_was_due_long_ago_is_picked(world: LedgerWorld) -> None:
    worker, run = await world.workers.join("consumer"), await opened_run(world)
    [held] = await claimed(world, worker, run)
    await settle(world, held, Settlement(EventState.WAITING, due_at=world.now() - timedelta(days=365)))
    assert list(await world.maintenance.release_due(limit=10)) == [run]
    assert len(await claimed(world, worker, run)) == 1


async def test_river_1258_what_a_dead_worker_ran_does_not_stay_running(world: LedgerWorld) -> None:
    """5,133 jobs stuck in `running`, until somebody's timer of an hour."""
    dead, run = await world.workers.join("consumer"), await opened_run(world)
    await claimed(world, dead, run)
    await world.hands.expire_lease(dead)
    assert list(await world.maintenance.release_orphans()) == [run]


async def test_river_1105_work_of_an_unknown_handler_is_not_discarded(world: LedgerWorld) -> None:
    """Its worker died, and whoever rescues it has never heard of its handler: it is queued, not dropped."""
    [run] = await through_the_mirror(world, await queued(world, await install(world), 1), "a.handler.of.last.year")
    dead = await world.workers.join("consumer")
    await claimed(world, dead, run)
    await world.hands.expire_lease(dead)
    await world.maintenance.release_orphans()
    assert len(await claimed(world, await world.workers.join("consumer"), run)) == 1


async def test_procrastinate_1518_work_of_a_worker_that_nobody_remembers_is_released(world: LedgerWorld) -> None:
    gone, run = await world.workers.join("consumer"), await opened_run(world)
    await claimed(world, gone, run)
    await world.workers.leave(gone)
    assert list(await world.maintenance.release_orphans()) == [run]


async def test_oban_862_a_restarted_worker_is_not_taken_for_the_one_before(world: LedgerWorld) -> None:
    """The same machine, the same name: what the dead one held is still the dead one's."""
    before, run = await world.workers.join("consumer"), await opened_run(world)
    await claimed(world, before, run)
    after = await world.workers.join("consumer")
    assert after != before
    await world.hands.expire_lease(before)
    assert await world.workers.renew(after)
    assert list(await world.maintenance.release_orphans()) == [run]


async def test_sidekiq_4635_orphans_need_no_restart_and_no_deploy(world: LedgerWorld) -> None:
    """The next sweep of any process releases them, and the one after finds nothing more."""
    dead, run = await world.workers.join("consumer"), await opened_run(world)
    await claimed(world, dead, run)
    assert list(await world.maintenance.release_orphans()) == [], "it is alive"
    await world.hands.expire_lease(dead)
    assert len(await world.maintenance.release_orphans()) == 1
    assert list(await world.maintenance.release_orphans()) == []


async def test_svix_1511_work_whose_event_is_gone_is_nobodys_for_ever(world: LedgerWorld) -> None:
    """The index still names it: it is not claimable, so it is let go and never announced again."""
    [event_id] = await queued(world, await install(world), 1)
    await world.hands.remove_event(event_id)
    world.tampered = True
    ghosts = [WorkItem(WorkKind.EVENT, str(event_id), STORE), WorkItem(WorkKind.RUN, "987654321", StoreId(STORE))]
    async with world.events.open_batch([event_id], limit=10) as batch:
        assert list(batch.events) == []
    assert await world.runs.claim([987654321], await world.workers.join("consumer")) == []
    assert list(await world.events.claimable(ghosts)) == []
