"""The console's alerts: what is wrong, what was, and what to do about each kind, in both languages."""

import re

import pytest
from aiohttp.test_utils import TestClient

from core.domain.alerts import APP, Alert, AlertKind
from entrypoints.http.console.alerts import COMMANDS, ROWS
from tests.integration.routes.test_console import sign_in
from tests.integration.routes.world import STORE, World

PAGE = "/console/alerts"


async def read(client: TestClient, *, language: str = "en", **query: str) -> str:
    answer = await client.get(PAGE, params={"lang": language, **query})
    text = await answer.text()
    assert answer.status == 200, text
    return text


async def test_nobody_sees_them_without_signing_in(client: TestClient) -> None:
    answer = await client.get(PAGE, allow_redirects=False)
    assert answer.status in {302, 303}


async def test_where_nothing_is_wrong_it_says_so_and_where_to_look(client: TestClient) -> None:
    await sign_in(client)
    assert "Nothing is wrong." in await read(client)
    assert "There was no alert yet." in await read(client, show="all")


async def test_what_is_over_is_shown_when_asked_for(world: World, client: TestClient) -> None:
    await sign_in(client)
    await world.alerts.raise_once(Alert(AlertKind.PROCESS_ABSENT, "consumer", "no consumer process is alive"))
    await world.alerts.raise_once(Alert(AlertKind.CLIENT_REJECTED, APP, "<wrong> secret"))
    await world.alerts.raise_once(Alert(AlertKind.NEEDS_REAUTHORIZATION, str(STORE), "refused", STORE))
    await world.alerts.heal(AlertKind.CLIENT_REJECTED, APP)
    now, ever = await read(client), await read(client, show="all")
    assert "<code>consumer</code>" in now
    assert f'href="/console/stores/{STORE}"' in now
    assert "Zid does not know this app" not in now
    assert "Zid does not know this app" in ever
    assert "&lt;wrong&gt; secret" in ever
    assert "the whole service" in ever


@pytest.mark.parametrize("language", ["en", "ar"])
async def test_every_kind_has_words_and_something_to_do(world: World, client: TestClient, language: str) -> None:
    await sign_in(client)
    for kind in AlertKind:
        await world.alerts.raise_once(Alert(kind, APP))
    text = await read(client, language=language)
    assert len(re.findall(r'<tr data-id="\d+">', text)) == len(AlertKind)
    assert all(command in text for command in COMMANDS.values())
    assert "alerts.kind." not in text


async def test_many_are_paged_latest_first(world: World, client: TestClient) -> None:
    await sign_in(client)
    for number in range(ROWS + 5):
        await world.alerts.raise_once(Alert(AlertKind.NEEDS_REAUTHORIZATION, str(number)))
    first = await read(client)
    [cursor] = set(re.findall(r"cursor=([^\"&]+)", first))
    rest = await read(client, cursor=cursor)
    ids = [int(number) for text in (first, rest) for number in re.findall(r'<tr data-id="(\d+)">', text)]
    assert ids == sorted(ids, reverse=True)
    assert len(set(ids)) == ROWS + 5
