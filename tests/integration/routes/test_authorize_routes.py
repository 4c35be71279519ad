"""`POST /auth/authorize`: links that merchants open, over HTTP."""

from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp.test_utils import TestClient

from core.domain.return_urls import ReturnUrls
from tests.integration.routes.conftest import make_client
from tests.integration.routes.world import KEY, STORE, World

TOKENS = {"access_token": "manager-x", "authorization": "jwt-x", "refresh_token": "refresh-x", "expires_in": 31536000}
BACK = "https://app.example/connected?session=7"


@pytest.fixture
async def browser(world: World, aiohttp_client: object) -> TestClient:
    """Another one than the program's that asks for the link."""
    return await make_client(aiohttp_client, world)


@pytest.fixture
def world() -> World:
    world = World()
    world.return_urls = ReturnUrls.read(["https://app.example/connected"])
    world.exchange.codes.then(TOKENS)
    return world


async def link(client: TestClient, **body: str) -> dict[str, str]:
    answer = await client.post("/auth/authorize", json=body, headers=KEY)
    assert answer.status == 200, await answer.text()
    told: dict[str, str] = await answer.json()
    return told


def local(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


async def state_from(browser: TestClient, url: str) -> str:
    answer = await browser.get(local(url), allow_redirects=False)
    assert answer.status == 302, await answer.text()
    target = urlsplit(answer.headers["Location"])
    assert target.netloc == "oauth.example"
    return parse_qs(target.query)["state"][0]


async def test_a_link_made_by_a_program_is_finished_by_the_merchants_browser(
    world: World, client: TestClient, browser: TestClient
) -> None:
    made = await link(client, return_url=BACK)
    assert made["return_url"] == BACK
    assert made["authorization_url"].startswith(f"{world.url}/auth/zid?ticket=")
    assert made["expires_at"].endswith("Z")
    state = await state_from(browser, made["authorization_url"])

    stolen = await client.get("/auth/zid/callback", params={"state": state, "code": "c"}, allow_redirects=False)
    assert stolen.status == 400, "the program's own cookies are another browser's"
    state = await state_from(browser, made["authorization_url"])
    done = await browser.get("/auth/zid/callback", params={"state": state, "code": "c"}, allow_redirects=False)

    assert (done.status, done.headers["Location"]) == (303, BACK)
    assert await world.installations.current(STORE) is not None
    again = await browser.get(local(made["authorization_url"]) + "&lang=en", allow_redirects=False)
    assert again.status == 302, "whether it was used shows when Zid has answered"


async def test_a_body_may_be_left_out(client: TestClient) -> None:
    answer = await client.post("/auth/authorize", headers=KEY)
    assert answer.status == 200
    assert (await answer.json())["return_url"] is None


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/connected",
        "//app.example/connected",
        "https://app.example\\@evil.example/connected",
        "https://app.example@evil.example/connected",
        "https://app.example/connected/%2e%2e/x",
        "https://app.example:8443/connected",
        "https://аpp.example/connected",
        "/console",
    ],
)
async def test_other_places_are_refused_by_name(client: TestClient, url: str) -> None:
    answer = await client.post("/auth/authorize", json={"return_url": url}, headers=KEY)
    told = await answer.json()
    assert (answer.status, told["parameter"]) == (400, "return_url")
    assert "AUTH_RETURN_URLS" in told["detail"]


async def test_a_link_needs_a_key(client: TestClient) -> None:
    assert (await client.post("/auth/authorize", json={})).status == 401


@pytest.mark.parametrize("ticket", ["", "x", "a.b.c", "%00", "%ff", "x" * 3000])
async def test_a_ticket_that_is_none_ends_on_a_page(client: TestClient, ticket: str) -> None:
    answer = await client.get(f"/auth/zid?lang=en&ticket={ticket}", allow_redirects=False)
    assert answer.status == 400
    assert "Set-Cookie" not in answer.headers or "wasl_install" not in answer.headers["Set-Cookie"]
    assert "Ask for a new one" in await answer.text()
