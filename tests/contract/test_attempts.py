"""Every attempt is kept for people: who, when, how it ended and why."""

from datetime import timedelta

import pytest

from core.domain.attempts import MIRROR, AttemptEnd
from core.domain.event_states import EventState
from core.domain.events import ClaimedRun, Failure, Settlement
from core.ids import EventId
from tests.contract.scenes import DONE, claimed, detail, install, queued, settle, through_the_mirror
from tests.contract.worlds import LedgerWorld

NO = Failure("ValueError", "no", "the way it came")


async def one_run(world: LedgerWorld) -> tuple[EventId, ClaimedRun]:
    [event_id] = await queued(world, await install(world), 1)
    items = await through_the_mirror(world, [event_id], "courier")
    [run] = await claimed(world, await world.workers.join("consumer"), *items)
    return event_id, run


async def test_an_attempt_says_who_and_when(world: LedgerWorld) -> None:
    event_id, run = await one_run(world)
    assert (await detail(world, event_id)).attempts == []
    await settle(world, run)
    [kept] = (await detail(world, event_id)).attempts
    assert (kept.handler, kept.number, kept.worker, kept.end) == ("courier", 1, run.worker, AttemptEnd.DONE)
    assert (kept.reason, kept.failure) == (None, None)
    assert kept.started_at is not None
    assert kept.started_at <= kept.ended_at


@pytest.mark.parametrize(
    ("settlement", "end"),
    [
        (Settlement(EventState.DEAD, reason="ValueError: no", failure=NO), AttemptEnd.FAILED),
        (Settlement(EventState.WAITING, reason="ValueError: no", failure=NO), AttemptEnd.FAILED),
        (Settlement(EventState.WAITING, reason="later"), AttemptEnd.RETRY),
        (Settlement(EventState.WAITING, counted=False), AttemptEnd.SNOOZED),
        (Settlement(EventState.CANCELLED, reason="not ours"), AttemptEnd.CANCELLED),
        (Settlement(EventState.QUEUED, counted=False), AttemptEnd.GIVEN_BACK),
        (Settlement(EventState.DEAD, reason="late", failure=NO, ended_as=AttemptEnd.TIMED_OUT), AttemptEnd.TIMED_OUT),
    ],
)
async def test_an_attempt_says_how_it_ended_and_why(
    world: LedgerWorld, settlement: Settlement, end: AttemptEnd
) -> None:
    event_id, run = await one_run(world)
    await settle(world, run, settlement)
    [kept] = (await detail(world, event_id)).attempts
    assert (kept.number, kept.end, kept.reason, kept.failure) == (1, end, settlement.reason, settlement.failure)


async def test_attempts_stand_in_the_order_of_their_ends(world: LedgerWorld) -> None:
    """A failure, a shutdown, a death, and then it works."""
    event_id, run = await one_run(world)
    past = world.now() - timedelta(seconds=1)
    await settle(world, run, Settlement(EventState.WAITING, due_at=past, reason="ValueError: no", failure=NO))
    [item] = await world.maintenance.release_due(limit=10)
    [again] = await claimed(world, run.worker, item)
    await world.runs.give_back(again.worker)
    [again] = await claimed(world, run.worker, item)
    await world.hands.expire_lease(run.worker)
    await world.maintenance.release_orphans()
    [last] = await claimed(world, await world.workers.join("consumer"), item)
    await settle(world, last)
    kept = (await detail(world, event_id)).attempts
    assert [(one.number, one.end) for one in kept] == [
        (1, AttemptEnd.FAILED),
        (2, AttemptEnd.GIVEN_BACK),
        (2, AttemptEnd.LOST),
        (3, AttemptEnd.DONE),
    ]
    assert [one.worker for one in kept] == [run.worker] * 3 + [last.worker]


async def test_the_mirror_keeps_its_failed_attempts_too(world: LedgerWorld) -> None:
    [event_id] = await queued(world, await install(world), 1)
    past = world.now() - timedelta(seconds=1)
    for settlement in (
        Settlement(EventState.WAITING, due_at=past, reason="ValueError: no", failure=NO),
        Settlement(EventState.WAITING, due_at=past, counted=False),
        Settlement(EventState.DEAD, reason="not JSON"),
    ):
        async with world.events.open_batch([event_id], limit=1) as batch:
            [event] = batch.events
        await world.events.put_off(event, settlement)
        await world.maintenance.release_due(limit=10)
    kept = (await detail(world, event_id)).attempts
    assert {one.handler for one in kept} == {MIRROR}
    assert [(one.number, one.end, one.reason) for one in kept] == [
        (1, AttemptEnd.FAILED, "ValueError: no"),
        (2, AttemptEnd.SNOOZED, None),
        (2, AttemptEnd.FAILED, "not JSON"),
    ]


async def test_a_settling_that_came_too_late_is_no_attempt(world: LedgerWorld) -> None:
    event_id, run = await one_run(world)
    await settle(world, run)
    async with world.events.open_batch([event_id], limit=1) as batch:
        assert batch.events == []
    await world.events.put_off(run.event, DONE)
    assert len((await detail(world, event_id)).attempts) == 1
