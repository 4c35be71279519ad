"""What every ledger of runs promises about claims, lanes, fences and settling."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest

from core.domain.event_states import EventState
from core.domain.events import ClaimedRun, Failure, Settlement, WorkItem
from core.errors import LostClaim
from core.ids import EventId, WorkerId
from tests.contract.scenes import (
    DEAD,
    DONE,
    audit,
    claimed,
    counts,
    detail,
    install,
    queued,
    run_states,
    settle,
    state,
    through_the_mirror,
)
from tests.contract.worlds import EFFECT, LedgerWorld


async def opened(
    world: LedgerWorld, *handlers: str, orders: tuple[int, ...] = (1,)
) -> tuple[list[EventId], list[WorkItem]]:
    live = await install(world)
    ids = await queued(world, live, *orders)
    return ids, await through_the_mirror(world, ids, *(handlers or ("courier",)))


async def one_run(world: LedgerWorld) -> tuple[EventId, ClaimedRun]:
    ids, items = await opened(world)
    [run] = await claimed(world, await world.workers.join("consumer"), *items)
    return ids[0], run


async def settle_with_effect(world: LedgerWorld, run: ClaimedRun, note: str) -> None:
    async with world.runs.open(run) as scope:
        async with scope.unit_of_work as database:
            await database.execute(EFFECT, note)
        await scope.settle(DONE)


async def test_a_claim_tells_all_that_a_handler_needs(world: LedgerWorld) -> None:
    event_id, run = await one_run(world)
    assert (run.handler, run.attempt, run.event.event_id) == ("courier", 1, event_id)
    assert run.event.body == event_id.bytes
    assert run.idempotency_key == f"{event_id}:courier"
    assert await run_states(world, event_id) == {"courier": EventState.RUNNING}


async def test_two_claimers_never_get_the_same_run(world: LedgerWorld) -> None:
    _, items = await opened(world, orders=tuple(range(12)))
    workers = [await world.workers.join("consumer") for _ in range(4)]
    claims = await asyncio.gather(*(claimed(world, worker, *items) for worker in workers))
    given = [run.run_id for runs in claims for run in runs]
    assert len(given) == len(set(given))
    rest = await claimed(world, workers[0], *items)
    assert sorted([*given, *(run.run_id for run in rest)]) == sorted(int(item.id) for item in items)


async def test_a_lane_gives_its_next_run_only(world: LedgerWorld) -> None:
    ids, items = await opened(world, orders=(1, 1, 1))
    worker = await world.workers.join("consumer")
    assert await claimed(world, worker, *items[1:]) == []
    [first] = await claimed(world, worker, *items)
    assert first.event.event_id == ids[0]
    assert await claimed(world, worker, *items) == []
    assert await settle(world, first) == [items[1]]
    [second] = await claimed(world, worker, *items)
    assert second.event.event_id == ids[1]


async def test_handlers_of_one_event_have_lanes_of_their_own(world: LedgerWorld) -> None:
    _, items = await opened(world, "first", "second")
    runs = await claimed(world, await world.workers.join("consumer"), *items)
    assert sorted(run.handler for run in runs) == ["first", "second"]


async def test_a_waiting_run_blocks_its_lane_and_a_dead_one_does_not(world: LedgerWorld) -> None:
    _, items = await opened(world, orders=(1, 1))
    worker = await world.workers.join("consumer")
    [first] = await claimed(world, worker, *items)
    due = world.now() - timedelta(seconds=1)
    assert await settle(world, first, Settlement(EventState.WAITING, due_at=due)) == []
    assert await claimed(world, worker, *items) == []
    assert list(await world.maintenance.release_due(limit=10)) == items[:1]
    [again] = await claimed(world, worker, *items)
    assert again.attempt == 2
    assert await settle(world, again, DEAD) == items[1:]
    assert len(await claimed(world, worker, *items)) == 1


async def test_unknown_runs_and_dead_workers_get_nothing(world: LedgerWorld) -> None:
    _, items = await opened(world)
    worker = await world.workers.join("consumer")
    assert list(await world.runs.claim([999_999], worker)) == []
    await world.hands.expire_lease(worker)
    assert await claimed(world, worker, *items) == []
    assert await claimed(world, WorkerId(999_999), *items) == []


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ((EventState.DONE, EventState.DONE), EventState.DONE),
        ((EventState.DONE, EventState.DEAD), EventState.DEAD),
        ((EventState.DEAD, EventState.CANCELLED), EventState.DEAD),
        ((EventState.CANCELLED, EventState.DONE), EventState.DONE),
        ((EventState.CANCELLED, EventState.CANCELLED), EventState.CANCELLED),
    ],
)
async def test_the_last_run_ends_the_event(
    world: LedgerWorld, ends: tuple[EventState, EventState], expected: EventState
) -> None:
    [event_id], items = await opened(world, "first", "second")
    runs = await claimed(world, await world.workers.join("consumer"), *items)
    await settle(world, runs[0], Settlement(ends[0], reason="said so"))
    assert await state(world, event_id) is EventState.RUNNING
    await settle(world, runs[1], Settlement(ends[1], reason="said so"))
    assert await state(world, event_id) is expected
    assert (await detail(world, event_id)).summary.settled_at is not None


async def test_many_runs_of_one_event_settle_at_once(world: LedgerWorld) -> None:
    [event_id], items = await opened(world, *(f"h{number}" for number in range(6)))
    runs = await claimed(world, await world.workers.join("consumer"), *items)
    await asyncio.gather(*(settle(world, run) for run in runs))
    assert await state(world, event_id) is EventState.DONE


async def test_a_dead_event_says_why(world: LedgerWorld) -> None:
    event_id, run = await one_run(world)
    failure = Failure("ValueError", "no", "trace")
    await settle(world, run, Settlement(EventState.DEAD, reason="ValueError: no", failure=failure))
    found = await detail(world, event_id)
    assert [one.reason for one in found.runs] == ["ValueError: no"]
    assert found.summary.reason == "ValueError: no"


async def test_an_attempt_that_does_not_count_is_given_back(world: LedgerWorld) -> None:
    event_id, run = await one_run(world)
    await settle(world, run, Settlement(EventState.WAITING, due_at=world.now() + timedelta(hours=1), counted=False))
    [shown] = (await detail(world, event_id)).runs
    assert (shown.state, shown.attempts) == (EventState.WAITING, 0)
    assert shown.due_at is not None


async def test_a_run_settled_queued_is_the_next_of_its_lane_again(world: LedgerWorld) -> None:
    _, items = await opened(world, orders=(1, 1))
    worker = await world.workers.join("consumer")
    [run] = await claimed(world, worker, *items)
    assert await settle(world, run, Settlement(EventState.QUEUED, counted=False)) == items[:1]
    [again] = await claimed(world, worker, *items)
    assert (again.run_id, again.attempt) == (run.run_id, 1)
    assert again.fence > run.fence


async def test_effects_are_kept_with_done(world: LedgerWorld) -> None:
    _, run = await one_run(world)
    async with world.runs.open(run) as scope:
        async with scope.unit_of_work as database:
            await database.execute(EFFECT, "sent")
        assert await world.hands.effects() == []
        await scope.settle(DONE)
    assert await world.hands.effects() == ["sent"]


async def test_a_scope_knows_whether_its_handler_is_inside_the_unit_of_work(world: LedgerWorld) -> None:
    _, run = await one_run(world)
    async with world.runs.open(run) as scope:
        seen = [scope.in_unit_of_work]
        async with scope.unit_of_work:
            seen.append(scope.in_unit_of_work)
        seen.append(scope.in_unit_of_work)
    assert seen == [False, True, False]


@pytest.mark.parametrize("end", [EventState.WAITING, EventState.DEAD, EventState.CANCELLED, EventState.QUEUED])
async def test_effects_are_dropped_with_anything_else(world: LedgerWorld, end: EventState) -> None:
    event_id, run = await one_run(world)
    async with world.runs.open(run) as scope:
        async with scope.unit_of_work as database:
            await database.execute(EFFECT, "half done")
        await scope.settle(Settlement(end, due_at=world.now()))
    assert await world.hands.effects() == []
    assert await run_states(world, event_id) == {"courier": end}


async def test_an_exception_inside_the_unit_of_work_drops_its_effects(world: LedgerWorld) -> None:
    event_id, run = await one_run(world)
    async with world.runs.open(run) as scope:
        with suppress(LookupError):
            async with scope.unit_of_work as database:
                await database.execute(EFFECT, "half done")
                raise LookupError
        await scope.settle(DEAD)
    assert await world.hands.effects() == []
    assert await state(world, event_id) is EventState.DEAD


async def test_leaving_without_settle_keeps_nothing(world: LedgerWorld) -> None:
    event_id, run = await one_run(world)
    async with world.runs.open(run) as scope, scope.unit_of_work as database:
        await database.execute(EFFECT, "never")
    assert await world.hands.effects() == []
    assert await run_states(world, event_id) == {"courier": EventState.RUNNING}


async def test_settling_twice_loses_the_second(world: LedgerWorld) -> None:
    event_id, run = await one_run(world)
    await settle(world, run)
    with pytest.raises(LostClaim):
        await settle(world, run, DEAD)
    assert await state(world, event_id) is EventState.DONE


async def test_a_lost_claim_keeps_nothing(world: LedgerWorld) -> None:
    """A worker that froze and wakes after its lease, while another has the run."""
    event_id, frozen = await one_run(world)
    await world.hands.expire_lease(frozen.worker)
    [item] = await world.maintenance.release_orphans()
    [taken_over] = await claimed(world, await world.workers.join("consumer"), item)
    assert (taken_over.run_id, taken_over.attempt) == (frozen.run_id, 2)
    with pytest.raises(LostClaim):
        await settle_with_effect(world, frozen, "from the grave")
    assert await world.hands.effects() == []
    await settle(world, taken_over)
    assert await state(world, event_id) is EventState.DONE


async def test_a_released_run_cannot_be_settled_before_it_is_claimed_again(world: LedgerWorld) -> None:
    event_id, frozen = await one_run(world)
    await world.hands.expire_lease(frozen.worker)
    await world.maintenance.release_orphans()
    with pytest.raises(LostClaim):
        await settle(world, frozen)
    assert await run_states(world, event_id) == {"courier": EventState.QUEUED}


async def test_giving_back_counts_no_attempt(world: LedgerWorld) -> None:
    _, items = await opened(world, orders=(1, 2, 3))
    mine, other = await world.workers.join("consumer"), await world.workers.join("consumer")
    await claimed(world, mine, *items[:2])
    await claimed(world, other, items[2])
    assert sorted(await world.runs.give_back(mine)) == sorted(items[:2])
    assert list(await world.runs.give_back(mine)) == []
    again = await claimed(world, other, *items)
    assert [run.attempt for run in again] == [1, 1]


async def test_what_is_being_handled_is_not_given_back(world: LedgerWorld) -> None:
    _, items = await opened(world, orders=(1, 2))
    mine = await world.workers.join("consumer")
    handled, stray = await claimed(world, mine, *items)
    [given_back] = await world.runs.give_back(mine, but=[handled.run_id])
    assert given_back.id == str(stray.run_id)
    await settle(world, handled)


async def test_work_of_an_ended_install_is_fenced_off(world: LedgerWorld) -> None:
    live = await install(world)
    ids = await queued(world, live, 1, 2)
    items = await through_the_mirror(world, ids, "courier")
    worker = await world.workers.join("consumer")
    [run] = await claimed(world, worker, items[0])
    assert await world.installations.end(live.install_id, audit=audit()) == 2
    assert await claimed(world, worker, *items) == []
    with pytest.raises(LostClaim):
        await settle_with_effect(world, run, "too late")
    assert await world.hands.effects() == []
    assert await counts(world) == {EventState.CANCELLED: 2}
    assert (await detail(world, ids[0])).body is None
