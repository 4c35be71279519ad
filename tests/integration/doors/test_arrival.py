"""By which name and scheme the service is asked."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_network

import pytest

from entrypoints.http.services import Doors
from tests.integration.routes.conftest import Client, ClientFactory, make_client
from tests.integration.routes.deliveries import address, credentials, order
from tests.integration.routes.services import APP_SECRET
from tests.integration.routes.world import ADMIN_KEY, World

PUBLIC = "https://wasl.example"
KEY = {"Authorization": f"Bearer {ADMIN_KEY}"}
OURS = {"Host": "wasl.example"}
BY_HTTPS = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "198.51.100.1"}


@pytest.fixture
def world() -> World:
    """Behind a proxy on this machine."""
    world = World(PUBLIC)
    world.trusted_proxies = (ip_network("127.0.0.0/8"),)
    world.doors = Doors(hosts=frozenset({"wasl.example"}), force_https=True)
    return world


async def ask(client: Client, path: str, *headers: Mapping[str, str], method: str = "GET") -> tuple[int, str]:
    merged: dict[str, str] = {}
    for one in headers:
        merged |= one
    async with client.request(method, path, headers=merged, allow_redirects=False) as answer:
        return answer.status, answer.headers.get("Location", "")


@pytest.mark.parametrize(
    "path", ["/console/login", "/docs", "/auth/zid", "/v1/ledger", "/openapi.json", "/nowhere", "/"]
)
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "wasl.example.evil.example", "evil.example:443", ""])
async def test_names_that_are_not_ours_are_refused(client: Client, path: str, host: str) -> None:
    status, location = await ask(client, path, KEY, BY_HTTPS, {"Host": host})
    assert (status, location) == (421, "")


@pytest.mark.parametrize("host", ["wasl.example", "WASL.example", "wasl.example.", "wasl.example:443"])
async def test_ours_is_let_in_however_it_is_written(client: Client, host: str) -> None:
    assert await ask(client, "/v1/ledger", KEY, BY_HTTPS, {"Host": host}) == (200, "")


@pytest.mark.parametrize("path", ["/console/login?lang=en", "/docs", "/auth/zid", "/auth/callback?code=a%0d%0aX:y"])
async def test_pages_are_shown_at_their_https_address(client: Client, path: str) -> None:
    status, location = await ask(client, path, OURS)
    assert status == 308
    assert location == PUBLIC + path.replace("%0d%0a", "%0D%0A")


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/ledger"), ("POST", "/console/login"), ("GET", "/openapi.json"), ("GET", "/x")]
)
async def test_programs_are_refused_and_not_redirected(client: Client, method: str, path: str) -> None:
    """A key that was sent in the open is not sent on by a redirect as if nothing had happened."""
    async with client.request(method, path, headers={**OURS, **KEY}, allow_redirects=False) as answer:
        assert (answer.status, "Location" in answer.headers) == (403, False)
        assert answer.content_type == "text/html" or "/problems/https-required" in await answer.text()


@pytest.mark.parametrize("scheme", ["http", "https, http", "HTTP", "ftp", ""])
async def test_https_has_to_be_said_plainly(client: Client, scheme: str) -> None:
    assert (await ask(client, "/v1/ledger", OURS, KEY, {"X-Forwarded-Proto": scheme}))[0] == 403


async def test_who_is_no_proxy_of_ours_cannot_say_that_it_came_by_https(
    world: World, aiohttp_client: ClientFactory
) -> None:
    world.trusted_proxies = (ip_network("10.0.0.0/8"),)
    client = await make_client(aiohttp_client, world)
    assert (await ask(client, "/v1/ledger", OURS, KEY, BY_HTTPS))[0] == 403


async def test_a_proxy_that_nobody_told_us_of_is_told_to_the_operator_once(
    aiohttp_client: ClientFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    client = await make_client(aiohttp_client, World())
    for _ in range(3):
        await client.get("/docs", headers={"X-Forwarded-For": "198.51.100.1"})
    assert capsys.readouterr().out.count("proxy_not_trusted") == 1


@pytest.mark.parametrize("host", ["wasl.example", "evil.example", "10.0.0.7:8000", ""])
@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/auth/health"])
async def test_probes_are_always_answered(client: Client, path: str, host: str) -> None:
    assert await ask(client, path, {"Host": host}) == (200, "")


@pytest.mark.parametrize("host", ["wasl.example", "evil.example", ""])
async def test_deliveries_are_always_taken_in(world: World, client: Client, host: str) -> None:
    install = await world.installed()
    delivered = await client.post(
        address(install), json=order(), headers={**credentials(install), "Host": host}, allow_redirects=False
    )
    app_event = await client.get(f"/webhooks/zid-app/{APP_SECRET}", headers={"Host": host}, allow_redirects=False)
    assert (delivered.status, app_event.status) == (200, 200)


@pytest.mark.parametrize(
    "path",
    ["/webhooks/../console", "/webhooks/%2e%2e/console", "/health/..%2fconsole", "/health/../v1/ledger", "/webhooks//"],
)
async def test_only_the_route_itself_opens_the_door_not_what_a_path_looks_like(client: Client, path: str) -> None:
    async with client.request("GET", path, headers={**KEY, "Host": "evil.example"}, allow_redirects=False) as answer:
        assert answer.status == 421
