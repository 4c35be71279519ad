"""What others' dead letters suffered from, as tests; each is named after the report."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from core.domain.event_states import EventState
from core.domain.events import Failure
from core.domain.retention import Retention
from core.domain.retry import DEFAULT_POLICY
from core.features.event_handlers.outcomes import decide
from core.ids import Seq
from tests.contract.dead_scenes import REDRIVE, advanced, dead_runs, opened
from tests.contract.scenes import claimed, detail, install, queued, settle, state, through_the_mirror
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
