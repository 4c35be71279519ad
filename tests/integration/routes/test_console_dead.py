"""Dead letters in the console: causes, one of them, dry runs, redrives and discards, and how they go."""

import re

import pytest
from aiohttp.test_utils import TestClient

from core.domain.api_access import ApiScope
from core.domain.event_states import EventState
from core.domain.redrive import Pace
from tests.integration.routes.test_console import sign_in
from tests.integration.routes.test_console_events import reader_of, seen, send
from tests.integration.routes.test_dead_letter_routes import give_up
from tests.integration.routes.world import World

DEAD = "/console/dead"
GROUP = re.compile(rf'href="({DEAD}/groups/[^"]+)"')


async def group_of(client: TestClient) -> str:
    """The address of the first cause."""
    [place, *_] = GROUP.findall(await seen(client, DEAD))
    return place.replace("%40", "@")


async def test_every_page_of_it_asks_to_sign_in(client: TestClient) -> None:
    for path in (DEAD, f"{DEAD}/jobs", f"{DEAD}/jobs/1", f"{DEAD}/groups/0a1b2c3d4e"):
        assert (await client.get(path, allow_redirects=False)).headers["Location"] == "/console/login"
    assert (await client.get(f"{DEAD}/jobs/1/live")).status == 401


async def test_nothing_dead_says_what_would_be_here(client: TestClient) -> None:
    await sign_in(client)
    assert "No event is dead." in await seen(client, DEAD)
    assert "لا أحداث متوقفة" in await seen(client, DEAD, lang="ar")
    assert "There was none in the last 30 days" in await seen(client, f"{DEAD}/jobs")


async def test_causes_and_their_growth_are_shown(client: TestClient, world: World) -> None:
    await give_up(client, world, 1, 2, reason="ValueError: <b>bold</b>")
    await give_up(client, world, 3, reason="KeyError: 'x'")
    await sign_in(client)
    text = await seen(client, DEAD)
    assert "ValueError: &lt;b&gt;bold" in text
    assert "before any handler" in text
    assert "3 events are dead, 3 of them since an hour ago. The alarm is at 1,000." in text
    assert len(GROUP.findall(text)) == 2


async def test_growth_tells_when_the_alarm_is_reached(client: TestClient, world: World) -> None:
    await give_up(client, world, *range(1, 50))
    await sign_in(client)
    assert "49 more died within the last hour" in await seen(client, DEAD)


async def test_one_cause_shows_why_and_its_events(client: TestClient, world: World) -> None:
    await give_up(client, world, 1, 2)
    await sign_in(client)
    page = await group_of(client)
    text = await seen(client, page)
    assert "KeyError" in text
    assert text.count("<tr data-id=") == 2
    assert "/console/events?state=dead&amp;fingerprint=" in text
    assert "letters of" not in text
    await seen(client, f"{DEAD}/groups/ffffffffff@1", status=404)
    await seen(client, f"{DEAD}/groups/zz", status=400)


async def test_a_dry_run_counts_and_changes_nothing(client: TestClient, world: World) -> None:
    await give_up(client, world, *range(1, 8))
    await sign_in(client)
    text = await seen(client, await group_of(client), dry_run="true")
    assert "7 letters of 7 events match." in text
    assert "7 can be handled." in text
    assert "As a canary: 5, then 1 more, then the other 1." in text
    assert not [entry for entry in world.database.audit if entry.action == "events.redriven"]


async def test_a_canary_is_a_job_that_is_followed_and_stopped(client: TestClient, world: World) -> None:
    await give_up(client, world, *range(1, 8))
    await sign_in(client)
    status, job = await send(client, await group_of(client), "redrive", canary="on", stop_above="10")
    assert status == 303
    text = await seen(client, job)
    assert "The redrive of 7 letters has begun" in text
    assert 'data-job-state="open"' in text
    assert "First 5 of each cause" in text
    assert "10 %" in text
    await world.redrives.advance(Pace())
    assert re.search(r"<dt>Being handled</dt><dd><bdi>5</bdi>", await seen(client, job))
    assert (await send(client, job, "undo"))[0] == 303
    text = await seen(client, job)
    assert "Stopped; 2 letters stay as they were." in text
    assert f'action="{job}/undo"' not in text, "nothing is left to be stopped"
    [entry] = [entry for entry in world.database.audit if entry.action == "dead_letter_job.undone"]
    assert entry.actor == "admin"
    assert job in await seen(client, f"{DEAD}/jobs")
    assert job in await seen(client, DEAD)


async def test_a_stream_tells_how_a_job_goes(client: TestClient, world: World) -> None:
    await give_up(client, world, 1)
    await sign_in(client)
    _, job = await send(client, await group_of(client), "redrive")
    assert f'data-source="{job}/live"' in await seen(client, job)
    async with client.get(f"{job}/live", params={"lang": "en"}) as stream:
        assert await stream.content.readline() == b"event: job\n"
    await seen(client, f"{DEAD}/jobs/99", status=404)


@pytest.mark.parametrize("stop", ["x", "101", "-1", "nan"])
async def test_a_share_of_failures_is_a_number(client: TestClient, world: World, stop: str) -> None:
    await give_up(client, world, 1)
    await sign_in(client)
    status, text = await send(client, await group_of(client), "redrive", canary="on", stop_above=stop)
    assert status == 422
    assert "Write a number from 0 to 100." in text
    assert f'value="{stop}"' in text
    assert await world.redrives.jobs() == []


async def test_a_discard_wants_its_number_typed_and_a_reason(client: TestClient, world: World) -> None:
    await give_up(client, world, 1, 2)
    await sign_in(client)
    page = await group_of(client)
    for typed, reason, said in (
        ("3", "old", "not their number now"),
        ("", "old", "not their number now"),
        ("2", "", "Say why"),
        ("2", "x" * 201, "Say why"),
    ):
        status, text = await send(client, page, "discard", typed=typed, reason=reason)
        assert status == 422
        assert said in text
    assert await world.redrives.jobs() == []
    status, job = await send(client, page, "discard", typed="2", reason="test orders")
    assert status == 303
    assert "test orders" in await seen(client, job)
    await world.redrives.advance(Pace())
    assert {event.state for event in world.database.events.values()} == {EventState.CANCELLED}
    assert "2 of 2 are discarded." in await seen(client, job)


async def test_what_somebody_else_did_meanwhile_is_said(client: TestClient, world: World) -> None:
    await give_up(client, world, 1)
    await sign_in(client)
    page = await group_of(client)
    await send(client, page, "redrive")
    status, place = await send(client, page, "redrive")
    assert (status, place) == (303, DEAD)
    assert "There was nothing to do" in await seen(client, DEAD)


async def test_a_key_that_only_reads_sees_no_forms_and_cannot_act(client: TestClient, world: World) -> None:
    await give_up(client, world, 1)
    await reader_of(client, world, ApiScope.READ)
    page = await group_of(client)
    assert f'action="{page}' not in await seen(client, page)
    for action in ("redrive", "discard"):
        assert (await send(client, page, action, typed="1", reason="x"))[0] == 403
    assert await world.redrives.jobs() == []


async def test_forms_of_others_do_nothing(client: TestClient, world: World) -> None:
    await give_up(client, world, 1)
    await sign_in(client)
    page = await group_of(client)
    for action in ("redrive", "discard"):
        assert (await send(client, page, action, csrf="made-up", typed="1", reason="x"))[0] == 400
    _, job = await send(client, page, "redrive")
    assert (await send(client, job, "undo", csrf="made-up"))[0] == 400
    assert [job.undone for [job] in [await world.redrives.jobs()] for job in job.groups] == [0]
