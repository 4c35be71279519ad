"""Events in the console: finding them, one of them, and what a person does to it."""

import asyncio
import re
from uuid import UUID

import pytest
from aiohttp.test_utils import TestClient

from core.domain.api_access import ApiScope
from core.domain.api_keys import KeyDraft
from core.domain.event_states import EventState
from core.ids import EventId
from tests.integration.routes.deliveries import address, credentials, order
from tests.integration.routes.test_console import CSRF, sign_in
from tests.integration.routes.test_dead_letter_routes import give_up
from tests.integration.routes.world import World

EVENTS = "/console/events"
ROW = re.compile(r'<tr data-id="([^"]+)"')
ONCE = re.compile(r'name="once" value="([^"]+)"')


async def take_in(client: TestClient, world: World, *numbers: int) -> list[EventId]:
    install = await world.installations.current(1001) or await world.installed()  # type: ignore[arg-type]
    for turn, number in enumerate(numbers):
        body = order(number, at=f"2026-01-01 10:00:{turn:02}")
        answer = await client.post(address(install), json=body, headers=credentials(install))
        assert answer.status == 200
    return list(world.database.events)


async def seen(client: TestClient, path: str = EVENTS, status: int = 200, **query: str) -> str:
    answer = await client.get(path, params={"lang": "en", **query})
    assert answer.status == status, await answer.text()
    return await answer.text()


async def send(
    client: TestClient, page: str, action: str, *, csrf: str | None = None, **fields: str
) -> tuple[int, str]:
    """Sends the form of this page; the answer's status, and where it leads or what it says."""
    token = CSRF.search(await seen(client, page))
    assert token is not None
    answer = await client.post(
        f"{page}/{action}",
        data={"csrf": token[1] if csrf is None else csrf, **fields},
        params={"lang": "en"},
        allow_redirects=False,
    )
    return answer.status, answer.headers.get("Location") or await answer.text()


async def reader_of(client: TestClient, world: World, *scopes: ApiScope) -> None:
    """Signs in with a key that has these scopes alone."""
    made = await world.services().keys.keeping.create(KeyDraft("narrow", scopes))
    await sign_in(client, made.text.reveal())


async def test_every_page_of_it_asks_to_sign_in(client: TestClient, world: World) -> None:
    [event_id] = await take_in(client, world, 1)
    for path in (EVENTS, f"{EVENTS}/{event_id}", f"{EVENTS}/{event_id}/body"):
        assert (await client.get(path, allow_redirects=False)).headers["Location"] == "/console/login"
    assert (await client.get(f"{EVENTS}/live")).status == 401


async def test_an_empty_ledger_tells_how_events_get_there(client: TestClient) -> None:
    await sign_in(client)
    text = await seen(client)
    assert "No event has arrived yet" in text
    assert "wasl trigger order.create" in text
    assert "No event matches" in await seen(client, state="dead")
    assert "لم يصل أي حدث بعد" in await seen(client, lang="ar")


async def test_filters_find_and_are_remembered(client: TestClient, world: World) -> None:
    ids = [str(event_id) for event_id in await take_in(client, world, 1, 2, 3)]
    await give_up(client, world, 4)
    await sign_in(client)
    assert len(ROW.findall(await seen(client))) == 4
    assert ROW.findall(await seen(client, state="queued")) == ids[::-1]
    text = await seen(client, entity_id="2", topic="order.create", origin="zid", store_id="1001")
    assert ROW.findall(text) == [ids[1]]
    assert re.search(r'name="entity_id" type="text" value="2"', text)
    assert '<option value="zid" selected>' in text
    assert ROW.findall(await seen(client, since="2100-01-01T00:00")) == []
    assert len(ROW.findall(await seen(client, until="2100-01-01T00:00", topic=""))) == 4


async def test_pages_follow_each_other(client: TestClient, world: World) -> None:
    await take_in(client, world, *range(1, 53))
    await sign_in(client)
    first = await seen(client)
    [cursor] = re.findall(r'rel="next" href="[^"]*cursor=([^"&]+)"', first)
    second = await seen(client, cursor=cursor)
    assert (len(ROW.findall(first)), len(ROW.findall(second))) == (50, 2)
    assert not set(ROW.findall(first)) & set(ROW.findall(second))
    assert 'rel="next"' not in second
    await seen(client, status=400, cursor="made-up")


@pytest.mark.parametrize(
    ("field", "text", "fix"),
    [
        ("store_id", "abc", "in digits alone"),
        ("state", "gone", "one of the states"),
        ("origin", "mars", "one of the origins"),
        ("since", "yesterday", "A date and time"),
        ("until", "2026-13-01T00:00", "A date and time"),
        ("topic", "x" * 201, "A topic such as"),
        ("entity_id", "y" * 201, "At most 200"),
        ("fingerprint", "zz", "A fingerprint as"),
    ],
)
async def test_what_cannot_be_meant_is_said_at_its_field(client: TestClient, field: str, text: str, fix: str) -> None:
    await sign_in(client)
    page = await seen(client, status=400, **{field: text})
    assert f'id="e-{field}"' in page
    assert fix in page
    assert "No event" not in page


async def test_a_time_span_must_not_end_before_it_begins(client: TestClient) -> None:
    await sign_in(client)
    page = await seen(client, status=400, since="2026-02-01T00:00", until="2026-01-01T00:00")
    assert "must be later" in page


async def test_the_live_list_sends_rows_that_match(client: TestClient, world: World) -> None:
    await take_in(client, world, 1)
    await sign_in(client)
    text = await seen(client, tail="on", entity_id="2")
    assert f'data-source="{EVENTS}/live?entity_id=2"' in text
    async with client.get(f"{EVENTS}/live", params={"entity_id": "2", "lang": "en"}) as stream:
        first = await _fragment(stream.content)
        assert ROW.findall(first) == []
        await take_in(client, world, 2)
        found = ROW.findall(await _fragment(stream.content))
    assert found == [str(list(world.database.events)[-1])]


async def _fragment(stream: asyncio.StreamReader | object) -> str:
    """The next message of the stream."""
    lines: list[bytes] = []
    async with asyncio.timeout(60):
        while True:
            line = await stream.readline()  # type: ignore[attr-defined]
            if line == b"\n" and lines:
                return b"".join(lines).decode()
            if line.strip():
                lines.append(line)


async def test_one_event_shows_what_is_known_of_it(client: TestClient, world: World) -> None:
    first, second, third = await take_in(client, world, 7, 7, 7)
    await sign_in(client)
    page = await seen(client, f"{EVENTS}/{second}")
    assert str(second) in page
    assert "Zid delivered it as a webhook" in page
    assert "It waits for these before it" in page
    assert f"{EVENTS}/{first}" in page
    assert f"{EVENTS}/{third}" in page
    assert "متجر الورد" in page
    whole = await client.get(f"{EVENTS}/{second}/body")
    assert (whole.content_type, await whole.read()) == ("text/plain", world.database.events[second].body)
    await seen(client, f"{EVENTS}/{UUID(int=7)}", status=404)
    await seen(client, f"{EVENTS}/7", status=400)


async def test_a_large_or_dropped_body_is_said_so(client: TestClient, world: World) -> None:
    [event_id] = await take_in(client, world, 1)
    await sign_in(client)
    world.database.events[event_id].body = b'"' + b"<b>" * 20_000 + b'"'
    page = await seen(client, f"{EVENTS}/{event_id}")
    assert "this is its beginning" in page
    assert "<b><b>" not in page
    world.database.events[event_id].body = None
    assert "It was removed" in await seen(client, f"{EVENTS}/{event_id}")
    await seen(client, f"{EVENTS}/{event_id}/body", status=404)


async def test_a_replay_is_a_new_event_once_per_form(client: TestClient, world: World) -> None:
    [event_id] = await take_in(client, world, 1)
    await sign_in(client)
    page = f"{EVENTS}/{event_id}"
    [once] = ONCE.findall(await seen(client, page))
    places = {await send(client, page, "replay", once=once) for _ in range(2)}
    [(status, place)] = places
    assert (status, len(world.database.events)) == (303, 2)
    shown = await seen(client, place)
    assert "Queued as a new event" in shown
    assert f'href="{page}"' in shown
    assert f'href="{place}"' in await seen(client, page)
    assert [entry.action for entry in world.database.audit].count("event.replayed") == 1


async def test_what_cannot_be_replayed_is_told_on_its_page(client: TestClient, world: World) -> None:
    [event_id] = await take_in(client, world, 1)
    await sign_in(client)
    world.database.events[event_id].entity = None
    status, text = await send(client, f"{EVENTS}/{event_id}", "replay", once="x")
    assert status == 409
    assert "cannot be replayed" in text
    assert "Request id" in text


async def test_a_dead_event_is_redriven_or_discarded_with_a_reason(client: TestClient, world: World) -> None:
    await give_up(client, world, 1, 2)
    one, two = world.database.events
    await sign_in(client)
    assert (await send(client, f"{EVENTS}/{one}", "redrive"))[0] == 303
    assert world.database.events[one].state is EventState.QUEUED
    assert "Queued again" in await seen(client, f"{EVENTS}/{one}")
    for reason in ("", " ", "x" * 201):
        status, text = await send(client, f"{EVENTS}/{two}", "discard", reason=reason)
        assert status == 400
        assert "say in 1 to 200 characters why" in text
    assert (await send(client, f"{EVENTS}/{two}", "discard", reason="a test"))[0] == 303
    assert world.database.events[two].reason == "a test"
    for action, fields in (("redrive", {}), ("discard", {"reason": "again"})):
        await send(client, f"{EVENTS}/{two}", action, **fields)
        assert 'class="flash bad"' in await seen(client, f"{EVENTS}/{two}")


async def test_a_dead_event_is_exported_as_a_test(client: TestClient, world: World) -> None:
    await give_up(client, world, 1)
    [event_id] = world.database.events
    await sign_in(client)
    page = f"{EVENTS}/{event_id}"
    token = CSRF.search(await seen(client, page))
    assert token is not None
    answer = await client.post(f"{page}/export", data={"csrf": token[1], "mask": "on"})
    assert f'filename="test_dead_letter_{event_id.hex}.py"' in answer.headers["Content-Disposition"]
    compile(await answer.text(), "exported.py", "exec")
    [entry] = [entry for entry in world.database.audit if entry.action == "dead_letter.exported"]
    assert entry.details["masked"] is True
    world.database.events[event_id].move(EventState.QUEUED, now=world.clock.now())
    assert (await send(client, page, "export"))[0] == 409


async def test_a_key_that_only_reads_sees_no_buttons_and_cannot_act(client: TestClient, world: World) -> None:
    await give_up(client, world, 1)
    [event_id] = world.database.events
    await reader_of(client, world, ApiScope.READ)
    page = f"{EVENTS}/{event_id}"
    text = await seen(client, page)
    assert f'action="{page}' not in text
    for action in ("replay", "redrive", "discard", "export"):
        assert (await send(client, page, action, reason="x"))[0] == 403
    assert world.database.events[event_id].state is EventState.DEAD


async def test_forms_of_others_do_nothing(client: TestClient, world: World) -> None:
    await give_up(client, world, 1)
    [event_id] = world.database.events
    await sign_in(client)
    for action in ("replay", "redrive", "discard", "export"):
        assert (await send(client, f"{EVENTS}/{event_id}", action, csrf="made-up", reason="x"))[0] == 400
    assert world.database.events[event_id].state is EventState.DEAD
