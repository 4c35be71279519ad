"""What was turned away at a webhook's address can be looked at; what it carried cannot."""

import pytest
from aiohttp.test_utils import TestClient

from entrypoints.http import webhooks
from tests.integration.routes.deliveries import address, basic, credentials, order
from tests.integration.routes.world import KEY, STORE, World


async def listed(world: World, client: TestClient, query: str = "") -> list[dict[str, object]]:
    await world.rejected.flush()
    answer = await client.get(f"/v1/events/rejected{query}", headers=KEY)
    assert answer.status == 200, await answer.text()
    return (await answer.json())["items"]


async def test_forged_and_put_off_requests_are_listed(
    world: World, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    install = await world.installed()
    await client.post("/webhooks/zid/nobody/order.create", json=order())
    await client.post(address(install), json=order(), headers=basic("wasl", "wrong"))
    await client.post(address(install), json=order(), headers=credentials(install))
    monkeypatch.setattr(webhooks, "AT_ONCE", 0)
    monkeypatch.setattr(webhooks, "HELD_SECONDS", 0.0)
    await client.post(address(install, "product.update"), data=b"12345", headers=credentials(install))

    found = await listed(world, client)
    assert [(one["reason"], one["store_id"], one["topic"]) for one in found] == [
        ("overloaded", STORE, "product.update"),
        ("wrong_credentials", STORE, "order.create"),
        ("not_ours", None, "order.create"),
    ]
    assert found[0]["size"] == 5
    assert [one["reason"] for one in await listed(world, client, f"?store_id={STORE}&reason=overloaded")] == [
        "overloaded"
    ]


async def test_pages_follow_each_other(world: World, client: TestClient) -> None:
    for number in range(5):
        await client.post(f"/webhooks/zid/nobody/topic.{number}", json={})
    await world.rejected.flush()
    first = await (await client.get("/v1/events/rejected?limit=3", headers=KEY)).json()
    rest = await (await client.get(f"/v1/events/rejected?cursor={first['next_cursor']}", headers=KEY)).json()
    topics = [one["topic"] for one in [*first["items"], *rest["items"]]]
    assert topics == [f"topic.{number}" for number in (4, 3, 2, 1, 0)]
    assert rest["next_cursor"] is None


async def test_the_list_needs_a_key(client: TestClient) -> None:
    assert (await client.get("/v1/events/rejected")).status == 401
