"""What jobs over dead letters promise."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain.event_states import EventState
from core.domain.events import Settlement, WorkItem, WorkKind
from core.domain.redrive import JobId, JobState, Pace
from core.ids import EventId
from core.ports.ledger_reading import EventFilter
from tests.contract.dead_scenes import (
    CANARY,
    DISCARD,
    REDRIVE,
    advanced,
    count_dead,
    dead_runs,
    mark_of,
    opened,
    settle_all,
    tally,
)
from tests.contract.scenes import (
    EVERYTHING,
    audit,
    counts,
    dead_on_arrival,
    detail,
    install,
    queued,
    run_states,
    state,
)
from tests.contract.worlds import STORE, LedgerWorld

DEAD_AGAIN = Settlement(EventState.DEAD, reason="ValueError: still")
WAITS = Settlement(EventState.WAITING, reason="ValueError: soon")


async def snapshot(world: LedgerWorld, ids: list[EventId]) -> list[object]:
    return [await detail(world, event_id) for event_id in ids]


async def trail(world: LedgerWorld) -> list[tuple[str, str, dict[str, object]]]:
    """What was written down, oldest first: action, actor, details."""
    entries = [record.entry for record in reversed(await world.log.page(limit=50))]
    return [(entry.action, entry.actor, dict(entry.details)) for entry in entries if "job_id" in entry.details]


async def test_opening_marks_and_changes_no_event(world: LedgerWorld) -> None:
    ids = await dead_runs(world, 1, 2, 3)
    before = await snapshot(world, ids)
    job = await opened(world, replace(REDRIVE, wanted=EventFilter(store_id=STORE)))
    assert (job.state, job.total, tally(job)) == (JobState.OPEN, 3, {"pending": 3})
    assert (job.actor, job.chosen) == ("tester", {"store_id": STORE})
    assert await snapshot(world, ids) == before
    assert await world.redrives.job(job.job_id) == job
    assert list(await world.redrives.jobs()) == [job]
    assert await world.redrives.job(JobId(987654)) is None


async def test_a_letter_belongs_to_whoever_asked_first(world: LedgerWorld) -> None:
    ids = await dead_runs(world, 1, 2, 3)
    first = await opened(world, replace(REDRIVE, ids=ids[:2]))
    second = await opened(world, REDRIVE)
    third = await opened(world, DISCARD)
    assert (first.total, second.total, third.total) == (2, 1, 0)
    assert third.state is JobState.DONE


async def test_what_nothing_can_handle_is_discarded_but_not_redriven(world: LedgerWorld) -> None:
    live = await install(world)
    await world.inbox.accept(dead_on_arrival(world, live))
    assert (await opened(world, REDRIVE)).total == 0
    assert (await opened(world, DISCARD)).total == 1


async def test_a_redrive_sends_all_and_ends_when_all_have_settled(world: LedgerWorld) -> None:
    ids = await dead_runs(world, 1, 2, 3)
    job = await opened(world)
    step = await advanced(world)
    assert (len(step.work), tally(step.job)) == (3, {"in_flight": 3})
    assert {one.kind for one in step.work} == {WorkKind.RUN}
    assert (await advanced(world)).work == []
    await settle_all(world, step.work)
    over = (await advanced(world)).job
    assert (over.job_id, over.state, tally(over)) == (job.job_id, JobState.DONE, {"succeeded": 3})
    assert over.closed_at is not None
    assert await counts(world) == {EventState.DONE: len(ids)}
    assert await world.redrives.advance(Pace()) is None


async def test_a_letter_that_dies_again_is_counted_as_failed(world: LedgerWorld) -> None:
    [event_id] = await dead_runs(world, 1)
    await opened(world)
    await settle_all(world, (await advanced(world)).work, DEAD_AGAIN)
    job = (await advanced(world)).job
    assert (job.state, tally(job)) == (JobState.DONE, {"failed": 1})
    assert (await detail(world, event_id)).summary.reason == "ValueError: still"
    [group] = await world.letters.groups(EVERYTHING)
    assert group.fingerprint == mark_of("ValueError: still")


async def test_no_more_is_in_flight_than_the_pace_allows(world: LedgerWorld) -> None:
    await dead_runs(world, *range(1, 8))
    await opened(world)
    pace = Pace(in_flight=3)
    step = await advanced(world, pace)
    assert len(step.work) == 3
    assert (await advanced(world, pace)).work == []
    await settle_all(world, step.work[:2])
    assert len((await advanced(world, pace)).work) == 2


async def test_jobs_share_the_pace_and_take_turns(world: LedgerWorld) -> None:
    await dead_runs(world, *range(1, 9))
    first = await opened(world, replace(REDRIVE, wanted=EventFilter(entity_id="1")))
    second = await opened(world)
    pace = Pace(in_flight=2)
    steps = [await advanced(world, pace) for _ in range(4)]
    assert [step.job.job_id for step in steps] == [first.job_id, second.job_id] * 2
    assert [len(step.work) for step in steps] == [1, 1, 0, 0]


async def test_what_waits_for_its_next_try_leaves_room_for_others(world: LedgerWorld) -> None:
    await dead_runs(world, 1, 2, 3)
    await opened(world)
    pace = Pace(in_flight=1, waiting=2)
    for sent in (1, 1, 0):
        step = await advanced(world, pace)
        assert len(step.work) == sent
        soon = replace(WAITS, due_at=world.now() + timedelta(hours=1))
        await settle_all(world, step.work, soon)
    assert tally(step.job) == {"pending": 1, "in_flight": 2}


async def test_the_letters_of_a_canarys_first_waves_are_tried_once(world: LedgerWorld) -> None:
    await dead_runs(world, *range(1, 11))
    await opened(world, CANARY)
    first = await advanced(world)
    assert len(first.work) == 5
    worker = await world.workers.join("consumer")
    runs = await world.runs.claim([int(item.id) for item in first.work], worker)
    assert {run.tries for run in runs} == {1}
    for run in runs[:-1]:
        async with world.runs.open(run) as scope:
            await scope.settle(Settlement(EventState.DONE))
    assert (await advanced(world)).work == [], "a wave begins when the one before has ended"
    async with world.runs.open(runs[-1]) as scope:
        await scope.settle(Settlement(EventState.DONE))
    second = await advanced(world)
    assert len(second.work) == 1
    await settle_all(world, second.work)
    third = await advanced(world)
    [*runs] = await world.runs.claim([int(item.id) for item in third.work], worker)
    assert [run.tries for run in runs] == [None] * 4


async def test_a_canary_stops_what_goes_on_failing_and_drains_the_rest(world: LedgerWorld) -> None:
    broken = await dead_runs(world, *range(1, 31), reason="KeyError: 'a'")
    await dead_runs(world, *range(31, 61), reason="ValueError: b")
    job = await opened(world, CANARY)
    tried = 0
    while job.state is JobState.OPEN:
        step = await advanced(world)
        job = step.job
        for item in step.work:
            is_broken = await _event_of(world, item) in broken
            tried += is_broken
            await settle_all(world, [item], DEAD_AGAIN if is_broken else Settlement(EventState.DONE))
    assert job.state is JobState.STOPPED
    assert tried == 5
    assert tally(job) == {"succeeded": 30, "failed": 5, "undone": 25}
    by_mark = {group.fingerprint: group for group in job.groups}
    assert by_mark[mark_of("KeyError: 'a'")].stopped == "5 of 5 tries failed, more than 20 %"
    assert by_mark[mark_of("ValueError: b")].stopped is None
    assert await counts(world) == {EventState.DONE: 30, EventState.DEAD: 30}
    assert [action for action, _, _ in await trail(world)] == [
        "redrive.opened",
        "redrive.group_stopped",
        "redrive.ended",
    ]
    last = (await trail(world))[-1][2]
    assert last == {"job_id": job.job_id, "state": "stopped", "letters": 60, "succeeded": 30, "failed": 5, "undone": 25}


async def _event_of(world: LedgerWorld, item: WorkItem) -> EventId:
    queue = await world.reader.events(EventFilter(state=EventState.RUNNING), limit=200)
    for event in queue:
        [run] = (await detail(world, event.event_id)).runs
        if run.state is EventState.QUEUED and item in await world.events.claimable([item]):
            worker = await world.workers.join("peek")
            [claimed] = await world.runs.claim([int(item.id)], worker)
            await world.runs.give_back(worker)
            return claimed.event.event_id
    raise AssertionError(f"{item} is not queued")


async def test_what_waits_after_a_failed_try_counts_as_failing(world: LedgerWorld) -> None:
    await dead_runs(world, *range(1, 11))
    await opened(world, replace(REDRIVE, stop_above=20))
    step = await advanced(world, Pace(in_flight=5))
    soon = replace(WAITS, due_at=world.now() + timedelta(hours=1))
    await settle_all(world, step.work[:1], soon)
    assert [group.stopped for group in (await advanced(world, Pace(in_flight=1))).job.groups] == [None]
    await settle_all(world, step.work[1:2], soon)
    [group] = (await advanced(world)).stopped
    assert (group.stopped, group.in_flight, group.undone) == ("2 of 5 tries failed, more than 20 %", 5, 5)


async def test_a_snooze_is_no_failure(world: LedgerWorld) -> None:
    await dead_runs(world, 1, 2)
    await opened(world, replace(REDRIVE, stop_above=0))
    step = await advanced(world, Pace(in_flight=1))
    later = Settlement(EventState.WAITING, due_at=world.now() + timedelta(hours=1), counted=False)
    await settle_all(world, step.work, later)
    assert (await advanced(world)).job.groups[0].stopped is None


async def test_an_undone_job_leaves_its_letters_exactly_as_they_were(world: LedgerWorld) -> None:
    ids = await dead_runs(world, 1, 2, 3)
    before = await snapshot(world, ids)
    job = await opened(world, replace(REDRIVE, starts_in=timedelta(hours=1)))
    assert await world.redrives.advance(Pace()) is None, "it has not begun"
    undone = await world.redrives.undo(job.job_id, audit=audit("redrive.undone"))
    assert undone is not None
    assert (undone.state, tally(undone)) == (JobState.UNDONE, {"undone": 3})
    assert await snapshot(world, ids) == before
    assert (await opened(world)).total == 3, "they are free for another"
    assert await world.redrives.undo(JobId(987654), audit=audit()) is None


async def test_undoing_a_job_at_work_stops_what_is_left_of_it(world: LedgerWorld) -> None:
    await dead_runs(world, 1, 2, 3)
    job = await opened(world)
    step = await advanced(world, Pace(in_flight=1))
    undone = await world.redrives.undo(job.job_id, audit=audit("redrive.undone"))
    assert undone is not None
    assert (undone.state, tally(undone)) == (JobState.OPEN, {"in_flight": 1, "undone": 2})
    await settle_all(world, step.work)
    over = (await advanced(world)).job
    assert (over.state, tally(over)) == (JobState.UNDONE, {"succeeded": 1, "undone": 2})
    again = await world.redrives.undo(job.job_id, audit=audit("redrive.undone"))
    assert again == over
    assert [action for action, _, _ in await trail(world)] == ["redrive.opened", "redrive.undone", "redrive.ended"]


async def test_what_is_no_longer_dead_when_its_turn_comes_is_skipped(world: LedgerWorld) -> None:
    ids = await dead_runs(world, 1, 2, 3)
    await opened(world)
    await world.desk.redrive(EVERYTHING, ids[:1], audit=audit())
    await world.desk.discard(EVERYTHING, ids[1:2], reason="by hand", audit=audit())
    step = await advanced(world)
    assert (len(step.work), tally(step.job)) == (1, {"in_flight": 1, "skipped": 2})


async def test_letters_of_an_install_that_ended_meanwhile_are_skipped(world: LedgerWorld) -> None:
    await dead_runs(world, 1, 2)
    await opened(world)
    live = await world.installations.current(STORE)
    assert live is not None
    await world.installations.end(live.install_id, audit=audit())
    job = (await advanced(world)).job
    assert (job.state, tally(job)) == (JobState.DONE, {"skipped": 2})


async def test_letters_of_a_paused_store_wait_for_it(world: LedgerWorld) -> None:
    await dead_runs(world, 1, 2)
    job = await opened(world)
    await world.pauses.pause(STORE, audit=audit())
    step = await advanced(world)
    assert (step.work, tally(step.job)) == ([], {"pending": 2})
    await world.pauses.resume(STORE, audit=audit())
    await world.redrives.undo(job.job_id, audit=audit())
    assert await count_dead(world) == 2


async def test_only_the_chosen_handler_of_an_event_runs_again(world: LedgerWorld) -> None:
    [event_id] = await dead_runs(world, 1, handlers=("shop.bill", "shop.mail"))
    await opened(world, replace(REDRIVE, wanted=EventFilter(handler="shop.mail")))
    step = await advanced(world)
    assert await run_states(world, event_id) == {"shop.bill": EventState.DEAD, "shop.mail": EventState.QUEUED}
    assert await state(world, event_id) is EventState.RUNNING
    await settle_all(world, step.work)
    assert (await advanced(world)).job.state is JobState.DONE
    assert await state(world, event_id) is EventState.DEAD, "the other handler's letter is there still"
    assert await count_dead(world) == 1


async def test_both_handlers_of_an_event_may_be_redriven_one_after_the_other(world: LedgerWorld) -> None:
    [event_id] = await dead_runs(world, 1, handlers=("shop.bill", "shop.mail"))
    await opened(world)
    first = await advanced(world, Pace(in_flight=1))
    second = await advanced(world, Pace(in_flight=2))
    assert (len(first.work), len(second.work)) == (1, 1)
    await settle_all(world, [*first.work, *second.work])
    assert (await advanced(world)).job.state is JobState.DONE
    assert await state(world, event_id) is EventState.DONE


async def test_an_event_that_died_before_the_mirror_goes_through_it_again(world: LedgerWorld) -> None:
    live = await install(world)
    ids = await queued(world, live, 1, 2)
    async with world.events.open_batch(ids, limit=2) as batch:
        events = list(batch.events)
    for event in events:
        await world.events.put_off(event, Settlement(EventState.DEAD, reason="ValueError: bad"))
    await opened(world, replace(CANARY, stop_above=60))
    step = await advanced(world)
    assert [item.kind for item in step.work] == [WorkKind.EVENT] * 2
    async with world.events.open_batch(ids, limit=2) as batch:
        assert [event.tries for event in batch.events] == [1, 1]
        events = list(batch.events)
    await world.events.put_off(events[0], DEAD_AGAIN)
    assert tally((await advanced(world)).job) == {"failed": 1, "in_flight": 1}


async def test_a_discard_cancels_and_counts(world: LedgerWorld) -> None:
    ids = await dead_runs(world, 1, 2, 3)
    await opened(world, DISCARD)
    first = await advanced(world, Pace(discard_at_once=2))
    assert (first.work, tally(first.job)) == ([], {"succeeded": 2, "pending": 1})
    job = (await advanced(world)).job
    assert (job.state, job.reason, tally(job)) == (JobState.DONE, "test orders", {"succeeded": 3})
    assert await counts(world) == {EventState.CANCELLED: 3}
    assert (await detail(world, ids[0])).summary.reason == "test orders"
    assert await run_states(world, ids[0]) == {"shop.bill": EventState.CANCELLED}


async def test_an_event_is_cancelled_with_its_last_letter(world: LedgerWorld) -> None:
    [event_id] = await dead_runs(world, 1, handlers=("shop.bill", "shop.mail"))
    await opened(world, replace(DISCARD, wanted=EventFilter(handler="shop.mail")))
    await advanced(world)
    assert await state(world, event_id) is EventState.DEAD
    await opened(world, DISCARD)
    await advanced(world)
    assert await state(world, event_id) is EventState.CANCELLED


@pytest.mark.parametrize("order", [REDRIVE, DISCARD])
async def test_every_change_is_written_down(world: LedgerWorld, order: object) -> None:
    await dead_runs(world, 1, 2)
    job = await opened(world, order)  # type: ignore[arg-type]
    step = await advanced(world)
    await settle_all(world, step.work)
    await world.redrives.advance(Pace())
    [(action, actor, details), (end, _, last)] = await trail(world)
    assert (action, actor, details) == (f"{job.action}.opened", "tester", {"job_id": job.job_id, "letters": 2})
    assert (end, last["letters"], last["succeeded"]) == (f"{job.action}.ended", 2, 2)


async def test_jobs_that_are_long_over_are_forgotten(world: LedgerWorld) -> None:
    job = await opened(world)
    assert job.state is JobState.DONE
    assert await world.redrives.forget(timedelta(days=1)) == 0
    assert await world.redrives.forget(timedelta(seconds=-1)) == 1
    assert list(await world.redrives.jobs()) == []
