"""Runs whose workers die: who is suspect, who runs alone, and who is poison."""

from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from core.domain.attempts import AttemptEnd
from core.domain.event_states import EventState
from core.domain.events import ClaimedRun, Settlement, WorkItem
from core.domain.suspicion import ALONE, BEFORE_POISON, IN_COMPANY, after_crash, is_last, is_suspect
from core.ids import EventId, WorkerId
from tests.contract.scenes import (
    DEAD,
    EVERYTHING,
    audit,
    claimed,
    detail,
    install,
    queued,
    run_states,
    settle,
    state,
    through_the_mirror,
)
from tests.contract.worlds import LedgerWorld


async def opened(world: LedgerWorld, orders: int) -> tuple[list[EventId], list[WorkItem]]:
    ids = await queued(world, await install(world), *range(1, orders + 1))
    return ids, await through_the_mirror(world, ids, "courier")


async def die(world: LedgerWorld, worker: WorkerId) -> None:
    await world.hands.expire_lease(worker)
    await world.maintenance.release_orphans()


async def die_with(world: LedgerWorld, *items: WorkItem, times: int = 1) -> None:
    """So many workers, one after the other, hold all of them and die."""
    for _ in range(times):
        worker = await world.workers.join("consumer")
        assert len(await claimed(world, worker, *items)) == len(items)
        await die(world, worker)


async def die_alone_with(world: LedgerWorld, item: WorkItem) -> WorkerId:
    worker = await world.workers.join("consumer")
    run = await alone(world, worker, item)
    assert run is not None
    await die(world, worker)
    return worker


async def alone(world: LedgerWorld, worker: WorkerId, *items: WorkItem) -> ClaimedRun | None:
    return await world.runs.claim_alone([int(item.id) for item in items], worker)


async def suspects(world: LedgerWorld, *items: WorkItem) -> list[bool]:
    return [run.suspect for run in await world.runs.look_at([int(item.id) for item in items])]


async def test_one_death_in_company_proves_nothing(world: LedgerWorld) -> None:
    _, items = await opened(world, 3)
    await die_with(world, *items)
    assert await suspects(world, *items) == [False] * 3
    worker = await world.workers.join("consumer")
    assert await alone(world, worker, *items) is None
    assert len(await claimed(world, worker, *items)) == 3, "all are running again at once"


async def test_what_was_hit_twice_runs_alone(world: LedgerWorld) -> None:
    _, items = await opened(world, 3)
    await die_with(world, *items[:2], times=IN_COMPANY)
    assert await suspects(world, *items) == [True, True, False]
    busy, idle = await world.workers.join("consumer"), await world.workers.join("consumer")
    assert [str(run.run_id) for run in await claimed(world, busy, *items)] == [items[2].id], "no suspect beside others"
    assert await alone(world, busy, *items) is None, "a worker that holds something gets no suspect"
    first = await alone(world, idle, *items)
    assert first is not None
    assert str(first.run_id) == items[0].id
    assert await alone(world, idle, *items) is None, "one at a time"


async def test_a_worker_with_a_suspect_gets_nothing_else(world: LedgerWorld) -> None:
    _, items = await opened(world, 2)
    await die_with(world, items[0], times=IN_COMPANY)
    worker = await world.workers.join("consumer")
    run = await alone(world, worker, items[0])
    assert run is not None
    assert await claimed(world, worker, items[1]) == []
    await settle(world, run)
    assert len(await claimed(world, worker, items[1])) == 1


async def test_a_lane_and_a_lease_count_for_suspects_too(world: LedgerWorld) -> None:
    ids = await queued(world, await install(world), 1, 1)
    items = await through_the_mirror(world, ids, "courier")
    await die_with(world, items[0], times=IN_COMPANY)
    worker = await world.workers.join("consumer")
    assert await alone(world, worker, items[1]) is None
    await world.hands.expire_lease(worker)
    assert await alone(world, worker, items[0]) is None


async def test_settling_clears_a_run(world: LedgerWorld) -> None:
    _, [item] = await opened(world, 1)
    await die_with(world, item, times=IN_COMPANY)
    worker = await world.workers.join("consumer")
    run = await alone(world, worker, item)
    assert run is not None
    await settle(world, run, Settlement(EventState.WAITING, due_at=world.now()))
    await world.maintenance.release_due(limit=10)
    assert await suspects(world, item) == [False]


async def test_giving_back_does_not_clear_a_run(world: LedgerWorld) -> None:
    _, [item] = await opened(world, 1)
    await die_with(world, item, times=IN_COMPANY)
    worker = await world.workers.join("consumer")
    assert await alone(world, worker, item) is not None
    await world.runs.give_back(worker)
    assert await suspects(world, item) == [True]


async def test_sidekiq_3400_three_deaths_alone_are_poison(world: LedgerWorld) -> None:
    [event_id], [item] = await opened(world, 1)
    await die_with(world, item, times=IN_COMPANY)
    for _ in range(ALONE - 1):
        await die_alone_with(world, item)
        assert list(await world.runs.poison(limit=10)) == []
    worker = await die_alone_with(world, item)
    assert await run_states(world, event_id) == {"courier": EventState.RUNNING}, "left to whoever asks for the poison"
    [run] = await world.runs.poison(limit=10)
    assert (str(run.run_id), run.worker, run.event.event_id) == (item.id, worker, event_id)
    await settle(world, run, Settlement(EventState.DEAD, reason="poison", ended_as=AttemptEnd.LOST))
    assert list(await world.runs.poison(limit=10)) == []
    assert await state(world, event_id) is EventState.DEAD
    assert [one.end for one in (await detail(world, event_id)).attempts] == [AttemptEnd.LOST] * (IN_COMPANY + ALONE)


async def test_deaths_beside_others_never_make_poison(world: LedgerWorld) -> None:
    """A run that is alone with a dying worker by chance, and not as a suspect, is in company too."""
    _, items = await opened(world, 4)
    for _ in range(10):
        worker = await world.workers.join("consumer")
        held = await claimed(world, worker, *items)
        for run in held[1:]:
            await settle(world, run, Settlement(EventState.WAITING, due_at=world.now()))
        await die(world, worker)
        await world.maintenance.release_due(limit=10)
        assert list(await world.runs.poison(limit=10)) == []
        if (await suspects(world, items[0])) == [True]:
            run = await alone(world, await world.workers.join("consumer"), items[0])
            assert run is not None
            await settle(world, run, Settlement(EventState.WAITING, due_at=world.now()))
            await world.maintenance.release_due(limit=10)


async def test_a_redriven_run_begins_without_a_past(world: LedgerWorld) -> None:
    ids, [item] = await opened(world, 1)
    await die_with(world, item, times=IN_COMPANY)
    run = await alone(world, await world.workers.join("consumer"), item)
    assert run is not None
    await settle(world, run, DEAD)
    assert await suspects(world, item) == []
    await world.desk.redrive(EVERYTHING, ids, audit=audit())
    assert await suspects(world, item) == [False]


async def test_a_claim_leaves_what_a_handler_has_no_room_for(world: LedgerWorld) -> None:
    live = await install(world)
    ids = await queued(world, live, 1, 2, 3)
    items = await through_the_mirror(world, ids, "narrow", "wide")
    run_ids = [int(item.id) for item in items]
    worker = await world.workers.join("consumer")
    first = await world.runs.claim(run_ids, worker, room={"narrow": 2})
    assert sorted(run.handler for run in first) == ["narrow"] * 2 + ["wide"] * 3
    assert list(await world.runs.claim(run_ids, worker, room={"narrow": 0})) == []
    [rest] = await world.runs.claim(run_ids, worker, room={"narrow": 1})
    assert (rest.handler, rest.event.event_id) == ("narrow", ids[2])


@given(st.lists(st.booleans(), max_size=60))
def test_only_deaths_alone_lead_to_poison(alone_at_each: list[bool]) -> None:
    """Whatever the order: before the last death a run was a suspect that died alone often enough."""
    crashes, alone_as_suspect = 0, 0
    for dies_alone in alone_at_each:
        if is_last(crashes, alone=dies_alone):
            assert alone_as_suspect == ALONE - 1
            return
        alone_as_suspect += is_suspect(crashes) and dies_alone
        crashes = after_crash(crashes, alone=dies_alone)
        assert crashes <= BEFORE_POISON
    assert alone_as_suspect < ALONE


@given(st.integers(0, 10_000))
def test_no_number_of_deaths_in_company_is_poison(deaths: int) -> None:
    crashes = 0
    for _ in range(min(deaths, 50)):
        assert not is_last(crashes, alone=False)
        crashes = after_crash(crashes, alone=False)
    assert next(number for number in count() if is_suspect(number)) == IN_COMPANY
