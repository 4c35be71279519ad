"""Signing in, reading the console without a script, and watching it live."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.cookies import SimpleCookie

import aiohttp
import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestClient

from adapters.memory.backfills import MemoryBackfills
from adapters.memory.workers import MemoryWorkers
from core.domain.backfill import BACKFILLED, PageDone
from core.domain.secret import Secret
from core.errors import Unavailable
from core.features.console_sign_in import IDLE, SignedIn, Visitor
from entrypoints import sheets
from entrypoints.http.api.ledger import ledger_view
from entrypoints.http.console import streaming
from entrypoints.http.console.overview import FRAGMENTS
from entrypoints.http.console.session import Signer
from tests.integration.routes.conftest import make_client
from tests.integration.routes.deliveries import address, credentials, order
from tests.integration.routes.serving import served, until
from tests.integration.routes.world import ADMIN_KEY, STORE, World

CSRF = re.compile(r'name="csrf" value="([^"]+)"')


async def form_token(client: TestClient, path: str = "/console/login") -> str:
    found = CSRF.search(await (await client.get(path)).text())
    assert found is not None
    return found[1]


async def sign_in(client: TestClient, key: str = ADMIN_KEY) -> aiohttp.ClientResponse:
    fields = {"csrf": await form_token(client), "key": key}
    return await client.post("/console/login", data=fields, params={"lang": "en"}, allow_redirects=False)


async def console(client: TestClient, **query: str) -> str:
    answer = await client.get("/console", params={"lang": "en", **query})
    assert answer.status == 200
    return await answer.text()


# --- signing in ---------------------------------------------------------------


async def test_the_console_asks_to_sign_in(client: TestClient) -> None:
    for path in ("/", "/console"):
        answer = await client.get(path)
        assert str(answer.url.path) == "/console/login"
    assert (await client.get("/console/live")).status == 401


async def test_an_admin_key_signs_in_for_a_while(world: World, client: TestClient) -> None:
    answer = await sign_in(client)

    assert (answer.status, answer.headers["Location"]) == (303, "/console")
    cookie = SimpleCookie(answer.headers["Set-Cookie"])["wasl_session"]
    assert cookie["httponly"]
    assert (cookie["samesite"], cookie["path"]) == ("Lax", "/console")
    assert ADMIN_KEY not in answer.headers["Set-Cookie"]
    assert "Ledger" in await console(client)

    world.clock.advance(IDLE.total_seconds() + 1)
    assert (await client.get("/console", allow_redirects=False)).status == 303
    assert world.metrics.counted("console_logins_total", outcome="accepted") == 1


async def test_someone_signed_in_is_not_asked_again(client: TestClient) -> None:
    await sign_in(client)

    assert (await client.get("/console/login", allow_redirects=False)).headers["Location"] == "/console"


@pytest.mark.parametrize("key", ["", "wrong", ADMIN_KEY + "x", ADMIN_KEY[:-1], "é" * 10, "\0", "x" * 3000])
async def test_a_wrong_key_does_not(world: World, client: TestClient, key: str) -> None:
    answer = await sign_in(client, key)

    assert answer.status == 403
    text = await answer.text()
    assert "This key is not right" in text
    assert not key or f'value="{key}"' not in text
    assert (await client.get("/console", allow_redirects=False)).status == 303
    assert world.metrics.counted("console_logins_total", outcome="refused") == 1


async def test_a_form_that_another_site_sends_is_not_taken(world: World, client: TestClient) -> None:
    """Not even with a token that the attacker's own browser was given."""
    own = await form_token(client)
    foreign = Signer(world.services().settings.session_keys).form_token("the attacker's cookie")
    assert own != foreign
    for csrf in ({}, {"csrf": "x"}, {"csrf": "é"}, {"csrf": foreign}):
        answer = await client.post("/console/login", data={"key": ADMIN_KEY, **csrf}, allow_redirects=False)
        assert answer.status == 400
        assert "wasl_session" not in str(answer.headers.getall("Set-Cookie", []))


async def test_signing_out_needs_the_sessions_own_form(client: TestClient) -> None:
    await sign_in(client)
    token = await form_token(client, "/console")

    assert (await client.post("/console/logout", data={"csrf": "x"}, allow_redirects=False)).status == 400
    assert (await client.get("/console", allow_redirects=False)).status == 200
    assert (await client.post("/console/logout", data={"csrf": token}, allow_redirects=False)).status == 303
    assert (await client.get("/console", allow_redirects=False)).status == 303


async def test_a_form_of_any_size_is_not_read(client: TestClient) -> None:
    fields = {"csrf": await form_token(client), "key": "x" * 10_000}

    assert (await client.post("/console/login", data=fields)).status == 413


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "multipart/form-data", "multipart/form-data; boundary=x", "text/plain", "x; charset=no-such"],
)
async def test_a_body_that_is_no_form_is_no_login(client: TestClient, content_type: str) -> None:
    answer = await client.post("/console/login", data=b"\xff--x", headers={"Content-Type": content_type})

    assert answer.status == 400
    assert answer.content_type == "text/html"


async def test_without_a_session_key_nobody_signs_in_and_the_page_says_so(aiohttp_client: object) -> None:
    world = World()
    world.session_keys = ()
    client = await make_client(aiohttp_client, world)

    answer = await client.get("/console/login", params={"lang": "en"})

    assert answer.status == 500
    assert "set up wrongly" in await answer.text()


async def counted(world: World) -> None:
    """As a scheduler does it now and then."""
    await sheets.post(world.board, sheets.LEDGER, ledger_view(await world.reader.books()), world.clock.now())


# --- reading ----------------------------------------------------------------------


async def test_an_empty_console_says_what_to_do(world: World, client: TestClient) -> None:
    await counted(world)
    await sign_in(client)
    page = await console(client)

    assert "No store is installed yet" in page
    assert "No event has arrived yet" in page
    assert "Balanced" in page


async def test_stores_ledger_and_events_are_in_the_page_itself(world: World, client: TestClient) -> None:
    install = await world.installed()
    for number in range(3):
        await client.post(address(install), json=order(number), headers=credentials(install))
    await client.post(address(install, "no.such.topic"), data=b"{", headers=credentials(install))
    await counted(world)
    await sign_in(client)

    page = await console(client)

    assert "متجر الورد" in page
    assert page.count("<code>order.create</code>") == 3
    assert "unknown topic" in page
    assert re.search(r"Received</dt><dd>4<", page)
    assert '<rect class="queued" x="0.0" width="750.0"' in page


async def test_what_others_wrote_is_escaped(world: World, client: TestClient) -> None:
    attack = "<script>alert(1)</script>\"'&"
    install = await world.installed(title=attack)
    await client.post(address(install, "%3Cscript%3E"), data=b"{", headers=credentials(install))
    for event in world.database.events.values():
        event.reason = attack
    await sign_in(client)

    page = await console(client)

    assert "<script>" not in page
    assert page.count("&lt;script&gt;") == 4
    assert (
        len(re.findall(r"<script ", page))
        == len(re.findall(r"<script src=\"/static/[^\"]+\" defer></script>", page))
        == 5
    )


async def test_the_page_has_no_inline_script_or_style_and_a_strict_policy(world: World, client: TestClient) -> None:
    await world.installed()
    await sign_in(client)
    answer = await client.get("/console")
    page = await answer.text()

    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|javascript:", page)
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//', page)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


async def test_every_asset_of_the_page_is_served_and_kept_by_browsers(client: TestClient) -> None:
    await sign_in(client)
    page = await console(client)
    for path in re.findall(r'(?:src|href)="(/static/[^"]+)"', page):
        answer = await client.get(path)
        assert answer.status == 200
        assert "immutable" in answer.headers["Cache-Control"]
        old = await client.get(re.sub(r"/static/[^/]+/", "/static/old/", path))
        assert (old.status, old.headers["Cache-Control"]) == (200, "no-cache")


async def test_without_a_script_the_page_can_refresh_itself(client: TestClient) -> None:
    await sign_in(client)

    assert "/console?refresh=5" in await console(client)
    assert '<meta http-equiv="refresh" content="5">' in await console(client, refresh="5")
    assert "http-equiv" not in await console(client, refresh="0;url=https://evil.example")


@pytest.mark.parametrize(
    ("header", "cookie", "query", "language"),
    [
        ("", "", "", "ar"),
        ("en-GB,en;q=0.9", "", "", "en"),
        ("fr, en;q=0.5", "", "", "en"),
        ("ar-SA,en", "", "", "ar"),
        ("en", "ar", "", "ar"),
        ("en", "ar", "en", "en"),
        ("en", "xx", "yy", "en"),
        (";;;,,,", "", "", "ar"),
    ],
)
async def test_the_language_is_asked_for_remembered_or_the_browsers(
    client: TestClient, header: str, cookie: str, query: str, language: str
) -> None:
    headers = {"Accept-Language": header} | ({"Cookie": f"wasl_lang={cookie}"} if cookie else {})
    answer = await client.get("/console/login", params={"lang": query} if query else {}, headers=headers)

    direction = "rtl" if language == "ar" else "ltr"
    assert f'<html lang="{language}" dir="{direction}">' in await answer.text()
    assert ("wasl_lang" in answer.headers["Set-Cookie"] or "wasl_lang" in str(answer.cookies)) == (query == "en")


async def test_when_the_database_is_away_the_page_says_so(world: World, client: TestClient) -> None:
    await sign_in(client)
    world.database.installs = Broken()  # type: ignore[assignment]
    await world.installed()

    answer = await client.get("/console", params={"lang": "en"})

    assert answer.status == 503
    assert "does not answer right now" in await answer.text()


class Broken(dict[object, object]):
    """A table of a database that went away."""

    def __getitem__(self, key: object) -> object:
        raise Unavailable("postgres")


# --- live --------------------------------------------------------------------------


class Listener:
    """What a browser hears."""

    def __init__(self, content: aiohttp.StreamReader) -> None:
        self._content = content

    async def next(self) -> tuple[str, str]:
        """The next message: its name and its text."""
        name, lines = "", []
        async with asyncio.timeout(30):
            while True:
                line = (await self._content.readline()).decode().rstrip("\n")
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    lines.append(line.removeprefix("data: "))
                elif name:
                    return name, "\n".join(lines)

    async def until(self, wanted: str) -> str:
        while True:
            name, text = await self.next()
            if name == wanted:
                return text


@asynccontextmanager
async def listening(client: TestClient) -> AsyncIterator[Listener]:
    async with client.get("/console/live", params={"lang": "en"}) as answer:
        assert answer.status == 200
        assert answer.content_type == "text/event-stream"
        yield Listener(answer.content)


async def test_what_changes_is_sent_and_nothing_else(
    world: World, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "PACE", 0.01)
    await sign_in(client)
    async with listening(client) as browser:
        first = dict([await browser.next() for _ in FRAGMENTS])
        assert tuple(first) == FRAGMENTS
        assert "No store is installed yet" in first["stores"]

        await world.installed()
        world.clock.advance(2)
        name, text = await browser.next()
        assert (name, "متجر الورد" in text) == ("stores", True)

        install = await world.installations.current(STORE)
        assert install is not None
        await client.post(address(install), json=order(), headers=credentials(install))
        world.clock.advance(2)
        assert [(await browser.next())[0] for _ in range(2)] == ["traffic", "events"]
        await counted(world)
        world.clock.advance(2)
        assert (await browser.next())[0] == "ledger"


async def test_many_who_watch_share_one_look(world: World, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "PACE", 0.01)
    looks = 0
    read = world.board.read

    async def noted() -> object:
        nonlocal looks
        looks += 1
        return await read()

    monkeypatch.setattr(world.board, "read", noted)
    await sign_in(client)
    async with listening(client) as one, listening(client) as two, listening(client) as three:
        for browser in (one, two, three):
            await browser.until("events")

    assert looks == 1


async def test_a_database_that_goes_away_is_told_and_the_stream_goes_on(
    world: World, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "PACE", 0.01)
    read, away = world.board.read, False

    async def perhaps() -> object:
        if away:
            raise Unavailable("postgres")
        return await read()

    monkeypatch.setattr(world.board, "read", perhaps)
    await sign_in(client)
    async with listening(client) as browser:
        await browser.until("events")
        away = True
        world.clock.advance(2)
        assert (await browser.next())[0] == "trouble"
        away = False
        await world.installed()
        world.clock.advance(2)
        assert "متجر الورد" in await browser.until("stores")


async def test_only_so_many_may_watch(world: World, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "WATCHERS", 1)
    await sign_in(client)
    async with listening(client) as browser:
        await browser.next()
        assert (await client.get("/console/live")).status == 429
    await until(lambda: client.app[streaming.STREAMS].present == 0)


async def test_a_browser_that_leaves_frees_its_place(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "PACE", 0.01)
    monkeypatch.setattr(streaming, "HEARTBEAT", 0.05)
    app = world.app()
    async with served(app) as port, ClientSession(cookies=await session_cookies(world)) as session:
        answer = await session.get(f"http://127.0.0.1:{port}/console/live")
        await until(lambda: app[streaming.STREAMS].present == 1)
        answer.close()
        await until(lambda: app[streaming.STREAMS].present == 0)


async def test_streams_do_not_hold_up_a_shutdown(world: World) -> None:
    app = world.app()
    loop = asyncio.get_running_loop()
    async with ClientSession(cookies=await session_cookies(world)) as session:
        async with served(app) as port:
            answer = await session.get(f"http://127.0.0.1:{port}/console/live")
            await until(lambda: app[streaming.STREAMS].present == 1)
            began = loop.time()
        assert loop.time() - began < 3
        answer.close()


async def session_cookies(world: World) -> dict[str, str]:
    signed_in = await world.services().keys.console.sign_in(Secret(ADMIN_KEY), Visitor("a test"))
    assert isinstance(signed_in, SignedIn)
    return {"wasl_session": signed_in.session.session_id}


async def test_a_stores_backfill_is_shown_until_it_is_complete(world: World, client: TestClient) -> None:
    install = await world.installed()
    backfills = MemoryBackfills(world.database)
    await sign_in(client)
    assert "To be read" in await console(client)

    await backfills.begin(install.install_id)
    worker = await MemoryWorkers(world.database).join("scheduler")
    while claim := await backfills.claim(worker):
        await backfills.advance(claim, PageDone(25, "page=2", 100))
        if claim.kind is BACKFILLED[0]:
            world.clock.advance(2)
            page = await console(client)
            assert "Being read" in page
            assert 'max="100" value="5.0">' in page
        await backfills.advance(claim, PageDone(100, None, 100))
    world.clock.advance(2)
    page = await console(client)
    assert "Complete" in page
    assert "<progress" not in page
