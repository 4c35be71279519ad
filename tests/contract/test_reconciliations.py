"""What the book of reconciliations promises."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.domain.backfill import BackfillState, PageDone, PutOff
from core.domain.gaps import Gap, GapId
from core.domain.reconcile_plan import Scan, Span, Why
from core.domain.reconcile_progress import Progress, SpanReport
from core.domain.reconciliation import ReconciliationClaim, ReconciliationStatus
from core.domain.stores import Install, InstallState
from core.errors import LostClaim
from core.ids import EntityKind, StoreId, WorkerId
from tests.contract.scenes import audit, install
from tests.contract.worlds import OTHER_STORE, STORE, LedgerWorld

AT = datetime(2026, 6, 1, 12, 30, 15, 250, tzinfo=UTC)
HOUR = timedelta(hours=1)
AGE = timedelta(seconds=20)
PLANNED = Progress(
    started_at=AT,
    spans=(
        SpanReport(Span(EntityKind.ORDER, Scan.WINDOW, AT - HOUR, AT), estimate=7, allowed=3),
        SpanReport(Span(EntityKind.PRODUCT, Scan.FULL), estimate=5, allowed=2),
    ),
    gaps=(GapId(4), GapId(5)),
    covered={EntityKind.ORDER: AT},
    full={EntityKind.CUSTOMER: AT - HOUR},
    others_allowed=9,
)
HALF_WAY = replace(
    PLANNED.noting(PLANNED.spans[0].plus(calls=2, asked=1, listed=30, missed=["order.create"], caught_up=1, gone=1)),
    page="page=2&seen=100",
    confirming=True,
    others=3,
)
DONE = replace(HALF_WAY, at=2, received={"order.create": 9})


async def settled(world: LedgerWorld, store_id: StoreId = STORE) -> Install:
    """Installed, its backfills over."""
    live = await install(world, store_id)
    await world.backfills.begin(live.install_id)
    worker = await world.workers.join("scheduler")
    while claim := await world.backfills.claim(worker):
        await world.backfills.advance(claim, PageDone(0, None, 0))
    return live


async def asked(world: LedgerWorld, live: Install, progress: Progress = PLANNED) -> object:
    return await world.reconciliations.request(
        live.install_id, progress, audit=audit("reconciliation.requested", live.store_id, live.install_id)
    )


async def claimed(world: LedgerWorld, worker: WorkerId | None = None) -> ReconciliationClaim:
    found = await world.reconciliations.claim(worker or await world.workers.join("scheduler"))
    assert found is not None
    return found


async def newest(world: LedgerWorld) -> ReconciliationStatus:
    return (await world.reconciliations.of_store(STORE))[0]


async def scheduled(world: LedgerWorld, every: timedelta = HOUR, limit: int = 100) -> int:
    return await world.reconciliations.schedule(every=every, gap_age=AGE, limit=limit)


async def test_what_is_asked_for_is_claimed_as_it_was_planned(world: LedgerWorld) -> None:
    live = await settled(world)
    number = await asked(world, live)
    claim = await claimed(world)
    assert (claim.reconciliation_id, claim.install_id, claim.store_id) == (number, live.install_id, STORE)
    assert (claim.why, claim.progress, claim.before) == (Why.REQUESTED, PLANNED, None)
    assert "reconciliation.requested" in [one.entry.action for one in await world.log.page(limit=5)]


async def test_every_step_is_kept_and_the_last_one_is_the_report(world: LedgerWorld) -> None:
    await asked(world, await settled(world))
    claim = await claimed(world)
    await world.reconciliations.advance(claim, HALF_WAY)
    assert ((await newest(world)).state, (await newest(world)).progress) == (BackfillState.RUNNING, HALF_WAY)
    await world.reconciliations.advance(claim, DONE, done=True)
    found = await newest(world)
    assert (found.state, found.progress, found.is_open) == (BackfillState.DONE, DONE, False)
    assert found.finished_at is not None
    assert await world.reconciliations.missed() == {"order.create": (1, 9)}


async def test_the_next_one_knows_how_far_the_last_came(world: LedgerWorld) -> None:
    live = await settled(world)
    await asked(world, live)
    await world.reconciliations.advance(await claimed(world), DONE, done=True)
    await asked(world, live)
    assert (await claimed(world)).before == DONE


async def test_one_not_begun_is_planned_anew_and_not_joined_by_another(world: LedgerWorld) -> None:
    live = await settled(world)
    first = await asked(world, live)
    assert await asked(world, live, replace(PLANNED, others_allowed=1)) == first
    claim = await claimed(world)
    assert claim.progress == replace(PLANNED, others_allowed=1)
    assert await asked(world, live) != first, "that one is begun"
    assert await world.reconciliations.claim(await world.workers.join("scheduler")) is None, "one at a time"


async def test_nothing_is_asked_of_an_install_that_is_over(world: LedgerWorld) -> None:
    live = await settled(world)
    await asked(world, live)
    await world.installations.end(live.install_id, audit=audit())
    assert await asked(world, live) is None
    assert (await newest(world)).state is BackfillState.CANCELLED
    assert await world.reconciliations.claim(await world.workers.join("scheduler")) is None
    assert await world.reconciliations.missed() == {}


async def test_an_install_that_ends_meanwhile_loses_the_claim(world: LedgerWorld) -> None:
    live = await settled(world)
    await asked(world, live)
    claim = await claimed(world)
    await world.installations.end(live.install_id, audit=audit())
    with pytest.raises(LostClaim):
        await world.reconciliations.advance(claim, HALF_WAY)


async def test_none_begins_before_the_backfills_are_over(world: LedgerWorld) -> None:
    live = await install(world)
    await asked(world, live)
    assert await world.reconciliations.claim(await world.workers.join("scheduler")) is None


async def test_none_is_read_while_the_merchant_has_to_act(world: LedgerWorld) -> None:
    live = await settled(world)
    await asked(world, live)
    await world.installations.change_state(live.install_id, InstallState.NEEDS_REAUTHORIZATION, audit=audit())
    assert await world.reconciliations.claim(await world.workers.join("scheduler")) is None


async def test_a_paused_store_is_not_read_until_it_goes_on(world: LedgerWorld) -> None:
    live = await settled(world)
    await asked(world, live)
    await world.pauses.pause(STORE, audit=audit())
    assert await world.reconciliations.claim(await world.workers.join("scheduler")) is None
    await world.pauses.resume(STORE, audit=audit())
    assert (await claimed(world)).install_id == live.install_id


async def test_what_is_put_off_waits_with_its_reason(world: LedgerWorld) -> None:
    await asked(world, await settled(world))
    claim = await claimed(world)
    await world.reconciliations.advance(claim, HALF_WAY)
    await world.reconciliations.put_off(claim, PutOff(BackfillState.WAITING, "Zid is away", HOUR, failures=2))
    worker = await world.workers.join("scheduler")
    assert await world.reconciliations.claim(worker) is None
    assert ((await newest(world)).state, (await newest(world)).reason) == (BackfillState.WAITING, "Zid is away")
    await world.hands.let_time_pass(2 * HOUR)
    again = await claimed(world, worker)
    assert (again.progress, again.failures) == (HALF_WAY, 2)


async def test_a_dead_workers_claim_is_taken_over_where_it_was_and_comes_too_late_itself(world: LedgerWorld) -> None:
    await asked(world, await settled(world))
    first = await claimed(world)
    await world.reconciliations.advance(first, HALF_WAY)
    await world.hands.expire_lease(first.worker)
    second = await claimed(world)
    assert second.progress == HALF_WAY
    for late in (
        world.reconciliations.advance(first, DONE, done=True),
        world.reconciliations.put_off(first, PutOff(BackfillState.QUEUED)),
    ):
        with pytest.raises(LostClaim):
            await late
    assert (await newest(world)).progress == HALF_WAY


async def test_a_worker_without_a_lease_gets_none(world: LedgerWorld) -> None:
    await asked(world, await settled(world))
    worker = await world.workers.join("scheduler")
    await world.hands.expire_lease(worker)
    assert await world.reconciliations.claim(worker) is None


async def test_of_many_claims_at_once_one_is_given_per_store(world: LedgerWorld) -> None:
    for store in (STORE, OTHER_STORE):
        await asked(world, await settled(world, store))
    workers = [await world.workers.join("scheduler") for _ in range(4)]
    found = await asyncio.gather(*(world.reconciliations.claim(worker) for worker in workers))
    assert sorted(claim.store_id for claim in found if claim) == [STORE, OTHER_STORE]


async def test_each_store_has_its_turn_once_in_a_period(world: LedgerWorld) -> None:
    await settled(world)
    assert await scheduled(world) == 0, "its backfill has just read everything"
    await world.hands.let_time_pass(2 * HOUR)
    assert await scheduled(world) == 1
    assert await scheduled(world) == 0, "one is open"
    claim = await claimed(world)
    assert (claim.why, claim.progress) == (Why.SCHEDULED, None)
    await world.reconciliations.advance(claim, DONE, done=True)
    assert await scheduled(world) == 0
    await world.hands.let_time_pass(2 * HOUR)
    assert await scheduled(world, every=timedelta(0)) == 0, "turned off"
    assert await scheduled(world) == 1


async def test_schedulers_at_once_queue_a_store_once(world: LedgerWorld) -> None:
    for store in (STORE, OTHER_STORE):
        await settled(world, store)
    await world.hands.let_time_pass(2 * HOUR)
    assert sum(await asyncio.gather(*(scheduled(world) for _ in range(4)))) == 2
    await world.hands.let_time_pass(2 * HOUR)
    assert await scheduled(world) == 0, "they are open still"


async def test_an_open_gap_is_read_when_it_stood_a_while_also_where_the_schedule_is_off(world: LedgerWorld) -> None:
    live = await settled(world)
    await world.gaps.open([Gap(STORE, live.install_id, "order.create", AT, AT, "answered 429")])
    assert await scheduled(world, every=timedelta(0)) == 0
    await world.hands.let_time_pass(2 * AGE)
    assert await scheduled(world, every=timedelta(0)) == 1
    claim = await claimed(world)
    assert claim.why is Why.GAP
    await world.gaps.close(await world.gaps.of_install(live.install_id))
    await world.reconciliations.advance(claim, DONE, done=True)
    assert await scheduled(world, every=timedelta(0)) == 0


async def test_stores_whose_merchant_has_to_act_are_not_scheduled(world: LedgerWorld) -> None:
    live = await settled(world)
    await world.installations.change_state(live.install_id, InstallState.NEEDS_REAUTHORIZATION, audit=audit())
    await world.hands.let_time_pass(2 * HOUR)
    assert await scheduled(world) == 0


async def test_old_reports_are_forgotten_but_for_the_latest_and_what_a_person_asked_for(world: LedgerWorld) -> None:
    live = await settled(world)
    for _ in range(3):
        await world.hands.let_time_pass(2 * HOUR)
        await scheduled(world)
        await world.reconciliations.advance(await claimed(world), DONE, done=True)
    await asked(world, live)
    await world.reconciliations.advance(await claimed(world), DONE, done=True)
    await world.hands.let_time_pass(timedelta(days=2))
    await scheduled(world, every=timedelta(days=90))
    assert [one.why for one in await world.reconciliations.of_store(STORE)] == [Why.REQUESTED]
    await world.hands.let_time_pass(timedelta(days=40))
    await scheduled(world, every=timedelta(days=90))
    assert len(await world.reconciliations.of_store(STORE)) == 1, "it says how far the store was read"


async def test_no_more_are_scheduled_at_once_than_asked_for(world: LedgerWorld) -> None:
    for store in (STORE, OTHER_STORE):
        await settled(world, store)
    await world.hands.let_time_pass(2 * HOUR)
    assert [await scheduled(world, limit=1) for _ in range(3)] == [1, 1, 0]
