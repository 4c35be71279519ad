"""Alerts over HTTP: what is wrong now, what was, and which stores are in doubt."""

from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from adapters.memory.workers import MemoryWorkers
from core.domain.alerts import APP, Alert, AlertKind
from core.domain.audit import AuditEntry
from core.domain.stores import InstallState
from core.ids import Generation
from tests.integration.routes.world import KEY, STORE, World

PATH = "/v1/alerts"


async def alerts(client: TestClient, query: str = "") -> Any:
    answer = await client.get(f"{PATH}{query}", headers=KEY)
    assert answer.status == 200, await answer.text()
    return await answer.json()


async def needs_reauthorization(world: World) -> None:
    install = await world.installed()
    audit = AuditEntry("install.needs_reauthorization", STORE, install.install_id, details={"reason": "refused (401)"})
    target = InstallState.NEEDS_REAUTHORIZATION
    await world.installations.change_state(install.install_id, target, audit=audit)


async def test_a_store_that_needs_its_merchant_is_an_alert(client: TestClient, world: World) -> None:
    await needs_reauthorization(world)
    [alert] = (await alerts(client))["items"]
    assert alert == {
        "id": 1,
        "kind": "needs_reauthorization",
        "subject": str(STORE),
        "store_id": STORE,
        "reason": "refused (401)",
        "raised_at": "2026-01-01T00:00:00Z",
        "healed_at": None,
        "told_at": None,
    }


async def test_alerts_are_filtered_and_paged_latest_first(client: TestClient, world: World) -> None:
    await needs_reauthorization(world)
    await world.alerts.raise_once(Alert(AlertKind.CLIENT_REJECTED, APP, "wrong secret"))
    await world.alerts.raise_once(Alert(AlertKind.REFRESH_IN_DOUBT, "7"))
    await world.alerts.heal(AlertKind.REFRESH_IN_DOUBT, "7")
    first = await alerts(client, "?limit=2")
    rest = await alerts(client, f"?limit=2&cursor={first['next_cursor']}")
    assert [one["subject"] for page in (first, rest) for one in page["items"]] == ["7", APP, str(STORE)]
    assert rest["next_cursor"] is None
    for query, subjects in (
        ("?open=true", [APP, str(STORE)]),
        ("?open=false", ["7"]),
        ("?kind=client_rejected", [APP]),
        (f"?store_id={STORE}", [str(STORE)]),
    ):
        assert [one["subject"] for one in (await alerts(client, query))["items"]] == subjects


@pytest.mark.parametrize("query", ["?kind=no_such", "?open=perhaps", "?store_id=x", "?cursor=%00", "?unknown=1"])
async def test_what_cannot_be_asked_is_refused(client: TestClient, query: str) -> None:
    assert (await client.get(f"{PATH}{query}", headers=KEY)).status == 400


async def test_without_a_key_nothing_is_told(client: TestClient) -> None:
    assert (await client.get(PATH)).status == 401


async def test_a_store_whose_renewal_is_in_doubt_says_since_when(client: TestClient, world: World) -> None:
    install = await world.installed()
    worker = await MemoryWorkers(world.database).join("http")
    await world.book.begin(install.install_id, Generation(1), worker)
    for expected in (None, "2026-01-01T00:00:00Z"):
        store = await (await client.get(f"/v1/stores/{STORE}", headers=KEY)).json()
        assert store["refresh_in_doubt_since"] == expected
        await world.book.mark_unknown(install.install_id, Generation(1), worker)
