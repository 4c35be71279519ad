"""`GET /v1/audit`: who did what, in pages and by filters."""

import pytest
from aiohttp.test_utils import TestClient

from core.domain.audit import AuditEntry
from core.ids import InstallId, StoreId
from tests.integration.routes.world import KEY, STORE, World


async def listed(client: TestClient, query: str = "") -> dict[str, object]:
    answer = await client.get(f"/v1/audit{query}", headers=KEY)
    assert answer.status == 200, await answer.text()
    return await answer.json()


async def test_an_entry_is_shown_with_the_epoch_of_its_install(world: World, client: TestClient) -> None:
    install = await world.installed()
    details = {"generation": 2, "ok": True, "reason": None}
    entry = AuditEntry("token.refreshed", STORE, install.install_id, "key 12", "req-1", details)
    await world.trail.note(entry)
    [newest, *_] = (await listed(client))["items"]
    assert newest == {
        "id": newest["id"],
        "at": "2026-01-01T00:00:00Z",
        "actor": "key 12",
        "action": "token.refreshed",
        "store_id": STORE,
        "install_id": str(install.install_id),
        "epoch": 1,
        "request_id": "req-1",
        "details": details,
    }


async def test_pages_and_filters(world: World, client: TestClient) -> None:
    for number in range(7):
        entry = AuditEntry(f"done.{number % 2}", StoreId(number % 3), InstallId(1), f"key {number}")
        await world.trail.note(entry)
    first = await listed(client, "?limit=4")
    rest = await listed(client, f"?limit=4&cursor={first['next_cursor']}")
    assert [one["actor"] for one in [*first["items"], *rest["items"]]] == [f"key {n}" for n in reversed(range(7))]
    assert rest["next_cursor"] is None
    for query, actors in (
        ("?action=done.1", [5, 3, 1]),
        ("?store_id=2", [5, 2]),
        ("?actor=key%203", [3]),
        ("?action=done.0&store_id=0", [6, 0]),
        ("?since=2027-01-01T00:00:00Z", []),
        ("?action=done.1%27%20OR%201=1--", []),
    ):
        found = (await listed(client, query))["items"]
        assert [one["actor"] for one in found] == [f"key {number}" for number in actors], query


async def test_a_change_by_a_key_is_there_with_its_request(world: World, client: TestClient) -> None:
    await world.installed()
    headers = {**KEY, "X-Request-Id": "req-77"}
    assert (await client.post(f"/v1/stores/{STORE}/pause", headers=headers)).status == 200
    [entry] = (await listed(client, "?action=store.paused"))["items"]
    assert (entry["actor"], entry["store_id"], entry["request_id"]) == ("admin", STORE, "req-77")


@pytest.mark.parametrize("query", ["?cursor=abc", "?since=today", "?limit=0", "?store_id=x", "?nothing=1"])
async def test_what_is_malformed_is_refused_by_name(client: TestClient, query: str) -> None:
    assert (await client.get(f"/v1/audit{query}", headers=KEY)).status == 400


async def test_the_audit_needs_a_key(client: TestClient) -> None:
    assert (await client.get("/v1/audit")).status == 401
