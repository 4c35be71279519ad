"""What the book of backfills promises."""

import asyncio
from datetime import timedelta

import pytest

from core.domain.backfill import BACKFILLED, BackfillClaim, BackfillState, BackfillStatus, PageDone, PutOff
from core.domain.stores import Install, InstallState
from core.errors import LostClaim
from core.ids import EntityKind, WorkerId
from tests.contract.scenes import audit, install, queued
from tests.contract.worlds import OTHER_STORE, STORE, LedgerWorld

ORDERS = EntityKind.ORDER
PAGE = PageDone(read=100, next="page=2", total=250)
LAST = PageDone(read=250, next=None, total=250)
LATER = PutOff(BackfillState.WAITING, "Zid is away", timedelta(hours=1), failures=2)


async def asked_for(world: LedgerWorld, live: Install, *kinds: EntityKind) -> bool:
    return await world.backfills.request(live.install_id, kinds or BACKFILLED, audit=audit("backfill.requested"))


async def claimed(world: LedgerWorld, worker: WorkerId | None = None) -> BackfillClaim:
    found = await world.backfills.claim(worker or await world.workers.join("scheduler"))
    assert found is not None
    return found


async def status(world: LedgerWorld, kind: EntityKind = ORDERS) -> BackfillStatus:
    [found] = [one for one in await world.backfills.of_stores([STORE]) if one.kind is kind]
    return found


async def reading_orders(world: LedgerWorld) -> tuple[Install, BackfillClaim]:
    """The claim of the only backfill that is due: the orders'."""
    live = await install(world)
    await asked_for(world, live, ORDERS)
    return live, await claimed(world)


async def test_an_install_begins_with_one_of_every_kind_that_leaves_time_to_subscribe(world: LedgerWorld) -> None:
    live = await install(world)
    found = await world.backfills.of_stores([STORE])
    assert [one.kind for one in found] == list(BACKFILLED)
    assert {(one.install_id, one.state, one.read, one.total) for one in found} == {
        (live.install_id, BackfillState.QUEUED, 0, None)
    }
    assert all(one.due_at is not None and one.due_at > world.now() for one in found)
    assert await world.backfills.claim(await world.workers.join("scheduler")) is None


async def test_once_its_webhooks_stand_they_begin(world: LedgerWorld) -> None:
    live = await install(world)
    other = await install(world, OTHER_STORE)
    await world.backfills.begin(live.install_id)
    worker = await world.workers.join("scheduler")
    found = await claimed(world, worker)
    assert (found.kind, found.store_id) == (BACKFILLED[0], STORE)
    await world.backfills.put_off(found, LATER)
    await world.backfills.begin(live.install_id)
    kinds = []
    while claim := await world.backfills.claim(worker):
        kinds.append(claim.kind)
        await world.backfills.put_off(claim, LATER)
    assert kinds == list(BACKFILLED[1:]), "what was put off for a reason waits on"
    assert {one.state for one in await world.backfills.of_stores([other.store_id])} == {BackfillState.QUEUED}


async def test_a_request_makes_them_due_and_is_audited(world: LedgerWorld) -> None:
    live = await install(world)
    assert await asked_for(world, live)
    assert (await world.log.page(limit=1))[0].entry.action == "backfill.requested"
    assert (await claimed(world)).kind is BACKFILLED[0]


async def test_a_page_takes_it_on_and_the_last_one_ends_it(world: LedgerWorld) -> None:
    _, claim = await reading_orders(world)
    assert (claim.kind, claim.store_id, claim.page) == (ORDERS, STORE, None)
    await world.backfills.advance(claim, PAGE)
    found = await status(world)
    assert (found.state, found.read, found.total, found.pages) == (BackfillState.RUNNING, 100, 250, 1)
    await world.backfills.advance(claim, LAST)
    found = await status(world)
    assert (found.state, found.read, found.pages, found.due_at) == (BackfillState.DONE, 250, 2, None)
    assert found.finished_at is not None
    assert found.percent == 100
    with pytest.raises(LostClaim):
        await world.backfills.advance(claim, PAGE)


async def test_a_page_without_a_total_keeps_the_one_known(world: LedgerWorld) -> None:
    _, claim = await reading_orders(world)
    await world.backfills.advance(claim, PAGE)
    await world.backfills.advance(claim, PageDone(200, "page=3"))
    assert (await status(world)).total == 250


async def test_at_the_end_what_was_read_is_the_total_where_zid_named_none(world: LedgerWorld) -> None:
    _, claim = await reading_orders(world)
    await world.backfills.advance(claim, PageDone(40, "page=2"))
    assert (await status(world)).total is None
    await world.backfills.advance(claim, PageDone(45, None))
    assert (await status(world)).total == 45


async def test_of_many_claimers_one_reads_a_store(world: LedgerWorld) -> None:
    await asked_for(world, await install(world))
    worker = await world.workers.join("scheduler")
    found = await asyncio.gather(*(world.backfills.claim(worker) for _ in range(6)))
    assert len([one for one in found if one]) == 1


async def test_stores_are_read_side_by_side(world: LedgerWorld) -> None:
    for store in (STORE, OTHER_STORE):
        await asked_for(world, await install(world, store))
    worker = await world.workers.join("scheduler")
    found = await asyncio.gather(*(world.backfills.claim(worker) for _ in range(6)))
    again = await world.backfills.claim(worker)
    assert {one.store_id for one in (*found, again) if one} == {STORE, OTHER_STORE}
    assert len([one for one in (*found, again) if one]) == 2


async def test_another_worker_goes_on_at_the_page_of_one_that_died(world: LedgerWorld) -> None:
    live = await install(world)
    await asked_for(world, live, ORDERS)
    dead, alive = await world.workers.join("scheduler"), await world.workers.join("scheduler")
    lost = await claimed(world, dead)
    await world.backfills.advance(lost, PAGE)
    assert await world.backfills.claim(alive) is None
    await world.hands.expire_lease(dead)
    found = await claimed(world, alive)
    assert (found.kind, found.page) == (ORDERS, "page=2")
    for late in (world.backfills.advance(lost, PAGE), world.backfills.put_off(lost, LATER)):
        with pytest.raises(LostClaim):
            await late
    await world.backfills.advance(found, LAST)
    assert (await status(world)).read == 250


async def test_a_worker_that_left_is_followed_at_once(world: LedgerWorld) -> None:
    await asked_for(world, await install(world), ORDERS)
    first = await world.workers.join("scheduler")
    await claimed(world, first)
    await world.workers.leave(first)
    assert (await claimed(world)).kind is ORDERS


async def test_a_worker_without_a_lease_gets_none(world: LedgerWorld) -> None:
    await asked_for(world, await install(world))
    gone = await world.workers.join("scheduler")
    await world.hands.expire_lease(gone)
    assert await world.backfills.claim(gone) is None


async def test_what_is_put_off_waits_with_its_reason_and_goes_on_at_its_page(world: LedgerWorld) -> None:
    _, claim = await reading_orders(world)
    await world.backfills.advance(claim, PAGE)
    await world.backfills.put_off(claim, LATER)
    found = await status(world)
    assert (found.state, found.reason, found.read) == (BackfillState.WAITING, "Zid is away", 100)
    worker = await world.workers.join("scheduler")
    assert await world.backfills.claim(worker) is None
    await world.hands.make_backfills_due()
    again = await claimed(world, worker)
    while again.kind is not ORDERS:
        await world.backfills.put_off(again, LATER)
        again = await claimed(world, worker)
    assert (again.page, again.failures) == ("page=2", 2)
    await world.backfills.advance(again, PAGE)
    await world.backfills.put_off(again, PutOff(BackfillState.QUEUED))
    assert (await claimed(world, worker)).failures == 0


async def test_what_is_given_back_lets_others_of_the_store_go_first(world: LedgerWorld) -> None:
    await asked_for(world, await install(world), EntityKind.CATEGORY, ORDERS)
    worker = await world.workers.join("scheduler")
    first = await claimed(world, worker)
    assert first.kind is EntityKind.CATEGORY
    await world.backfills.put_off(first, PutOff(BackfillState.QUEUED, wait=timedelta(milliseconds=1)))
    assert (await claimed(world, worker)).kind is ORDERS


async def test_one_that_failed_is_closed_until_somebody_asks_again(world: LedgerWorld) -> None:
    live, claim = await reading_orders(world)
    await world.backfills.advance(claim, PAGE)
    await world.backfills.put_off(claim, PutOff(BackfillState.FAILED, "Zid answered 400", failures=8))
    found = await status(world)
    assert (found.state, found.reason, found.finished_at is not None) == (
        BackfillState.FAILED,
        "Zid answered 400",
        True,
    )
    await asked_for(world, live, ORDERS)
    found = await status(world)
    assert (found.state, found.read, found.total, found.reason, found.finished_at) == (
        *(BackfillState.QUEUED, 0, None, None),
        None,
    )
    again = await claimed(world)
    assert (again.page, again.failures) == (None, 0)
    assert again.fence > claim.fence


async def test_asking_again_for_an_open_one_keeps_its_page(world: LedgerWorld) -> None:
    live, claim = await reading_orders(world)
    await world.backfills.advance(claim, PAGE)
    await asked_for(world, live, ORDERS)
    await world.backfills.advance(claim, PageDone(200, "page=3", 250))
    await world.backfills.put_off(claim, LATER)
    await asked_for(world, live, ORDERS)
    assert (await claimed(world)).page == "page=3"
    assert (await status(world)).read == 200


async def test_only_what_was_asked_for_is_due(world: LedgerWorld) -> None:
    _, claim = await reading_orders(world)
    await world.backfills.advance(claim, LAST)
    assert await world.backfills.claim(await world.workers.join("scheduler")) is None


async def test_the_end_of_the_install_ends_them_at_the_next_page(world: LedgerWorld) -> None:
    live, claim = await reading_orders(world)
    await world.installations.end(live.install_id, audit=audit("install.revoked"))
    assert {one.state for one in await world.backfills.of_stores([STORE])} == {BackfillState.CANCELLED}
    with pytest.raises(LostClaim):
        await world.backfills.advance(claim, PAGE)
    assert not await asked_for(world, live)
    await world.hands.make_backfills_due()
    assert await world.backfills.claim(await world.workers.join("scheduler")) is None


async def test_a_reinstall_reads_anew_while_the_old_one_is_still_held(world: LedgerWorld) -> None:
    _, old = await reading_orders(world)
    await world.backfills.advance(old, PAGE)
    live = await install(world)
    await asked_for(world, live, ORDERS)
    new = await claimed(world)
    assert (new.install_id, new.page) == (live.install_id, None)
    with pytest.raises(LostClaim):
        await world.backfills.advance(old, PAGE)
    await world.backfills.advance(new, LAST)
    assert (await status(world)).state is BackfillState.DONE


async def test_one_whose_store_has_to_be_authorized_again_waits_for_it(world: LedgerWorld) -> None:
    live = await install(world)
    await asked_for(world, live, ORDERS)
    worker = await world.workers.join("scheduler")
    needs, heals = InstallState.NEEDS_REAUTHORIZATION, InstallState.ACTIVE
    await world.installations.change_state(live.install_id, needs, audit=audit())
    assert await world.backfills.claim(worker) is None
    assert (await status(world)).state is BackfillState.QUEUED
    await world.installations.change_state(live.install_id, heals, audit=audit())
    assert (await claimed(world, worker)).kind is ORDERS


async def test_the_backlog_is_counted_up_to_a_limit(world: LedgerWorld) -> None:
    live = await install(world)
    await install(world, OTHER_STORE)
    await queued(world, live, 1, 2, 3)
    assert await world.backfills.backlog(STORE, limit=100) == 3
    assert await world.backfills.backlog(STORE, limit=2) == 2
    assert await world.backfills.backlog(OTHER_STORE, limit=100) == 0


async def test_several_stores_are_told_at_once(world: LedgerWorld) -> None:
    for store in (OTHER_STORE, STORE):
        await install(world, store)
    found = await world.backfills.of_stores([OTHER_STORE, STORE])
    assert [(one.store_id, one.kind) for one in found] == [
        (store, kind) for store in (STORE, OTHER_STORE) for kind in BACKFILLED
    ]


async def test_a_store_never_installed_has_none(world: LedgerWorld) -> None:
    assert list(await world.backfills.of_stores([STORE])) == []
