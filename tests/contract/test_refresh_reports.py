"""What is known about renewals without opening a token."""

from dataclasses import replace
from datetime import timedelta

from core.domain.refresh_census import DaysLeft, Within
from core.domain.stores import InstallState
from core.domain.tokens import RefreshOutcome, Tokens
from core.ids import Generation, StoreId
from core.ports.refresh_reports import RunReport
from tests.contract.scenes import audit, install, tokens
from tests.contract.worlds import OTHER_STORE, STORE, LedgerWorld

DAY = timedelta(days=1)


def report(world: LedgerWorld, *, ago: timedelta = timedelta(0)) -> RunReport:
    outcomes = {RefreshOutcome.RENEWED: 3, RefreshOutcome.SERVER_ERROR: 1}
    return RunReport(world.now() - ago, 2.5, 7, outcomes, RefreshOutcome.SERVER_ERROR)


async def test_an_empty_vault_has_nothing_due(world: LedgerWorld) -> None:
    found = await world.reports.standing(world.now())
    assert (found.due, found.oldest_due_at, found.next_due_at, found.in_doubt, found.last_run) == (
        0,
        None,
        None,
        0,
        None,
    )


async def test_what_is_due_is_counted_with_the_longest_and_the_next(world: LedgerWorld) -> None:
    for number in range(1, 5):
        live = await install(world, StoreId(number))
        await world.refreshes.postpone(live.install_id, world.now() + (number - 3) * DAY, failed=False)
    now = world.now() + timedelta(minutes=1)
    found = await world.reports.standing(now)
    assert found.due == 3
    assert found.oldest_due_at is not None
    assert abs(found.oldest_due_at - (now - 2 * DAY)) < timedelta(hours=1)
    assert found.next_due_at is not None
    assert abs(found.next_due_at - (now + DAY)) < timedelta(hours=1)


async def test_what_a_run_has_in_hand_is_not_due_and_what_it_gives_back_is(world: LedgerWorld) -> None:
    for number in (1, 2, 3):
        await install(world, StoreId(number))
    now = world.now() + timedelta(days=301)
    due = await world.refreshes.claim_due(now, limit=10, hold=60)
    assert {one.held_until for one in due} == {now + timedelta(seconds=60)}
    assert (await world.reports.standing(now)).due == 0
    await world.refreshes.give_back(due[:2], now)
    assert (await world.reports.standing(now)).due == 2


async def test_who_got_another_due_time_since_he_was_claimed_keeps_it(world: LedgerWorld) -> None:
    live = await install(world)
    now = world.now() + timedelta(days=301)
    due = await world.refreshes.claim_due(now, limit=10, hold=60)
    await world.refreshes.postpone(live.install_id, now + DAY, failed=False)
    await world.refreshes.give_back(due, now)
    await world.refreshes.give_back([], now)
    found = await world.reports.standing(now)
    assert (found.due, found.next_due_at) == (0, now + DAY)


async def test_parked_installs_are_neither_due_nor_next(world: LedgerWorld) -> None:
    live = await install(world)
    await world.installations.change_state(live.install_id, InstallState.NEEDS_REAUTHORIZATION, audit=audit())
    found = await world.reports.standing(world.now() + timedelta(days=400))
    assert (found.due, found.next_due_at) == (0, None)


async def test_the_run_that_was_noted_last_is_told(world: LedgerWorld) -> None:
    first, second = report(world, ago=DAY), replace(report(world), claimed=0, outcomes={}, stopped=None)
    await world.reports.note(first)
    assert (await world.reports.standing(world.now())).last_run == first
    await world.reports.note(second)
    assert (await world.reports.standing(world.now())).last_run == second
    assert (first.tried, first.renewed, first.per_second) == (4, 3, 1.6)


async def test_old_reports_are_forgotten_but_the_last(world: LedgerWorld) -> None:
    assert await world.reports.forget(world.now()) == 0
    for days in (9, 8, 1):
        await world.reports.note(report(world, ago=days * DAY))
    assert await world.reports.forget(world.now() - 2 * DAY) == 2
    assert await world.reports.forget(world.now()) == 0
    last = (await world.reports.standing(world.now())).last_run
    assert last is not None
    assert last.began_at > world.now() - 2 * DAY


def expiring(world: LedgerWorld, after: timedelta | None) -> Tokens:
    return replace(tokens(world), expires_at=world.now() + after if after is not None else None)


async def test_stores_are_counted_by_state_and_installs_by_how_soon_their_tokens_expire(world: LedgerWorld) -> None:
    ends = [-DAY, timedelta(hours=5), 3 * DAY, 3 * DAY, 20 * DAY, 300 * DAY, None]
    for number, after in enumerate(ends, start=1):
        await install(world, StoreId(number))
        seen = await world.vault.open(StoreId(number))
        assert seen is not None
        await world.vault.replace(seen, expiring(world, after), refresh_at=world.now(), audit=audit())
    gone, refused = await install(world, StoreId(98)), await install(world, StoreId(99))
    await world.installations.end(gone.install_id, audit=audit())
    await world.installations.change_state(refused.install_id, InstallState.NEEDS_REAUTHORIZATION, audit=audit())
    census = await world.reports.census(world.now())
    assert census.expiring == {Within.EXPIRED: 1, Within.DAY: 2, Within.WEEK: 4, Within.MONTH: 5}
    assert census.stores == {
        InstallState.ACTIVE: 7,
        InstallState.NEEDS_REAUTHORIZATION: 1,
        InstallState.UNINSTALLED: 1,
    }


async def test_a_renewal_in_doubt_is_seen_until_the_next_generation(world: LedgerWorld) -> None:
    live, other = await install(world), await install(world, OTHER_STORE)
    worker = await world.workers.join("http")
    for one in (live, other):
        await world.refreshes.begin(one.install_id, Generation(1), worker)
    assert (await world.reports.standing(world.now())).in_doubt == 0, "somebody waits for the answer"
    await world.refreshes.mark_unknown(live.install_id, Generation(1), worker)
    statuses = await world.statuses.of([live.install_id, other.install_id])
    assert statuses[live.install_id].in_doubt_since is not None
    assert statuses[other.install_id].in_doubt_since is None
    await world.hands.expire_lease(worker)
    assert (await world.reports.standing(world.now())).in_doubt == 2, "nobody waits any more"
    assert (await world.statuses.of([other.install_id]))[other.install_id].in_doubt_since is not None
    seen = await world.vault.open(STORE)
    assert seen is not None
    await world.vault.replace(seen, tokens(world, "next"), refresh_at=world.now(), audit=audit())
    assert (await world.statuses.of([live.install_id]))[live.install_id].in_doubt_since is None
    assert (await world.reports.standing(world.now())).in_doubt == 1


async def test_tokens_are_counted_by_how_long_they_hold(world: LedgerWorld) -> None:
    hour = timedelta(hours=1)
    ends = [-DAY, hour, 6 * DAY, 7 * DAY + hour, 8 * DAY, 364 * DAY, 4000 * DAY, None]
    for number, after in enumerate(ends, start=1):
        await install(world, StoreId(number))
        seen = await world.vault.open(StoreId(number))
        assert seen is not None
        new = expiring(world, after)
        assert await world.vault.replace(seen, new, refresh_at=world.now() + DAY, audit=audit("token.refreshed"))
    found = await world.reports.days_left(world.now())
    assert {step: number for step, number in found.items() if number} == {
        DaysLeft.EXPIRED: 1,
        DaysLeft.DAY: 1,
        DaysLeft.WEEK: 1,
        DaysLeft.MONTH: 2,
        DaysLeft.YEAR: 1,
        DaysLeft.LONGER: 2,
    }
    assert set(found) == set(DaysLeft)
