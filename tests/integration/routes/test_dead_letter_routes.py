"""`/v1/dead-letters`: groups by cause, and redrives and discards of many as jobs."""

from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from core.domain.event_states import EventState
from core.domain.redrive import Pace
from core.features.dead_letters import AT_ONCE
from tests.integration.routes.deliveries import address, credentials, order
from tests.integration.routes.world import KEY, World

LETTERS = "/v1/dead-letters"


async def give_up(client: TestClient, world: World, *numbers: int, reason: str = "KeyError: 'sku'") -> None:
    """Events that died before any handler had them."""
    install = await world.installations.current(1001) or await world.installed()  # type: ignore[arg-type]
    for number in numbers:
        answer = await client.post(address(install), json=order(number), headers=credentials(install))
        assert answer.status == 200
        event = list(world.database.events.values())[-1]
        event.move(EventState.RUNNING, EventState.DEAD, now=world.clock.now(), reason=reason)


async def get(client: TestClient, path: str) -> Any:
    answer = await client.get(path, headers=KEY)
    assert answer.status == 200, await answer.text()
    return await answer.json()


async def post(client: TestClient, path: str, body: object, status: int = 200) -> Any:
    answer = await client.post(path, json=body, headers=KEY)
    assert answer.status == status, await answer.text()
    return await answer.json()


async def test_dead_letters_are_shown_by_cause(client: TestClient, world: World) -> None:
    await give_up(client, world, 1, 2)
    await give_up(client, world, 3, reason="HTTPError: 502")
    groups = {group["count"]: group for group in (await get(client, f"{LETTERS}/groups"))["items"]}
    two, one = groups[2], groups[1]
    assert (two["handler"], two["topics"], two["stores"], two["store_ids"]) == ("", ["order.create"], 1, [1001])
    assert (two["last_hour"], two["version"]) == (2, "1.2.3")
    assert one["sample"]["reason"] == "HTTPError: 502"
    for mark in (one["fingerprint"], one["fingerprint"].partition("@")[0]):
        assert (await get(client, f"{LETTERS}/groups?fingerprint={mark}"))["items"] == [one]
        assert len((await get(client, f"{LETTERS}?fingerprint={mark}"))["items"]) == 1
    assert len((await get(client, f"{LETTERS}/groups?handler=&limit=1"))["items"]) == 1


async def test_a_canary_is_a_job_that_can_be_followed_and_undone(client: TestClient, world: World) -> None:
    await give_up(client, world, *range(1, 8))
    told = await post(client, f"{LETTERS}/redrive", {"all": True, "canary": True}, 202)
    job = told["job"]
    assert (told["matched"], told["queued"], job["total"], job["pending"]) == (7, 0, 7, 7)
    assert (job["canary"], job["stop_above_percent"], job["state"]) == (True, 20, "open")
    assert (await get(client, f"{LETTERS}/groups"))["items"][0]["count"] == 7

    await world.redrives.advance(Pace())
    shown = await get(client, f"{LETTERS}/jobs/{job['id']}")
    assert (shown["in_flight"], shown["pending"], shown["groups"][0]["in_flight"]) == (5, 2, 5)
    undone = await post(client, f"{LETTERS}/jobs/{job['id']}/undo", {})
    assert (undone["undone"], undone["in_flight"]) == (2, 5)
    assert (await get(client, f"{LETTERS}/jobs"))["items"] == [undone]
    assert "dead_letter_job.undone" in [entry.action for entry in world.database.audit]


async def test_letters_of_one_cause_are_redriven_as_a_job(client: TestClient, world: World) -> None:
    await give_up(client, world, 1, 2)
    [group] = (await get(client, f"{LETTERS}/groups"))["items"]
    dry = await post(client, f"{LETTERS}/redrive", {"fingerprint": group["fingerprint"], "dry_run": True})
    assert (dry["letters"], dry["able"], dry["job"]) == (2, 2, None)
    told = await post(client, f"{LETTERS}/redrive", {"fingerprint": group["fingerprint"]}, 202)
    assert told["job"]["chosen"] == {"fingerprint": group["fingerprint"]}
    again = await post(client, f"{LETTERS}/redrive", {"fingerprint": group["fingerprint"]}, 202)
    assert (again["marked"], again["job"]["total"], again["job"]["state"]) == (2, 0, "done")


async def test_a_discard_of_many_waits_so_that_it_can_be_undone(client: TestClient, world: World) -> None:
    await give_up(client, world, *range(1, AT_ONCE + 2))
    job = (await post(client, f"{LETTERS}/discard", {"all": True, "reason": "old"}, 202))["job"]
    assert (job["action"], job["reason"], job["pending"]) == ("discard", "old", AT_ONCE + 1)
    assert job["starts_at"] > job["opened_at"]
    assert await world.redrives.advance(Pace()) is None
    undone = await post(client, f"{LETTERS}/jobs/{job['id']}/undo", {})
    assert (undone["state"], undone["undone"]) == ("undone", AT_ONCE + 1)


async def test_few_are_discarded_later_when_that_is_asked_for(client: TestClient, world: World) -> None:
    await give_up(client, world, 1)
    told = await post(client, f"{LETTERS}/discard", {"all": True, "undo_seconds": 60}, 202)
    assert (told["discarded"], told["job"]["pending"]) == (0, 1)


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ({"fingerprint": "nonsense"}, "fingerprint"),
        ({"all": True, "stop_above_percent": 101}, "stop_above_percent"),
        ({"all": True, "handler": "x"}, "ids"),
        ({"all": True, "undo_seconds": 5}, "undo_seconds"),
    ],
)
async def test_what_makes_no_sense_is_refused(client: TestClient, body: object, parameter: str) -> None:
    answer = await client.post(f"{LETTERS}/redrive", json=body, headers=KEY)
    assert answer.status == 400
    assert (await answer.json(content_type="application/problem+json"))["parameter"] == parameter


async def test_a_job_that_is_none_is_404(client: TestClient) -> None:
    for method, path in (("GET", "/jobs/99"), ("POST", "/jobs/99/undo")):
        assert (await client.request(method, LETTERS + path, headers=KEY)).status == 404
