"""Erasing over HTTP: 202 and on record, listed with its certificate, one person's data handed out."""

import json

from aiohttp.test_utils import TestClient

from core.domain.stores import InstallState
from tests.integration.routes.deliveries import address, credentials
from tests.integration.routes.world import KEY, STORE, World

ERASE = f"/v1/stores/{STORE}/erase"
ERASURES = f"/v1/stores/{STORE}/erasures"
CUSTOMER = f"/v1/stores/{STORE}/customers/77"
ORDER = {"id": 5, "customer": {"id": 77, "email": "layla@example.sa"}, "updated_at": "2026-01-01 00:00:00"}


async def test_a_store_is_put_on_record_erased_and_listed(client: TestClient, world: World) -> None:
    await world.installed()
    asked = await client.post(ERASE, headers=KEY)
    assert asked.status == 202
    open_one = await asked.json()
    assert (open_one["kind"], open_one["finished_at"], open_one["backups_expire"]) == ("store", None, None)
    again = await (await client.post(ERASE, headers=KEY)).json()
    assert again["erasure_id"] == open_one["erasure_id"]
    await world.services().erasing.erase.run_open()
    listed = await (await client.get(ERASURES, headers=KEY)).json()
    assert [one["erasure_id"] for one in listed["items"]] == [open_one["erasure_id"]]
    assert listed["items"][0]["backups_expire"] > listed["items"][0]["finished_at"][:10]
    install = await world.installations.current(STORE)
    assert install is not None
    assert install.state is InstallState.UNINSTALLED


async def test_an_unknown_store_is_404(client: TestClient) -> None:
    for method, path in (("POST", ERASE), ("GET", ERASURES), ("GET", f"{CUSTOMER}/personal-data")):
        assert (await client.request(method, path, headers=KEY)).status == 404
    assert (await client.post(f"{CUSTOMER}/erase", headers=KEY)).status == 404


async def test_one_persons_data_is_handed_out_and_erased(client: TestClient, world: World) -> None:
    install = await world.installed()
    answer = await client.post(address(install, "order.update"), json=ORDER, headers=credentials(install))
    assert answer.status == 200
    held = await (await client.get(f"{CUSTOMER}/personal-data", headers=KEY)).json()
    assert [event["body"] for event in held["events"]] == [ORDER]
    assert "customer.exported" in [entry.action for entry in world.database.audit]
    assert (await client.post(f"{CUSTOMER}/erase", headers=KEY)).status == 202
    await world.services().erasing.erase.run_open()
    held = await (await client.get(f"{CUSTOMER}/personal-data", headers=KEY)).json()
    assert not any(held.values())
    assert "layla" not in json.dumps([str(event.body) for event in world.database.events.values()])
    assert (await world.reader.books()).balanced
