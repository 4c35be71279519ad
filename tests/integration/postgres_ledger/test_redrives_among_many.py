"""Jobs over dead letters with several at work on them, cut connections, and rows that others hold."""

import asyncio
from collections.abc import Sequence

import psycopg
import pytest

from adapters.postgres import redrive_sql
from adapters.postgres.connection import acquire
from adapters.postgres.dead_letters import PostgresDeadLetters
from adapters.postgres.redrives import PostgresRedrives
from core.domain.audit import AuditEntry
from core.domain.event_states import EventState
from core.domain.events import BatchResult, SettledEvent, Settlement
from core.domain.redrive import DeskAction, Job, JobState, Pace
from core.errors import Unavailable
from core.ids import EventId
from core.ports.ledger_reading import EventFilter
from core.ports.redrives import Order
from tests.integration.postgres_ledger.shop import STORE, Shop, eventually, order

AUDIT = AuditEntry("events.redriven", STORE, actor="tester")
REDRIVE, DISCARD = Order(DeskAction.REDRIVE), Order(DeskAction.DISCARD, reason="old")
HELD_UP = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
CUT = """
    SELECT bool_and(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


@pytest.fixture
def redrives(shop: Shop) -> PostgresRedrives:
    return PostgresRedrives(shop.pool, "1.0")


async def dead(shop: Shop, number: int, *, handlers: Sequence[str] = ("bill",)) -> list[EventId]:
    ids = await shop.deliver(*map(order, range(number)))
    async with shop.events.open_batch(ids, limit=number) as batch:
        items = await batch.commit(BatchResult([SettledEvent(event_id, tuple(handlers)) for event_id in ids]))
    worker = await shop.workers.join("consumer")
    for run in await shop.claim(items, worker):
        async with shop.runs.open(run) as scope:
            await scope.settle(Settlement(EventState.DEAD, reason="ValueError: no"))
    return ids


async def finished(redrives: PostgresRedrives, job: Job) -> Job:
    found = await redrives.job(job.job_id)
    assert found is not None
    return found


async def test_of_several_schedulers_one_is_at_a_job(shop: Shop, redrives: PostgresRedrives) -> None:
    await dead(shop, 30)
    job = await redrives.open(REDRIVE, audit=AUDIT)
    steps = await asyncio.gather(*(redrives.advance(Pace(in_flight=10)) for _ in range(6)))
    sent = [item for step in steps if step for item in step.work]
    assert len(sent) == len(set(sent)) == 10
    assert (await finished(redrives, job)).groups[0].in_flight == 10
    await shop.assert_balanced()


async def test_two_people_at_once_get_every_letter_once(shop: Shop, redrives: PostgresRedrives) -> None:
    await dead(shop, 40)
    jobs = await asyncio.gather(*(redrives.open(order, audit=AUDIT) for order in (REDRIVE, DISCARD, REDRIVE)))
    assert sum(job.total for job in jobs) == 40
    while step := await redrives.advance(Pace()):
        for item in step.work:
            [run] = await shop.claim([item], await shop.workers.join("consumer"))
            async with shop.runs.open(run) as scope:
                await scope.settle(Settlement(EventState.DONE))
    assert {(await finished(redrives, job)).state for job in jobs} == {JobState.DONE}
    assert await shop.value("SELECT count(*) FROM events WHERE state IN ('done', 'cancelled')") == 40
    await shop.assert_balanced()


async def test_a_step_that_is_cut_short_is_taken_again_whole(shop: Shop, redrives: PostgresRedrives) -> None:
    ids = await dead(shop, 5)
    job = await redrives.open(REDRIVE, audit=AUDIT)
    with psycopg.connect(shop.owner.info.dsn, password=shop.owner.info.password) as somebody:
        somebody.execute("SELECT FROM events WHERE event_id = %s FOR UPDATE", [ids[2]])
        step = asyncio.create_task(redrives.advance(Pace()))
        await eventually(lambda: _is_held_up(shop))
        await shop.value(CUT)
        with pytest.raises(Unavailable):
            await step
    assert await finished(redrives, job) == job
    assert {await shop.state(event_id) for event_id in ids} == {EventState.DEAD}
    again = await redrives.advance(Pace())
    assert again is not None
    assert len(again.work) == 5
    await shop.assert_balanced()


async def _is_held_up(shop: Shop) -> bool:
    return bool(await shop.value(HELD_UP))


async def test_a_job_and_a_settling_sibling_agree_on_the_event(shop: Shop, redrives: PostgresRedrives) -> None:
    """One handler's run settles while the other's letter is sent again."""
    for _ in range(20):
        [event_id] = await dead(shop, 1, handlers=("bill", "mail"))
        await redrives.open(REDRIVE, audit=AUDIT)
        first = await redrives.advance(Pace(in_flight=1))
        assert first is not None
        second, _ = await asyncio.gather(redrives.advance(Pace(in_flight=2)), _done(shop, first.work))
        assert second is not None
        await _done(shop, second.work)
        assert await shop.state(event_id) is EventState.DONE
        over = await redrives.advance(Pace())
        assert over is not None
        assert over.job.state is JobState.DONE
    await shop.assert_balanced()


async def _done(shop: Shop, items: Sequence) -> None:
    for run in await shop.claim(items, await shop.workers.join("consumer")):
        async with shop.runs.open(run) as scope:
            await scope.settle(Settlement(EventState.DONE))


async def test_what_settles_between_two_looks_is_not_taken_for_failing(shop: Shop, redrives: PostgresRedrives) -> None:
    """A step looks twice, and a run may be done in between: in flight still, tried once, and well."""
    await dead(shop, 3)
    await redrives.open(REDRIVE, audit=AUDIT)
    step = await redrives.advance(Pace())
    assert step is not None
    await _done(shop, step.work)
    async with acquire(shop.pool) as connection:
        [load] = await connection.fetch(redrive_sql.LOAD)
    assert (load["in_flight"], load["waiting"], load["failing"]) == (3, 0, 0)


async def test_many_stampers_stamp_every_letter_once(shop: Shop) -> None:
    await dead(shop, 60)
    letters = PostgresDeadLetters(shop.pool, "1.0")
    stamped = await asyncio.gather(*(letters.stamp(limit=25) for _ in range(6)))
    assert await letters.stamp(limit=100) == 60 - sum(stamped)
    assert await shop.value("SELECT count(DISTINCT fingerprint) FROM runs WHERE state = 'dead'") == 1
    assert [group.count for group in await letters.groups(EventFilter())] == [60]


async def test_letters_of_the_release_before_get_their_fingerprints(shop: Shop, redrives: PostgresRedrives) -> None:
    """Its processes write neither fingerprints nor tries."""
    await dead(shop, 2)
    shop.owner.execute("UPDATE runs SET fingerprint = NULL, tries = NULL")
    job = await redrives.open(REDRIVE, audit=AUDIT)
    assert [group.total for group in job.groups] == [2]
