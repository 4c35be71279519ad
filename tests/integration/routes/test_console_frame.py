"""What every page of the console has: who is in, where they are, what is said once, and problems in the frame."""

import re
from urllib.parse import quote

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from core.errors import Unavailable
from entrypoints.http import app as application
from entrypoints.http.console.access import form_of, signed_in
from entrypoints.http.console.framing import address
from entrypoints.http.console.navigation import SECTIONS, section_of
from entrypoints.http.console.notices import Notice, done
from entrypoints.http.console.session import Signer
from entrypoints.http.pages.bodies import foldable, pretty
from entrypoints.http.pages.texts import TEXTS
from entrypoints.http.routing import Access, Route
from tests.integration.routes.conftest import make_client
from tests.integration.routes.test_console import console, form_token, sign_in
from tests.integration.routes.world import World

NOTICE = next(key for key in sorted(TEXTS) if re.fullmatch(r"notice\.[a-z_.]+", key) and "{" not in TEXTS[key][0])


async def act(request: web.Request) -> web.Response:
    await form_of(request)
    return done(request, "/console", Notice(NOTICE))


@pytest.fixture
async def acting(world: World, aiohttp_client: object, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """The console with one thing to do, by somebody who is signed in."""
    route = Route("POST", "/console/act", signed_in(act), access=Access.OWN, page=True)
    monkeypatch.setattr(application, "ALL_ROUTES", (*application.ALL_ROUTES, route))
    client = await make_client(aiohttp_client, world)
    await sign_in(client)
    return client


async def test_what_was_done_is_said_once(acting: TestClient) -> None:
    fields = {"csrf": await form_token(acting, "/console")}
    answer = await acting.post("/console/act", data=fields, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/console")
    assert TEXTS[NOTICE][0] in await console(acting)
    assert TEXTS[NOTICE][0] not in await console(acting)


async def test_a_script_is_led_on_as_a_person_is(acting: TestClient) -> None:
    fields = {"csrf": await form_token(acting, "/console")}
    answer = await acting.post("/console/act", data=fields, headers={"HX-Request": "true"})
    assert (answer.status, answer.headers["HX-Redirect"]) == (200, "/console")
    assert TEXTS[NOTICE][0] in await console(acting)


async def test_a_form_of_another_session_does_nothing(acting: TestClient) -> None:
    answer = await acting.post("/console/act", data={"csrf": "x" * 43}, allow_redirects=False)
    assert answer.status == 400
    assert 'aria-label="لوحة المتابعة"' in await answer.text()


@pytest.mark.parametrize("kept", [f"good~{NOTICE}~", f"good~{NOTICE}~~{'x' * 43}", "x", "~~~"])
async def test_nobody_else_can_make_a_page_say_something(world: World, client: TestClient, kept: str) -> None:
    await sign_in(client)
    client.session.cookie_jar.update_cookies({"wasl_notice": kept})
    assert 'class="flash' not in await console(client)


async def test_only_what_is_in_the_texts_is_said(world: World, client: TestClient) -> None:
    await sign_in(client)
    signer = Signer(world.services().settings.session_keys)
    client.session.cookie_jar.update_cookies({"wasl_notice": signer.notice("good~notice.of.nobody~")})
    assert 'class="flash' not in await console(client)


async def test_the_page_one_is_on_is_marked(client: TestClient) -> None:
    await sign_in(client)
    page = await console(client)
    assert page.count('aria-current="page"') == 1
    assert re.search(r'href="/console"[^>]*aria-current="page"', page)


def test_a_page_belongs_to_the_section_above_it() -> None:
    for section in SECTIONS:
        assert section_of(section.path) == section.name
        if section.path != "/console":
            assert section_of(f"{section.path}/123") == section.name
    assert len({section.letter for section in SECTIONS}) == len(SECTIONS)


async def test_a_person_who_is_not_in_is_told_of_a_missing_page_without_the_frame(client: TestClient) -> None:
    answer = await client.get("/console/no-such-page", headers={"Accept": "text/html"})
    assert answer.status == 404
    assert 'class="sections"' not in await answer.text()
    await sign_in(client)
    answer = await client.get("/console/no-such-page", headers={"Accept": "text/html"})
    assert answer.status == 404
    assert 'class="sections"' in await answer.text()
    assert answer.headers["X-Request-Id"] in await answer.text()


async def test_a_script_is_told_of_a_problem_in_a_piece(
    world: World, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sign_in(client)

    async def away() -> object:
        raise Unavailable("postgres")

    monkeypatch.setattr(world.board, "read", away)
    answer = await client.get("/console", headers={"HX-Request": "true"})
    text = await answer.text()
    assert answer.status == 503
    assert "<html" not in text
    assert 'role="alert"' in text
    assert answer.headers["X-Request-Id"] in text


async def test_a_script_whose_session_is_over_is_led_to_the_form(client: TestClient) -> None:
    answer = await client.get("/console", headers={"HX-Request": "true"}, allow_redirects=False)
    assert (answer.status, answer.headers["HX-Redirect"]) == (401, "/console/login")


async def test_links_to_the_other_language_and_theme_keep_the_rest_of_the_address(client: TestClient) -> None:
    await sign_in(client)
    page = await (await client.get("/console", params={"lang": "en", "theme": "dark", "x": "<&>"})).text()
    assert 'data-theme="dark"' in page
    assert f'href="/console?x={quote("<&>")}&amp;lang=ar"' in page
    assert f'href="/console?x={quote("<&>")}&amp;theme=light"' in page
    assert 'data-theme="dark"' in await console(client)
    assert "data-theme" not in await console(client, theme="system")


def test_addresses_leave_out_what_is_empty() -> None:
    assert address("/console/events") == "/console/events"
    assert address("/console/events", store=7, topic="", cursor=None) == "/console/events?store=7"


def test_a_body_folds_and_is_escaped() -> None:
    shown = foldable('{"name": "<b>متجر</b>", "items": [1, true, null, {}]}')
    assert shown.count("<details") == 2
    assert "<b>" not in shown
    assert "متجر" in shown
    assert '<span class="nonetype">null</span>' in shown


@pytest.mark.parametrize("text", ["not json <b>", "[" * 5000, "[" * 60 + "]" * 60, ""])
def test_a_body_that_does_not_fold_is_shown_as_it_is(text: str) -> None:
    shown = foldable(text)
    assert shown.startswith("<pre")
    assert "<b>" not in shown
    assert pretty(text)[:1] == text[:1]
