"""The merchant's browser on its way through the install, and the pages it ends on."""

from http.cookies import SimpleCookie
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp.test_utils import TestClient

from core.domain.operations.webhooks import CreateWebhook
from core.errors import ClientRejected, OutcomeUnknown, Refused, Unavailable
from core.ports.guards import StateStore
from tests.integration.routes.conftest import make_client
from tests.integration.routes.world import STORE, World

TOKENS = {"access_token": "manager-x", "authorization": "jwt-x", "refresh_token": "refresh-x", "expires_in": 31536000}


async def started(client: TestClient, path: str = "/auth/zid") -> str:
    """The state that Zid was sent."""
    answer = await client.get(path, allow_redirects=False)
    assert answer.status == 302
    return state_of(answer.headers["Location"])


def state_of(location: str) -> str:
    target = urlsplit(location)
    assert (target.scheme, target.netloc, target.path) == ("https", "oauth.example", "/oauth/authorize")
    return parse_qs(target.query)["state"][0]


async def come_back(client: TestClient, **query: str) -> tuple[int, str]:
    answer = await client.get("/auth/zid/callback", params={"lang": "en", **query}, allow_redirects=False)
    assert "default-src 'none'" in answer.headers.get("Content-Security-Policy", "default-src 'none'")
    return answer.status, await answer.text()


async def test_the_whole_way_ends_on_the_success_page(world: World, client: TestClient) -> None:
    world.exchange.codes.then(TOKENS)

    status, page = await come_back(client, state=await started(client), code="one-time")

    assert status == 200
    assert "متجر الورد" in page
    assert str(STORE) in page
    assert "order.status.update" in page
    assert world.exchange.codes.asked == ["one-time"]
    assert not [word for word in TOKENS.values() if str(word) in page]
    install = await world.installations.current(STORE)
    assert install is not None


async def test_the_page_speaks_arabic_unless_asked_otherwise(world: World, client: TestClient) -> None:
    world.exchange.codes.then(TOKENS)
    state = await started(client)

    answer = await client.get("/auth/callback", params={"state": state, "code": "one-time"})
    page = await answer.text()

    assert '<html lang="ar" dir="rtl">' in page
    assert "تم التثبيت" in page
    assert answer.headers["Content-Language"] == "ar"


async def test_no_page_of_the_install_links_back_to_its_one_time_address(world: World, client: TestClient) -> None:
    world.exchange.codes.then(TOKENS)
    state = await started(client)
    for query in ({"state": state, "code": "one-time"}, {"state": state, "code": "one-time"}, {"error": "EC3"}):
        _, page = await come_back(client, **query)
        assert "?lang=" not in page


async def test_webhooks_that_zid_did_not_take_are_named_on_the_page(world: World, client: TestClient) -> None:
    world.exchange.codes.then(TOKENS)
    world.gateway.on(CreateWebhook, Refused(400, "no such event"))

    status, page = await come_back(client, state=await started(client), code="one-time")

    assert status == 200
    assert "Zid did not switch on these notifications" in page
    assert "order.create" in page


async def test_the_browser_is_bound_by_a_cookie_that_scripts_cannot_read(client: TestClient) -> None:
    answer = await client.get("/auth/zid", allow_redirects=False)

    cookie = SimpleCookie(answer.headers["Set-Cookie"])["wasl_install"]
    assert cookie["httponly"]
    assert (cookie["samesite"], cookie["path"], cookie["max-age"]) == ("Lax", "/auth", "600")
    assert not cookie["secure"]
    assert "Strict-Transport-Security" not in answer.headers


async def test_over_https_the_cookie_is_secure(aiohttp_client: object) -> None:
    world = World("https://app.example")
    client = await make_client(aiohttp_client, world)

    answer = await client.get("/auth/zid", allow_redirects=False)

    assert SimpleCookie(answer.headers["Set-Cookie"])["wasl_install"]["secure"]
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=")
    assert "redirect_uri=https%3A%2F%2Fapp.example%2Fauth%2Fzid%2Fcallback" in answer.headers["Location"]


async def test_parameters_on_the_redirection_url_are_ignored(client: TestClient) -> None:
    await started(client, "/auth/zid?store_id=1&hmac=x&app_id=7")


async def test_a_callback_with_nothing_starts_again_once(world: World, client: TestClient) -> None:
    landed = await client.get("/auth/zid/callback", allow_redirects=False)
    assert landed.status == 302
    state = state_of(landed.headers["Location"])

    status, page = await come_back(client)
    assert status == 400
    assert "twice" in page

    # The restarted state is still good for the browser that kept its cookie.
    client.session.cookie_jar.update_cookies(SimpleCookie(landed.headers["Set-Cookie"]), landed.url)
    world.exchange.codes.then(TOKENS)
    assert (await come_back(client, state=state, code="one-time"))[0] == 200


@pytest.mark.parametrize("state", ["", "forged", "a.b", "x" * 2000, "é.é", "\0", "\ud7ff.x", "%ff.%ff"])
async def test_a_forged_state_never_installs(world: World, client: TestClient, state: str) -> None:
    status, page = await come_back(client, state=state, code="one-time")

    assert status == 400
    assert 'href="/auth/zid"' in page
    assert not world.exchange.codes.asked
    assert await world.installations.current(STORE) is None


async def test_broken_bytes_are_answered_by_a_page(world: World, client: TestClient) -> None:
    answer = await client.get("/auth/callback?lang=en&code=%ff%fe&state=%ff", headers={"Cookie": "wasl_install=\udcff"})

    assert answer.status == 400
    assert "Nothing was installed" in await answer.text()


async def test_a_state_is_good_once(world: World, client: TestClient) -> None:
    world.exchange.codes.then(TOKENS)
    state = await started(client)
    assert (await come_back(client, state=state, code="one-time"))[0] == 200

    status, page = await come_back(client, state=state, code="one-time")

    assert status == 400
    assert "used already" in page
    assert len(world.exchange.codes.asked) == 1


async def test_a_state_expires(world: World, client: TestClient) -> None:
    state = await started(client)
    world.clock.advance(601)

    status, page = await come_back(client, state=state, code="one-time")

    assert status == 400
    assert "ten minutes" in page


async def test_another_browser_cannot_finish_what_this_one_began(
    world: World, client: TestClient, aiohttp_client: object
) -> None:
    state = await started(client)
    other = await make_client(aiohttp_client, world)

    status, page = await come_back(other, state=state, code="one-time")

    assert status == 400
    assert "another browser" in page
    assert not world.exchange.codes.asked


async def test_a_refusal_is_explained(client: TestClient) -> None:
    status, page = await come_back(
        client, state=await started(client), error="access_denied", error_description="<b>The merchant</b> said no"
    )

    assert status == 403
    assert "was not approved" in page
    assert "&lt;b&gt;The merchant&lt;/b&gt; said no" in page


@pytest.mark.parametrize("name", ["error", "error_code"])
async def test_ec3_says_what_to_do(client: TestClient, name: str) -> None:
    status, page = await come_back(client, **{name: "EC3"})

    assert status == 400
    assert "App Market" in page
    assert "the free one is enough" in page


async def test_an_unknown_error_shows_zids_code_and_words_shortened(client: TestClient) -> None:
    status, page = await come_back(client, error="EC4", message="m" * 5000)

    assert status == 400
    assert "EC4" in page
    assert "m" * 300 in page
    assert "m" * 301 not in page


@pytest.mark.parametrize("error", [Refused(400, "The code is spent"), OutcomeUnknown("the exchange", "look")])
async def test_a_code_that_brings_nothing_offers_a_new_start(
    world: World, client: TestClient, error: Exception
) -> None:
    world.exchange.codes.then(error)

    status, page = await come_back(client, state=await started(client), code="one-time")

    assert status == 400
    assert "no longer accepts this approval" in page
    assert 'href="/auth/zid"' in page


async def test_our_own_wrong_settings_are_told_to_the_operator_only(world: World, client: TestClient) -> None:
    world.exchange.codes.then(ClientRejected("ZID_CLIENT_SECRET is wrong"))

    status, page = await come_back(client, state=await started(client), code="one-time")

    assert status == 500
    assert "ZID_CLIENT_SECRET" not in page
    assert "set up wrongly" in page
    assert "Request id" in page


async def test_zid_being_away_is_a_page_that_says_try_again(world: World, client: TestClient) -> None:
    world.exchange.codes.then(Unavailable("zid"))
    state = await started(client)

    answer = await client.get("/auth/callback", params={"lang": "en", "state": state, "code": "x"})

    assert answer.status == 503
    assert answer.headers["Retry-After"] == "1"
    assert "Try again in a moment" in await answer.text()


class NoStates(StateStore):
    async def put(self, state: str, value: str, *, ttl: float) -> None:
        raise Unavailable("redis")

    async def take(self, state: str) -> str | None:
        raise Unavailable("redis")


async def test_without_redis_an_install_cannot_start_and_says_so(aiohttp_client: object) -> None:
    world = World()
    world.states = NoStates()
    client = await make_client(aiohttp_client, world)

    answer = await client.get("/auth/zid", params={"lang": "en"})

    assert answer.status == 503
    assert answer.content_type == "text/html"


async def test_a_client_that_says_no_language_and_runs_no_script_gets_the_same(
    world: World, client: TestClient
) -> None:
    """Zid's reviewers install with a server-side client that keeps cookies (seen live 2026-08-11)."""
    world.exchange.codes.then(TOKENS)
    headers = {"User-Agent": "GuzzleHttp/7", "Accept": "*/*"}
    answer = await client.get("/auth/zid", headers=headers, allow_redirects=False)
    state = state_of(answer.headers["Location"])

    done = await client.get("/auth/zid/callback", params={"state": state, "code": "c"}, headers=headers)

    assert done.status == 200
    assert "<script" not in await done.text()
