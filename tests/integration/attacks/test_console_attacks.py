"""Attacks on the console: forged forms, planted and stolen sessions, tampered cookies, guessed keys."""

import re
from base64 import b64encode
from datetime import timedelta
from http.cookies import Morsel, SimpleCookie

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient

from core.domain.api_access import ApiScope
from core.domain.api_keys import KeyDraft
from core.errors import Unavailable
from core.features.console_sign_in import IDLE, LONGEST
from core.ports.sign_in_guards import Sessions
from entrypoints.http.console import streaming
from entrypoints.http.console.access import signed_in
from entrypoints.http.console.session import Signer
from entrypoints.http.routing import Access, Route
from tests.integration.routes.conftest import make_client
from tests.integration.routes.test_console import console, form_token, listening, sign_in
from tests.integration.routes.world import ADMIN_KEY, KEY, World

LOGIN, LOGOUT = "/console/login", "/console/logout"
SECURE = "https://wasl.example"


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def client(world: World, aiohttp_client: object) -> TestClient:
    return await make_client(aiohttp_client, world)


def cookie_of(answer: ClientResponse, name: str = "wasl_session") -> Morsel[str]:
    """What the answer sets under that name."""
    jar = SimpleCookie()
    for header in answer.headers.getall("Set-Cookie", []):
        jar.load(header)
    return jar[name]


async def enter(client: TestClient, key: str = ADMIN_KEY) -> str:
    """Signs in; what the browser then holds."""
    answer = await sign_in(client, key)
    assert answer.status == 303
    return cookie_of(answer).value


async def bare(client: TestClient, path: str, cookie: str, method: str = "GET", **more: object) -> ClientResponse:
    """A request with this session cookie and nothing else of the browser's."""
    headers = {"Cookie": f"wasl_session={cookie}", "Accept-Language": "en"}
    client.session.cookie_jar.clear()
    return await client.request(method, path, headers=headers, allow_redirects=False, **more)


async def is_in(client: TestClient, cookie: str) -> bool:
    return (await bare(client, "/console", cookie)).status == 200


# --- forged forms -----------------------------------------------------------------


async def test_another_site_cannot_sign_a_person_out(client: TestClient) -> None:
    """The cookie goes along (as it would from the same site); the form's token does not."""
    cookie = await enter(client)
    attempts = [{}, {"csrf": ""}, {"csrf": "x" * 43}, {"csrf": cookie}, {"csrf": "é"}]
    for fields in attempts:
        answer = await bare(client, LOGOUT, cookie, "POST", data=fields)
        assert answer.status == 400
    assert await is_in(client, cookie)


async def test_a_token_of_another_session_is_no_token(world: World, client: TestClient) -> None:
    mine = await enter(client)
    client.session.cookie_jar.clear()
    theirs = await enter(client)
    token = Signer(world.services().settings.session_keys).form_token(mine)

    assert (await bare(client, LOGOUT, theirs, "POST", data={"csrf": token})).status == 400
    assert await is_in(client, theirs)
    assert (await bare(client, LOGOUT, mine, "POST", data={"csrf": token})).status == 303
    assert not await is_in(client, mine)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_a_browser_that_says_the_form_is_from_elsewhere_is_believed(client: TestClient, site: str) -> None:
    """Even with a right token, as somebody who can set cookies from a neighbouring host would have."""
    fields = {"csrf": await form_token(client), "key": ADMIN_KEY}
    answer = await client.post(LOGIN, data=fields, headers={"Sec-Fetch-Site": site}, allow_redirects=False)
    assert answer.status == 400
    assert "wasl_session" not in str(answer.headers.getall("Set-Cookie", []))


async def test_nobody_is_signed_in_by_a_form_of_the_attackers_own(world: World, client: TestClient) -> None:
    """Login CSRF: the attacker's key and the attacker's form token, in the victim's browser."""
    token = await form_token(client)
    client.session.cookie_jar.clear()
    await client.get(LOGIN)
    answer = await client.post(LOGIN, data={"csrf": token, "key": ADMIN_KEY}, allow_redirects=False)
    assert answer.status == 400
    client.session.cookie_jar.clear()
    assert (await client.post(LOGIN, data={"csrf": token, "key": ADMIN_KEY}, allow_redirects=False)).status == 400
    assert not world.sessions._kept


async def test_no_form_is_answered_to_get(client: TestClient) -> None:
    cookie = await enter(client)
    assert (await bare(client, LOGOUT, cookie)).status == 405
    assert (await bare(client, f"{LOGIN}?key={ADMIN_KEY}&csrf=x", "none")).status == 200
    assert await is_in(client, cookie)


# --- planted sessions -------------------------------------------------------------


async def test_signing_in_never_takes_a_session_that_the_browser_brought(world: World, client: TestClient) -> None:
    """Fixation: what was planted before is worth nothing afterwards."""
    planted = "p" * 43
    client.session.cookie_jar.update_cookies({"wasl_session": planted})
    own = await enter(client)
    assert own != planted
    assert not await is_in(client, planted)
    assert await is_in(client, own)


async def test_a_session_that_was_planted_alive_ends_when_its_victim_signs_in(client: TestClient) -> None:
    attackers = await enter(client)
    client.session.cookie_jar.clear()
    client.session.cookie_jar.update_cookies({"wasl_session": attackers})
    token = await form_token(client, "/console")
    answer = await client.get(LOGIN, allow_redirects=False)
    assert answer.status == 303, "somebody who is in is not asked for a key"
    await client.post(LOGOUT, data={"csrf": token})
    victims = await enter(client)
    assert not await is_in(client, attackers)
    assert await is_in(client, victims)


async def test_each_sign_in_has_a_session_of_its_own(client: TestClient) -> None:
    seen = set()
    for _ in range(5):
        client.session.cookie_jar.clear()
        seen.add(await enter(client))
    assert len(seen) == 5
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", cookie) for cookie in seen)


# --- cookies ----------------------------------------------------------------------


async def test_a_tampered_cookie_is_no_session(client: TestClient) -> None:
    cookie = await enter(client)
    for place in range(0, len(cookie), 3):
        changed = cookie[:place] + ("A" if cookie[place] != "A" else "B") + cookie[place + 1 :]
        assert not await is_in(client, changed)
    others = ["", cookie[:-1], cookie + "A", cookie.swapcase(), ADMIN_KEY, "x" * 5000, "..", "%00", '"', "a=b", "*"]
    for other in others:
        assert not await is_in(client, other)
    stolen = b64encode(b'{"holder": "admin", "ends_at": 9e9}').decode()
    assert not await is_in(client, stolen)
    assert await is_in(client, cookie)


async def test_a_cookie_is_out_of_reach_and_tells_nothing(aiohttp_client: object) -> None:
    local, secure = World(), World(url=SECURE)
    for world, name, path in ((local, "wasl_session", "/console"), (secure, "__Host-wasl_session", "/")):
        client = await make_client(aiohttp_client, world)
        answer = await by_hand(client, name.replace("session", "form"))
        cookie = cookie_of(answer, name)
        assert cookie["httponly"]
        assert (cookie["samesite"], cookie["path"], cookie["domain"]) == ("Lax", path, "")
        assert bool(cookie["secure"]) == (world is secure)
        assert int(cookie["max-age"]) == LONGEST.total_seconds()
        assert not any(part in cookie.value for part in (ADMIN_KEY, "admin"))


async def by_hand(client: TestClient, form_cookie: str) -> ClientResponse:
    """Signs in as a browser that keeps secure cookies over this plain connection."""
    form = await client.get(LOGIN)
    holder = cookie_of(form, form_cookie)
    token = re.findall(r'name="csrf" value="([^"]+)"', await form.text())[0]
    headers = {"Cookie": f"{form_cookie}={holder.value}"}
    answer = await client.post(LOGIN, data={"csrf": token, "key": ADMIN_KEY}, headers=headers, allow_redirects=False)
    assert answer.status == 303
    return answer


async def test_a_cookie_without_the_host_prefix_counts_nothing_over_https(aiohttp_client: object) -> None:
    """What a neighbour under the same domain, or somebody on plain http, could set."""
    world = World(url=SECURE)
    client = await make_client(aiohttp_client, world)
    session = cookie_of(await by_hand(client, "__Host-wasl_form"), "__Host-wasl_session").value
    assert not await is_in(client, session)
    headers = {"Cookie": f"__Host-wasl_session={session}"}
    assert (await client.get("/console", headers=headers, allow_redirects=False)).status == 200


async def test_where_a_browser_would_not_keep_the_cookie_the_page_says_so(aiohttp_client: object) -> None:
    client = await make_client(aiohttp_client, World(url="http://wasl.example"))
    answer = await client.get(LOGIN, params={"lang": "en"})
    assert "Signing in needs https" in await answer.text()
    assert cookie_of(answer, "__Host-wasl_form")["secure"]


# --- replay -----------------------------------------------------------------------


async def test_a_cookie_that_was_copied_is_worth_nothing_after_the_sign_out(client: TestClient) -> None:
    cookie = await enter(client)
    token = await form_token(client, "/console")
    assert (await client.post(LOGOUT, data={"csrf": token}, allow_redirects=False)).status == 303
    assert not await is_in(client, cookie)
    assert (await bare(client, "/console/live", cookie)).status == 401
    assert (await bare(client, LOGOUT, cookie, "POST", data={"csrf": token})).status == 303


async def test_a_session_ends_by_itself_and_says_so(world: World, client: TestClient) -> None:
    cookie = await enter(client)
    world.clock.advance(IDLE.total_seconds() + 1)
    answer = await client.get("/console", headers={"Accept-Language": "en"})
    assert answer.url.path == LOGIN
    assert "the session has ended" in await answer.text()
    assert cookie_of(answer)["max-age"] == "0"
    assert not await is_in(client, cookie)
    assert "the session has ended" not in await (await client.get(LOGIN, params={"lang": "en"})).text()


async def test_however_busy_a_session_ends_after_half_a_day(world: World, client: TestClient) -> None:
    cookie, passed = await enter(client), timedelta(0)
    while passed < LONGEST:
        assert await is_in(client, cookie)
        world.clock.advance(20 * 60)
        passed += timedelta(minutes=20)
    assert not await is_in(client, cookie)


async def test_an_open_page_that_refreshes_itself_keeps_nobody_in(world: World, client: TestClient) -> None:
    cookie = await enter(client)
    for _ in range(3):
        world.clock.advance(IDLE.total_seconds() / 2)
        answer = await bare(client, "/console?refresh=5", cookie)
    assert answer.status == 303


async def test_an_emptied_redis_is_a_sign_in_page_and_no_fault(world: World, client: TestClient) -> None:
    await enter(client)
    world.sessions.forget_all()
    answer = await client.get("/console", headers={"Accept-Language": "en"})
    assert (answer.status, answer.url.path) == (200, LOGIN)
    assert "the session has ended" in await answer.text()
    await enter(client)
    assert "Ledger" in await console(client)


async def test_sessions_outlive_the_process(world: World, aiohttp_client: object) -> None:
    before = await make_client(aiohttp_client, world)
    cookie = await enter(before)
    await before.close()
    assert await is_in(await make_client(aiohttp_client, world), cookie)


# --- keys and scopes --------------------------------------------------------------


async def made(world: World, *scopes: ApiScope) -> tuple[int, str]:
    draft = KeyDraft.of("Sara <b>", scopes, now=world.clock.now())
    new = await world.services().keys.keeping.create(draft)
    return new.key.key_id, new.text.reveal()


async def test_a_revoked_key_ends_its_sessions_and_what_they_watch(
    world: World, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "PACE", 0.01)
    key_id, key = await made(world, ApiScope.READ)
    cookie = await enter(client, key)
    async with listening(client) as browser:
        await browser.until("events")
        assert (await client.delete(f"/v1/api-keys/{key_id}", headers=KEY)).status == 204
        world.clock.advance(streaming.SESSION_CHECK)
        assert await browser.until("over") == "signed out"
    assert not await is_in(client, cookie)


async def test_the_console_shows_who_is_in_and_escapes_it(world: World, client: TestClient) -> None:
    _, key = await made(world, ApiScope.READ)
    await enter(client, key)
    page = await console(client)
    assert 'Signed in as</span> <bdi title="read">Sara &lt;b&gt;</bdi>' in page


async def test_a_person_may_do_what_their_key_may(world: World, aiohttp_client: object) -> None:
    from entrypoints.http import app as application  # noqa: PLC0415

    async def change(request: object) -> object:
        raise AssertionError("never reached")

    route = Route("GET", "/console/danger", signed_in(change, ApiScope.ADMIN), access=Access.OWN, page=True)
    shown = application.ALL_ROUTES
    application.ALL_ROUTES = (*shown, route)
    try:
        client = await make_client(aiohttp_client, world)
    finally:
        application.ALL_ROUTES = shown
    for scope in (ApiScope.READ, ApiScope.OPERATE):
        client.session.cookie_jar.clear()
        await enter(client, (await made(world, scope))[1])
        assert (await client.get("/console/danger")).status == 403
    client.session.cookie_jar.clear()
    assert (await client.get("/console/danger", allow_redirects=False)).status == 303


async def test_a_session_opens_the_console_and_not_the_api(client: TestClient) -> None:
    await enter(client)
    assert (await client.get("/v1/stores")).status == 401
    assert (await client.delete("/v1/api-keys/1")).status == 401


# --- when sessions are away -------------------------------------------------------


class Away(Sessions):
    """Sessions while Redis does not answer."""

    async def begin(self, name: str, content: str, *, idle: float) -> None:
        raise Unavailable("redis")

    async def use(self, name: str, *, idle: float) -> str | None:
        raise Unavailable("redis")

    async def look(self, name: str) -> str | None:
        raise Unavailable("redis")

    async def end(self, name: str) -> None:
        raise Unavailable("redis")


async def test_while_sessions_cannot_be_looked_at_nobody_gets_in(world: World, aiohttp_client: object) -> None:
    world.sessions = Away()  # type: ignore[assignment]
    client = await make_client(aiohttp_client, world)
    assert (await sign_in(client)).status == 503
    answer = await bare(client, "/console", "s" * 43)
    assert answer.status == 503
    assert answer.content_type == "text/html"
    assert (await bare(client, "/console/live", "s" * 43)).status == 503
