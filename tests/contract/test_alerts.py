"""What alerts promise: raised once, healed once, told once, and never apart from the state they tell about."""

import asyncio
from datetime import timedelta

import pytest

from core.domain.alerts import APP, Alert, AlertKind, Change, News, about_store
from core.domain.audit import AuditEntry
from core.domain.stores import Install, InstallState
from core.ids import Generation, InstallId, StoreId
from core.ports.alerts import AlertFilter
from core.ports.installations import Intent
from tests.contract.scenes import audit, install, tokens
from tests.contract.worlds import OTHER_STORE, STORE, LedgerWorld

ALL = AlertFilter()
OPEN = AlertFilter(is_open=True)
CLIENT = Alert(AlertKind.CLIENT_REJECTED, APP, "Zid does not know the client")


def doubt(number: int) -> Alert:
    return about_store(AlertKind.REFRESH_IN_DOUBT, StoreId(number), InstallId(number))


async def open_ones(world: LedgerWorld) -> list[tuple[str, str]]:
    return [(known.alert.kind.value, known.alert.subject) for known in await world.alerts.page(OPEN)]


async def news(world: LedgerWorld, *, hold: float = 600) -> list[News]:
    return list(await world.alerts.claim_news(limit=100, hold=hold))


def words(told: list[News]) -> list[tuple[str, str]]:
    return [(one.known.alert.subject, one.change.value) for one in told]


async def test_one_of_a_kind_and_subject_is_open_at_most(world: LedgerWorld) -> None:
    raised = await asyncio.gather(*(world.alerts.raise_once(CLIENT) for _ in range(8)))
    assert raised.count(True) == 1
    assert await world.alerts.raise_once(doubt(1))
    assert await world.alerts.raise_once(doubt(2))
    assert len(await world.alerts.page(ALL)) == 3


async def test_healing_happens_once_and_what_is_raised_later_is_another(world: LedgerWorld) -> None:
    assert not await world.alerts.heal(CLIENT.kind, CLIENT.subject)
    await world.alerts.raise_once(CLIENT)
    healed = await asyncio.gather(*(world.alerts.heal(CLIENT.kind, CLIENT.subject) for _ in range(8)))
    assert healed.count(True) == 1
    assert await world.alerts.raise_once(CLIENT)
    latest, first = await world.alerts.page(ALL)
    assert (latest.is_open, first.is_open) == (True, False)
    assert first.healed_at is not None
    assert first.raised_at <= first.healed_at
    assert latest.alert == CLIENT


async def test_alerts_are_listed_newest_first_by_what_is_wanted(world: LedgerWorld) -> None:
    for alert in (doubt(1), CLIENT, doubt(2), doubt(3)):
        await world.alerts.raise_once(alert)
    await world.alerts.heal(AlertKind.REFRESH_IN_DOUBT, "2")
    found = await world.alerts.page(ALL)
    assert [known.alert.subject for known in found] == ["3", "2", APP, "1"]
    assert [known.alert_id for known in found] == sorted((known.alert_id for known in found), reverse=True)
    assert list(await world.alerts.page(ALL, before=found[1].alert_id, limit=1)) == [found[2]]
    for wanted, subjects in (
        (AlertFilter(kind=AlertKind.REFRESH_IN_DOUBT), ["3", "2", "1"]),
        (AlertFilter(store_id=StoreId(2)), ["2"]),
        (AlertFilter(is_open=False), ["2"]),
        (AlertFilter(AlertKind.CLIENT_REJECTED, StoreId(2)), []),
    ):
        assert [known.alert.subject for known in await world.alerts.page(wanted)] == subjects


async def test_open_alerts_are_counted_for_every_kind(world: LedgerWorld) -> None:
    for alert in (doubt(1), doubt(2), CLIENT):
        await world.alerts.raise_once(alert)
    await world.alerts.heal(CLIENT.kind, CLIENT.subject)
    assert await world.alerts.open_counts() == {**dict.fromkeys(AlertKind, 0), AlertKind.REFRESH_IN_DOUBT: 2}


async def test_news_are_given_to_one_caller_and_told_once(world: LedgerWorld) -> None:
    for number in range(1, 7):
        await world.alerts.raise_once(doubt(number))
    claims = await asyncio.gather(*(world.alerts.claim_news(limit=2, hold=600) for _ in range(5)))
    given = [one for claim in claims for one in claim]
    given += await news(world)
    assert sorted(words(given)) == [(str(number), "raised") for number in range(1, 7)]
    await world.alerts.told(given)
    assert await news(world) == []
    assert {known.told_at is None for known in await world.alerts.page(ALL)} == {False}


async def test_news_that_were_not_told_come_back(world: LedgerWorld) -> None:
    await world.alerts.raise_once(CLIENT)
    assert words(await news(world, hold=0)) == [(APP, "raised")]
    assert words(await news(world)) == [(APP, "raised")]
    assert await news(world) == []


async def test_a_healing_is_told_after_its_raising(world: LedgerWorld) -> None:
    await world.alerts.raise_once(doubt(1))
    await world.alerts.told(await news(world))
    await world.alerts.raise_once(CLIENT)
    await world.alerts.heal(CLIENT.kind, CLIENT.subject)
    await world.alerts.heal(AlertKind.REFRESH_IN_DOUBT, "1")
    found = await news(world)
    assert words(found) == [("1", "healed"), (APP, "raised"), (APP, "healed")]
    await world.alerts.told(found)
    assert await news(world) == []


async def test_a_healing_while_the_raising_is_told_is_told_later(world: LedgerWorld) -> None:
    await world.alerts.raise_once(CLIENT)
    raised = await news(world)
    await world.alerts.heal(CLIENT.kind, CLIENT.subject)
    assert await news(world) == []
    await world.alerts.told(raised)
    assert words(await news(world)) == [(APP, "healed")]


async def test_only_what_is_healed_and_told_is_forgotten(world: LedgerWorld) -> None:
    for number in (1, 2, 3):
        await world.alerts.raise_once(doubt(number))
    await world.alerts.told(await news(world))
    await world.alerts.heal(AlertKind.REFRESH_IN_DOUBT, "1")
    await world.alerts.told(await news(world))
    await world.alerts.heal(AlertKind.REFRESH_IN_DOUBT, "2")
    later = world.now() + timedelta(days=1)
    assert await world.alerts.forget(healed_before=world.now() - timedelta(days=1)) == 0
    assert await world.alerts.forget(healed_before=later) == 1
    assert sorted(known.alert.subject for known in await world.alerts.page(ALL)) == ["2", "3"]


def refusal(live: Install) -> AuditEntry:
    details = {"reason": "Zid refused its refresh token (401)"}
    return AuditEntry("install.needs_reauthorization", live.store_id, live.install_id, details=details)


async def needs_reauthorization(world: LedgerWorld, live: Install) -> bool:
    target = InstallState.NEEDS_REAUTHORIZATION
    return await world.installations.change_state(live.install_id, target, audit=refusal(live))


async def test_a_store_that_needs_reauthorization_has_one_alert_until_it_works_again(world: LedgerWorld) -> None:
    live = await install(world)
    moved = await asyncio.gather(*(needs_reauthorization(world, live) for _ in range(5)))
    assert moved.count(True) == 1
    [known] = await world.alerts.page(ALL)
    assert known.alert.reason == "Zid refused its refresh token (401)"
    assert (known.alert.store_id, known.alert.install_id) == (STORE, live.install_id)
    await world.installations.change_state(live.install_id, InstallState.ACTIVE, audit=audit())
    assert await open_ones(world) == []
    assert words(await news(world)) == [("1", "raised"), ("1", "healed")]


@pytest.mark.parametrize("how", ["the end", "a reinstall"])
async def test_what_ends_an_install_heals_its_alerts_and_no_other_stores(world: LedgerWorld, how: str) -> None:
    live, other = await install(world), await install(world, OTHER_STORE)
    assert await needs_reauthorization(world, live)
    assert await needs_reauthorization(world, other)
    if how == "the end":
        await world.installations.end(live.install_id, audit=audit())
    else:
        await install(world)
    assert await open_ones(world) == [("needs_reauthorization", str(OTHER_STORE))]


async def test_a_lost_answer_is_an_alert_until_the_next_generation_is_stored(world: LedgerWorld) -> None:
    live, worker = await install(world), await world.workers.join("http")
    await world.refreshes.begin(live.install_id, Generation(1), worker)
    assert await open_ones(world) == []
    await world.refreshes.mark_unknown(live.install_id, Generation(1), worker)
    assert await open_ones(world) == [("refresh_in_doubt", str(STORE))]
    seen = await world.vault.open(STORE)
    assert seen is not None
    assert await world.vault.replace(seen, tokens(world, "next"), refresh_at=world.now(), audit=audit())
    assert await open_ones(world) == []


@pytest.mark.parametrize("noticed_by", ["the next caller", "the sweep"])
async def test_an_exchange_whose_worker_died_is_an_alert(world: LedgerWorld, noticed_by: str) -> None:
    live, worker = await install(world), await world.workers.join("http")
    other = await world.workers.join("http")
    await world.refreshes.begin(live.install_id, Generation(1), worker)
    await world.hands.expire_lease(worker)
    if noticed_by == "the sweep":
        await world.maintenance.release_orphans()
        await world.maintenance.release_orphans()
    for _ in range(2):
        assert await world.refreshes.begin(live.install_id, Generation(1), other) is Intent.UNKNOWN
    assert await open_ones(world) == [("refresh_in_doubt", str(STORE))]
    assert await needs_reauthorization(world, live)
    assert await open_ones(world) == [("needs_reauthorization", str(STORE))], "no longer in doubt"


async def test_a_lost_last_resort_raises_nothing_of_its_own(world: LedgerWorld) -> None:
    live, worker = await install(world), await world.workers.join("http")
    key = live.install_id, Generation(1), worker
    await world.refreshes.begin(*key)
    await world.refreshes.mark_unknown(*key)
    await world.alerts.heal(AlertKind.REFRESH_IN_DOUBT, str(STORE))
    await world.refreshes.take_last_resort(*key)
    await world.refreshes.mark_unknown(*key)
    assert await open_ones(world) == []


async def test_doubt_about_every_token_after_a_restore_is_no_alert_each(world: LedgerWorld) -> None:
    await install(world)
    await world.doubts.doubt_all()
    await world.maintenance.release_orphans()
    assert await open_ones(world) == []


async def test_an_erased_stores_alerts_are_gone(world: LedgerWorld) -> None:
    live, other = await install(world), await install(world, OTHER_STORE)
    await needs_reauthorization(world, live)
    await needs_reauthorization(world, other)
    await world.installations.end(live.install_id, audit=audit())
    async for _ in world.eraser.erase(STORE):
        pass
    assert [known.alert.store_id for known in await world.alerts.page(ALL)] == [OTHER_STORE]
    assert Change.RAISED in {one.change for one in await news(world)}
