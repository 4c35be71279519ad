"""What finding stores among many promises."""

from datetime import timedelta

import pytest

from core.domain.stores import Install, InstallState
from core.domain.webhook_states import WebhookState
from core.ids import InstallId, StoreId
from core.ports.store_directory import StoreFilter
from tests.contract.scenes import audit, identity, queued, tokens
from tests.contract.worlds import LedgerWorld

TITLES = {10: "متجر النخيل", 11: "Palm & Co", 12: "بُستانُ الوَرد", 100: "100 % Oud", 1007: "palmyra"}


async def installed(world: LedgerWorld, store_id: int, title: str) -> Install:
    install_id = InstallId(next(world.numbers))
    return await world.installations.activate(
        identity(StoreId(store_id), title),
        install_id,
        tokens(world),
        refresh_at=world.now() + timedelta(days=300),
        audit=audit("install.activated", StoreId(store_id), install_id),
    )


@pytest.fixture
async def installs(world: LedgerWorld) -> dict[int, Install]:
    return {store_id: await installed(world, store_id, title) for store_id, title in TITLES.items()}


async def found(world: LedgerWorld, text: str | None = None, **wanted: object) -> list[int]:
    return [one.store_id for one in await world.directory.find(StoreFilter(text=text, **wanted))]


@pytest.mark.usefixtures("installs")
@pytest.mark.parametrize(
    ("text", "ids"),
    [
        (None, [10, 11, 12, 100, 1007]),
        ("palm", [11, 1007]),
        ("PALM co", [11]),
        ("alm", []),
        ("نخيل", []),
        ("النخيل", [10]),
        ("الورد", [12]),
        ("بستان", [12]),
        ("p", [11, 1007]),
        ("100", [100, 1007]),
        ("١٠٠٧", [1007]),
        ("0", []),
        ("%", [10, 11, 12, 100, 1007]),
        ("_alm", []),
        ("palm\0", []),
        ("oud 100", [100]),
        ("oud palm", []),
    ],
)
async def test_stores_are_found_by_the_beginnings_of_words(
    world: LedgerWorld, text: str | None, ids: list[int]
) -> None:
    assert await found(world, text) == ids


async def test_every_filter_must_match(world: LedgerWorld, installs: dict[int, Install]) -> None:
    ended = installs[11].install_id
    await world.installations.end(ended, audit=audit("install.uninstalled", StoreId(11), ended))
    await world.pauses.pause(StoreId(1007), audit=audit("store.paused", StoreId(1007)))
    assert await found(world, state=InstallState.UNINSTALLED) == [11]
    assert await found(world, state=InstallState.ACTIVE) == [10, 12, 100, 1007]
    assert await found(world, paused=True) == [1007]
    assert await found(world, paused=False) == [10, 11, 12, 100]
    assert await found(world, "palm", state=InstallState.ACTIVE) == [1007]
    assert await found(world, "palm", paused=False) == [11]
    assert await found(world, state=InstallState.NEEDS_REAUTHORIZATION) == []


async def test_pages_follow_each_other_by_id(world: LedgerWorld, installs: dict[int, Install]) -> None:
    seen: list[Install] = []
    while page := await world.directory.find(StoreFilter(), after=seen[-1].store_id if seen else None, limit=2):
        assert len(page) <= 2
        seen += page
    assert [one.install_id for one in seen] == [installs[store_id].install_id for store_id in sorted(TITLES)]


async def test_a_store_is_found_by_its_new_title_after_a_reinstall(world: LedgerWorld) -> None:
    await installed(world, 10, "Old name")
    again = await installed(world, 10, "New name")
    assert await found(world, "old") == []
    assert await world.directory.find(StoreFilter("new")) == [again]


async def test_the_last_event_of_each_store_is_told(world: LedgerWorld, installs: dict[int, Install]) -> None:
    await queued(world, installs[10], 1, 2)
    [other] = await queued(world, installs[11], 3)
    [last] = await queued(world, installs[10], 4)
    told = await world.directory.last_events([StoreId(10), StoreId(11), StoreId(12), StoreId(77)])
    assert {store_id: one.event_id for store_id, one in told.items()} == {10: last, 11: other}
    assert told[StoreId(10)].topic == "order.create"
    assert await world.directory.last_events([]) == {}


async def test_looks_at_webhooks_are_told_for_many_installs(world: LedgerWorld, installs: dict[int, Install]) -> None:
    states = {"order.create": WebhookState.BROKEN}
    for number in (10, 11):
        looked = installs[number].install_id
        await world.webhook_checks.note(looked, states=states, problems={}, complete=False, next_in=timedelta(hours=1))
    told = await world.webhook_checks.of_installs([installs[10].install_id, installs[12].install_id])
    assert list(told) == [installs[10].install_id]
    assert told[installs[10].install_id] == await world.webhook_checks.of_install(installs[10].install_id)
    assert await world.webhook_checks.of_installs([]) == {}
