"""Pausing and resuming a store over the API: who, what, and what is announced."""

import re

import pytest
from aiohttp.test_utils import TestClient

from core.domain.audit import SYSTEM
from core.features.pause_store import PAUSED, RESUMED
from core.ids import StoreId
from tests.integration.routes.conftest import ClientFactory, make_client
from tests.integration.routes.deliveries import address, credentials, order
from tests.integration.routes.world import ADMIN_KEY, KEY, STORE, World

CSRF = re.compile(r'name="csrf" value="([^"]+)"')
PAUSED_BADGE = re.compile(r'<span class="badge[^"]*">(<[^>]*>)*Paused<')


@pytest.fixture
async def client(world: World, aiohttp_client: ClientFactory) -> TestClient:
    return await make_client(aiohttp_client, world)


async def test_a_paused_store_takes_deliveries_in_and_resuming_announces_them(client: TestClient, world: World) -> None:
    install = await world.installed()
    answer = await client.post(f"/v1/stores/{STORE}/pause", headers=KEY)
    paused = await answer.json()
    assert (answer.status, paused["store_id"], paused["changed"]) == (200, STORE, True)
    assert paused["paused_at"].endswith("Z")
    delivered = await client.post(address(install), json=order(), headers=credentials(install))
    assert delivered.status == 200
    shown = await (await client.get(f"/v1/stores/{STORE}", headers=KEY)).json()
    listed = await (await client.get("/v1/stores", headers=KEY)).json()
    assert shown["paused_at"] == listed["items"][0]["paused_at"] == paused["paused_at"]
    world.announced.announced.clear()
    resumed = await (await client.post(f"/v1/stores/{STORE}/resume", headers=KEY)).json()
    assert resumed == {"store_id": STORE, "paused_at": None, "changed": True}
    assert [item.store_id for item in world.announced.announced] == [STORE]
    audited = [entry for entry in world.database.audit if entry.action in (PAUSED, RESUMED)]
    assert [(entry.action, entry.install_id) for entry in audited] == [
        (PAUSED, install.install_id),
        (RESUMED, install.install_id),
    ]
    assert all(entry.actor != SYSTEM and entry.request_id for entry in audited)


async def test_repeating_changes_nothing_and_an_unknown_store_is_not_found(client: TestClient, world: World) -> None:
    await world.installed()
    for verb, changed in (("resume", False), ("pause", True), ("pause", False), ("resume", True)):
        told = await (await client.post(f"/v1/stores/{STORE}/{verb}", headers=KEY)).json()
        assert told["changed"] is changed, verb
    assert (await client.post(f"/v1/stores/{StoreId(77)}/pause", headers=KEY)).status == 404
    assert (await client.post(f"/v1/stores/{StoreId(77)}/resume", headers=KEY)).status == 404


async def test_the_console_shows_who_is_paused(client: TestClient, world: World) -> None:
    await world.installed()
    assert not PAUSED_BADGE.search(await console(client))
    await client.post(f"/v1/stores/{STORE}/pause", headers=KEY)
    world.clock.advance(60.0)
    assert PAUSED_BADGE.search(await console(client))


async def console(client: TestClient) -> str:
    found = CSRF.search(await (await client.get("/console/login")).text())
    assert found is not None
    await client.post("/console/login", data={"csrf": found[1], "key": ADMIN_KEY})
    return await (await client.get("/console/stores", params={"lang": "en"})).text()
