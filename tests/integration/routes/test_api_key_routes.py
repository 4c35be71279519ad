"""`/v1/api-keys`: making, listing, rotating and ending keys over HTTP."""

import json
from datetime import timedelta

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient

from core.domain.api_keys import is_whole
from tests.integration.routes.world import KEY, World

KEYS = "/v1/api-keys"
COURIER = {"name": "courier", "scopes": ["operate"]}


async def make(client: TestClient, **more: object) -> dict[str, object]:
    answer = await client.post(KEYS, json={**COURIER, **more}, headers=KEY)
    assert answer.status == 201, await answer.text()
    return await answer.json()


async def use(client: TestClient, key: object, path: str = "/v1/stores") -> ClientResponse:
    return await client.get(path, headers={"Authorization": f"Bearer {key}"})


async def test_a_key_is_shown_once_and_opens_what_it_says(client: TestClient) -> None:
    made = await make(client, rate_per_minute=60, expires_at="2026-02-01T00:00:00+03:00")

    key = str(made["key"])
    assert is_whole(key)
    assert (made["name"], made["scopes"], made["state"], made["hint"]) == ("courier", ["operate"], "live", key[:9])
    assert (made["rate_per_minute"], made["expires_at"]) == (60, "2026-01-31T21:00:00Z")
    assert (await use(client, key)).status == 200
    assert (await use(client, key, KEYS)).status == 403
    for path in (KEYS, f"{KEYS}/{made['id']}"):
        shown = await (await client.get(path, headers=KEY)).text()
        assert "courier" in shown
        assert key not in shown
        assert key[9:] not in shown


async def test_a_use_shows_to_the_minute(world: World, client: TestClient) -> None:
    made = await make(client)
    assert made["last_used_at"] is None
    await use(client, made["key"])
    shown = await (await client.get(f"{KEYS}/{made['id']}", headers=KEY)).json()
    assert shown["last_used_at"] == "2026-01-01T00:00:00Z"


async def test_keys_are_listed_page_by_page(client: TestClient) -> None:
    made = [(await make(client, name=f"key {number}"))["id"] for number in range(5)]
    seen, cursor = [], None
    while True:
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = await (await client.get(KEYS, params=query, headers=KEY)).json()
        seen += [one["id"] for one in page["items"]]
        if not (cursor := page["next_cursor"]):
            break
    assert seen == made[::-1]


async def test_a_key_that_was_ended_opens_nothing_more(world: World, client: TestClient) -> None:
    made = await make(client)
    one = f"{KEYS}/{made['id']}"

    assert (await client.delete(one, headers=KEY)).status == 204

    assert (await use(client, made["key"])).status == 401
    assert (await client.delete(one, headers=KEY)).status == 204
    assert (await (await client.get(one, headers=KEY)).json())["state"] == "revoked"
    assert [(entry.action, entry.actor, entry.details["key_id"]) for entry in world.database.audit] == [
        ("api_key.created", "admin", made["id"]),
        ("api_key.revoked", "admin", made["id"]),
    ]


async def test_a_rotation_leaves_time_to_change_over(world: World, client: TestClient) -> None:
    old = await make(client)
    answer = await client.post(f"{KEYS}/{old['id']}/rotate", json={"overlap_seconds": 3600}, headers=KEY)
    assert answer.status == 201
    new = await answer.json()

    assert new["key"] != old["key"]
    for key in (old, new):
        assert (await use(client, key["key"])).status == 200
    world.clock.advance(3600)
    assert (await use(client, old["key"])).status == 401
    assert (await use(client, new["key"])).status == 200
    shown = await (await client.get(f"{KEYS}/{old['id']}", headers=KEY)).json()
    assert (shown["state"], shown["rotated_to"]) == ("expired", new["id"])


async def test_why_a_key_is_not_rotated_is_told(world: World, client: TestClient) -> None:
    rotated, over = await make(client), await make(client)
    await client.post(f"{KEYS}/{rotated['id']}/rotate", headers=KEY)
    await client.delete(f"{KEYS}/{over['id']}", headers=KEY)

    for key_id, status, word in ((rotated["id"], 409, "successor"), (over["id"], 409, "revoked"), (999, 404, "999")):
        answer = await client.post(f"{KEYS}/{key_id}/rotate", headers=KEY)
        assert answer.status == status
        assert word in (await answer.json(content_type=None))["detail"]
    for method, path in (("GET", f"{KEYS}/999"), ("DELETE", f"{KEYS}/999")):
        assert (await client.request(method, path, headers=KEY)).status == 404


@pytest.mark.parametrize(
    ("parameter", "body"),
    [
        ("name", {"name": ""}),
        ("name", {"name": "\u00a0"}),
        ("name", {"name": "x" * 101}),
        ("name", {"name": "line\nbreak"}),
        ("scopes", {"scopes": []}),
        ("scopes", {"scopes": ["root"]}),
        ("expires_at", {"expires_at": "2025-12-31T00:00:00Z"}),
        ("expires_at", {"expires_at": "2026-12-31T00:00:00"}),
        ("rate_per_minute", {"rate_per_minute": 0}),
        ("key", {"key": "wasl_mine"}),
    ],
)
async def test_a_key_that_cannot_be_is_refused_by_name(client: TestClient, parameter: str, body: object) -> None:
    assert isinstance(body, dict)
    answer = await client.post(KEYS, json={**COURIER, **body}, headers=KEY)
    assert answer.status == 400
    assert (await answer.json(content_type=None))["parameter"].startswith(parameter)


async def test_a_repeat_makes_no_second_key_and_the_first_is_kept_nowhere(world: World, client: TestClient) -> None:
    """What is remembered for repeats lacks the key: whoever reads the database finds none."""
    once = {**KEY, "Idempotency-Key": "make-it"}
    first = await (await client.post(KEYS, json=COURIER, headers=once)).json()
    repeated = await client.post(KEYS, json=COURIER, headers=once)

    assert (repeated.status, repeated.headers["Idempotency-Replayed"]) == (201, "true")
    assert await repeated.json() == {**first, "key": None}
    assert len((await (await client.get(KEYS, headers=KEY)).json())["items"]) == 1
    rotate = f"{KEYS}/{first['id']}/rotate"
    second = await (await client.post(rotate, headers={**once, "Idempotency-Key": "rotate"})).json()
    again = await (await client.post(rotate, headers={**once, "Idempotency-Key": "rotate"})).json()
    assert again == {**second, "key": None}
    kept = [row.answer.body for row in world.database.idempotency.values() if row.answer]
    assert len(kept) == 2
    for key in (str(first["key"]), str(second["key"])):
        assert not any(key[9:].encode() in body for body in kept)
        assert not any(key[9:] in str(value) for value in world.database.idempotency.values())


async def test_a_write_repeated_under_the_rotated_key_happens_once(client: TestClient) -> None:
    old = await make(client, scopes=["admin"])
    new = await (await client.post(f"{KEYS}/{old['id']}/rotate", headers=KEY)).json()
    answers = []
    for key in (old["key"], new["key"]):
        headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "one-write"}
        answers.append(await (await client.post(KEYS, json=COURIER, headers=headers)).json())
    assert answers[0]["id"] == answers[1]["id"]


async def test_keys_of_one_name_do_not_share_idempotency_keys(client: TestClient) -> None:
    made = []
    for key in [await make(client, scopes=["admin"]) for _ in range(2)]:
        headers = {"Authorization": f"Bearer {key['key']}", "Idempotency-Key": "one-write"}
        made.append(await (await client.post(KEYS, json=COURIER, headers=headers)).json())
    assert made[0]["id"] != made[1]["id"]


async def test_the_audit_names_keys_by_number(world: World, client: TestClient) -> None:
    made = await make(client, scopes=["admin"], name="Sara's laptop")
    await client.post(KEYS, json=COURIER, headers={"Authorization": f"Bearer {made['key']}", "X-Request-Id": "r-9"})
    written = world.database.audit[-1]
    assert (written.actor, written.request_id) == (f"key:{made['id']}", "r-9")
    assert "Sara" not in json.dumps([str(entry) for entry in world.database.audit])


async def test_a_key_ends_at_its_time(world: World, client: TestClient) -> None:
    ends = world.clock.now() + timedelta(hours=1)
    made = await make(client, expires_at=ends.isoformat())
    assert (await use(client, made["key"])).status == 200
    world.clock.advance(3600)
    assert (await use(client, made["key"])).status == 401
