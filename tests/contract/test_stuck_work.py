"""Work that other queues leave lying for ever, on every ledger. Each test is named by the complaint it answers."""

import asyncio
from datetime import timedelta

import pytest

from core.domain.event_states import EventState
from core.domain.events import Settlement, WorkItem, WorkKind
from core.errors import LostClaim
from core.ids import StoreId
from tests.contract.scenes import claimed, install, queued, settle, through_the_mirror
from tests.contract.worlds import STORE, LedgerWorld


async def opened_run(world: LedgerWorld) -> WorkItem:
    [run] = await through_the_mirror(world, await queued(world, await install(world), 1), "courier")
    return run


async def test_convoy_1667_and_1977_an_attempt_that_was_due_long_ago_is_picked(world: LedgerWorld) -> None:
    """By the next sweep, and without anybody pressing a button for deliveries that are stuck."""
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


async def test_river_347_682_and_773_a_long_handler_keeps_its_run_while_its_worker_lives(world: LedgerWorld) -> None:
    """There the time after which work is rescued also bounds how long it may take, for all jobs alike."""
    alive, dead = [await world.workers.join("consumer") for _ in range(2)]
    long_one, lost = await through_the_mirror(world, await queued(world, await install(world), 1, 2), "courier")
    await claimed(world, alive, long_one)
    await claimed(world, dead, lost)
    await world.hands.expire_lease(dead)
    for _ in range(3):
        assert await world.workers.renew(alive)
        await world.maintenance.release_orphans()
    assert await claimed(world, await world.workers.join("consumer"), long_one) == []
    assert len(await claimed(world, await world.workers.join("consumer"), lost)) == 1


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


async def test_procrastinate_740_work_of_a_worker_that_exited_needs_nobody_to_retry_it(world: LedgerWorld) -> None:
    gone, run = await world.workers.join("consumer"), await opened_run(world)
    await claimed(world, gone, run)
    await world.hands.expire_lease(gone)
    await world.maintenance.release_orphans()
    [again] = await claimed(world, await world.workers.join("consumer"), run)
    assert await settle(world, again, Settlement(EventState.DONE)) == []


async def test_procrastinate_1408_who_rescues_may_die_of_it(world: LedgerWorld) -> None:
    """There the job that retries stalled jobs stalls like any other, and then everything does."""
    dead, run = await world.workers.join("consumer"), await opened_run(world)
    await claimed(world, dead, run)
    await world.hands.expire_lease(dead)
    for steps in range(4):
        rescue = asyncio.ensure_future(world.maintenance.release_orphans())
        for _ in range(steps):
            await asyncio.sleep(0)
        rescue.cancel()
        await asyncio.wait({rescue})
    await world.maintenance.release_orphans()
    assert len(await claimed(world, await world.workers.join("consumer"), run)) == 1


async def test_oban_1037_a_worker_that_is_no_longer_counted_among_the_living_learns_of_it(world: LedgerWorld) -> None:
    """There producers went on taking jobs that were orphans at once. Here who is not alive gets none and keeps none."""
    forgotten, run = await world.workers.join("consumer"), await opened_run(world)
    [held] = await claimed(world, forgotten, run)
    await world.hands.expire_lease(forgotten)
    assert list(await world.maintenance.release_orphans()) == [run]
    assert not await world.workers.renew(forgotten)
    assert await claimed(world, forgotten, run) == []
    with pytest.raises(LostClaim):
        await settle(world, held, Settlement(EventState.DONE))
    assert len(await claimed(world, await world.workers.join("consumer"), run)) == 1


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


async def test_sidekiq_5540_and_6754_who_started_before_the_other_died_takes_its_work_over(world: LedgerWorld) -> None:
    """A rolling restart: there only processes that start later look for orphans."""
    dying, run = await world.workers.join("consumer"), await opened_run(world)
    started_before = await world.workers.join("consumer")
    await claimed(world, dying, run)
    await world.hands.expire_lease(dying)
    assert await world.workers.renew(started_before)
    assert list(await world.maintenance.release_orphans()) == [run]
    assert len(await claimed(world, started_before, run)) == 1


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
