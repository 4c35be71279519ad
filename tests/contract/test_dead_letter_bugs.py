"""What others' dead letters suffered from, as tests; each is named after the report."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from core.domain.event_states import EventState
from core.domain.events import Failure
from core.domain.redrive import Pace
from core.domain.retention import Retention
from core.domain.retry import DEFAULT_POLICY
from core.features.event_handlers.outcomes import decide
from core.ids import Seq
from core.ports.ledger_reading import EventFilter
from tests.contract.dead_scenes import REDRIVE, advanced, dead_runs, mark_of, opened, settle_all, tally
from tests.contract.scenes import DEAD, audit, claimed, detail, install, queued, settle, state, through_the_mirror
from tests.contract.worlds import LedgerWorld


async def test_outpost_663_what_always_fails_is_not_retried_for_ever(world: LedgerWorld) -> None:
    """There: twice a minute for ever, fifty thousand warnings a day. Here: a few tries, each later, then a person's."""
    live = await install(world)
    [event_id] = await queued(world, live, 1)
    items = await through_the_mirror(world, [event_id], "shop.bill")
    waits = []
    while items:
        [run] = await claimed(world, await world.workers.join("consumer"), *items)
        now = world.now()
        settlement = decide(Failure("ValueError", "no"), run.attempt, DEFAULT_POLICY, now, 0.0)
        if settlement.due_at:
            waits.append(settlement.due_at - now)
            settlement = replace(settlement, due_at=now)
        await settle(world, run, settlement)
        items = list(await world.maintenance.release_due(limit=10))
    assert await state(world, event_id) is EventState.DEAD
    assert len(waits) == DEFAULT_POLICY.max_attempts - 1
    assert all(later > sooner * 1.9 for sooner, later in pairwise(waits))
    assert list(await world.maintenance.release_due(limit=10)) == []


async def test_convoy_260_and_rocketmq_dashboard_3561_what_is_chosen_is_redriven_and_not_what_a_page_shows(
    world: LedgerWorld,
) -> None:
    """There a bulk action takes the visible page. Here it takes all that matches, and counts what became of it."""
    ids = await dead_runs(world, *range(1, 61))
    others = await dead_runs(world, 61, reason="KeyError: another cause")
    wanted = EventFilter(fingerprint=mark_of("ValueError: no"))
    assert len(await world.reader.events(EventFilter(state=EventState.DEAD), limit=20)) == 20, "a page shows these"
    counted = await world.letters.count(wanted)
    job = await opened(world, replace(REDRIVE, wanted=wanted))
    assert (counted.letters, job.total) == (len(ids), len(ids))
    work = list((await advanced(world, Pace(in_flight=100))).work)
    await settle_all(world, work[:50])
    await settle_all(world, work[50:], DEAD)
    assert tally((await advanced(world)).job) == {"succeeded": 50, "failed": 10}
    assert await state(world, others[0]) is EventState.DEAD


async def test_reconbanker_65_a_second_redrive_is_never_a_silent_nothing(world: LedgerWorld) -> None:
    """There the first one's finished job still had the id, and the queue took the second for a repeat."""
    await dead_runs(world, 1)
    for _ in range(3):
        job = await opened(world)
        assert job.total == 1
        [item] = (await advanced(world)).work
        await settle_all(world, [item], DEAD)
        assert tally((await advanced(world)).job) == {"failed": 1}


async def test_soter_813_a_redrive_is_paced_written_down_and_ends(world: LedgerWorld) -> None:
    ids = await dead_runs(world, 1, 2, 3)
    first, at_once = await opened(world), await opened(world)
    assert (first.total, at_once.total) == (3, 0), "while one is at it, asking again sends nothing twice"
    pace = Pace(in_flight=1)
    for _ in ids:
        step = await advanced(world, pace)
        assert len(step.work) == 1
        assert (await advanced(world, pace)).work == []
        await settle_all(world, step.work, DEAD)
    assert tally((await advanced(world)).job) == {"failed": 3}
    assert await world.redrives.advance(pace) is None, "what fails again stays with the person"
    written = [record.entry for record in await world.log.page(limit=50)]
    assert [(one.actor, one.details["job_id"]) for one in written if one.action == "redrive.opened"] == [
        ("tester", at_once.job_id),
        ("tester", first.job_id),
    ]


async def test_stargate_136_what_was_done_is_not_redriven(world: LedgerWorld) -> None:
    [event_id] = await queued(world, await install(world), 1)
    items = await through_the_mirror(world, [event_id], "shop.bill")
    await settle_all(world, items)
    assert (await opened(world, replace(REDRIVE, ids=[event_id]))).total == 0
    assert list(await world.desk.redrive(EventFilter(), [event_id], audit=audit())) == []
    assert await state(world, event_id) is EventState.DONE
    assert await claimed(world, await world.workers.join("consumer"), *items) == []


async def test_river_360_what_was_given_up_is_kept_for_a_person(world: LedgerWorld) -> None:
    """There: discarded jobs are cleaned away. Here: body, reason and runs stay, and it can be redriven."""
    ids = await dead_runs(world, 1)
    before = await detail(world, ids[0])
    everything_else = Retention(settled=timedelta(seconds=-1), dead=timedelta(days=30))
    await world.pruning.prune(everything_else, after=Seq(0), limit=100)
    after = await detail(world, ids[0])
    assert (after, after.body is not None) == (before, True)
    assert after.summary.reason == "ValueError: no"
    await opened(world, REDRIVE)
    assert len((await advanced(world)).work) == 1
