"""Attacks on the way a store is installed and told about: each one is tried, and leads to nothing."""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp.test_utils import TestClient

from core.domain.event_states import EventState, Origin
from core.domain.oauth_state import make_state, make_ticket
from core.domain.return_urls import ReturnUrls
from core.domain.secret import Secret
from core.domain.stores import Install, InstallState
from core.domain.webhook_address import Addressee, install_token
from core.errors import Refused
from core.ids import InstallId, StoreId
from tests.integration.routes.conftest import make_client
from tests.integration.routes.deliveries import address, credentials, order
from tests.integration.routes.services import APP_SECRET, WEBHOOK_SECRET
from tests.integration.routes.world import KEY, STORE, World

TOKENS = {"access_token": "manager-x", "authorization": "jwt-x", "refresh_token": "refresh-x", "expires_in": 31536000}
CALLBACK = "/auth/zid/callback"
OTHER_STORE = StoreId(2002)


@pytest.fixture
def world() -> World:
    world = World()
    world.return_urls = ReturnUrls.read(["https://app.example/connected"])
    world.exchange.codes.then(TOKENS)
    return world


@pytest.fixture
async def client(world: World, aiohttp_client: object) -> TestClient:
    return await make_client(aiohttp_client, world)


@pytest.fixture
async def victim(world: World, aiohttp_client: object) -> TestClient:
    """Another browser, with cookies of its own."""
    return await make_client(aiohttp_client, world)


async def start(browser: TestClient, path: str = "/auth/zid") -> str:
    answer = await browser.get(path, allow_redirects=False)
    return parse_qs(urlsplit(answer.headers["Location"]).query)["state"][0]


async def back(browser: TestClient, **query: str) -> tuple[int, str | None]:
    answer = await browser.get(CALLBACK, params=query, allow_redirects=False)
    return answer.status, answer.headers.get("Location")


async def nothing_happened(world: World) -> bool:
    """No code was sent to Zid, and no store is installed."""
    return not world.exchange.codes.asked and await world.installations.current(STORE) is None


class TestState:
    """A callback is taken only with a state of ours, once, in time, by the browser that began."""

    @pytest.mark.parametrize(
        "forged",
        [
            "",
            "guess",
            "." * 64,
            make_state(Secret("another-secret"), "nonce"),
            make_state(Secret(""), "nonce"),
            "nonce." + "0" * 32,
        ],
    )
    async def test_forged(self, world: World, client: TestClient, forged: str) -> None:
        await start(client)
        assert await back(client, state=forged, code="c") == (400, None)
        assert await nothing_happened(world)

    async def test_changed_in_one_character(self, world: World, client: TestClient) -> None:
        state = await start(client)
        for place in (0, len(state) // 2, -1):
            changed = list(state)
            changed[place] = "A" if changed[place] != "A" else "B"
            assert await back(client, state="".join(changed), code="c") == (400, None)
        assert await nothing_happened(world)

    async def test_replayed(self, world: World, client: TestClient) -> None:
        state = await start(client)
        assert (await back(client, state=state, code="c"))[0] == 200
        before = await world.installations.current(STORE)
        for _ in range(3):
            assert await back(client, state=state, code="c") == (400, None)
        assert world.exchange.codes.asked == ["c"]
        assert await world.installations.current(STORE) == before

    async def test_expired(self, world: World, client: TestClient) -> None:
        state = await start(client)
        world.clock.advance(601)
        assert await back(client, state=state, code="c") == (400, None)
        assert await nothing_happened(world)

    async def test_of_another_browser(self, world: World, client: TestClient, victim: TestClient) -> None:
        state = await start(client)
        assert await back(victim, state=state, code="c") == (400, None)
        assert await back(client, state=state, code="c") == (400, None), "the attempt used it up"
        assert await nothing_happened(world)

    async def test_with_the_cookie_of_another_start(self, world: World, client: TestClient) -> None:
        first = await start(client)
        await start(client)
        assert await back(client, state=first, code="c") == (400, None)
        assert await nothing_happened(world)

    async def test_carried_in_the_body_or_twice(self, world: World, client: TestClient) -> None:
        state = await start(client)
        answer = await client.post(CALLBACK, data={"state": state, "code": "c"}, allow_redirects=False)
        assert answer.status == 405
        answer = await client.get(f"{CALLBACK}?state=x&state={state}&code=c", allow_redirects=False)
        assert answer.status == 400
        assert await nothing_happened(world)


class TestLoginCsrf:
    """The attacker consents for a store of theirs and makes the victim's browser bring the code."""

    async def test_a_victim_without_a_start_of_their_own(
        self, world: World, client: TestClient, victim: TestClient
    ) -> None:
        state = await start(client)
        assert await back(victim, state=state, code="the-attackers") == (400, None)
        assert await nothing_happened(world)

    async def test_a_victim_in_the_middle_of_their_own(
        self, world: World, client: TestClient, victim: TestClient
    ) -> None:
        own, foreign = await start(victim), await start(client)
        assert await back(victim, state=foreign, code="the-attackers") == (400, None)
        assert await nothing_happened(world)
        assert own != foreign

    async def test_an_image_or_frame_leads_to_no_install(self, world: World, victim: TestClient) -> None:
        """Without code and error the browser is sent to Zid's consent, once; after that it is told to stop."""
        answer = await victim.get(CALLBACK, allow_redirects=False)
        assert urlsplit(answer.headers["Location"]).netloc == "oauth.example"
        assert (await back(victim))[0] == 400
        assert await nothing_happened(world)

    async def test_a_link_made_by_the_attacker_binds_the_victims_own_browser(
        self, world: World, client: TestClient, victim: TestClient
    ) -> None:
        made = await (await client.post("/auth/authorize", headers=KEY)).json()
        parts = urlsplit(made["authorization_url"])
        of_attacker = await start(client, f"{parts.path}?{parts.query}")
        of_victim = await start(victim, f"{parts.path}?{parts.query}")
        assert await back(victim, state=of_attacker, code="the-attackers") == (400, None)
        assert of_victim != of_attacker
        assert await nothing_happened(world)


class TestCode:
    """A code is worth one install; Zid refuses it the second time, and nothing is changed then."""

    async def test_replayed_with_a_fresh_state(self, world: World, client: TestClient) -> None:
        world.exchange.codes.then(Refused(400, "Authorization code has been revoked"))
        assert (await back(client, state=await start(client), code="c"))[0] == 200
        before = await world.installations.current(STORE)
        assert await back(client, state=await start(client), code="c") == (400, None)
        assert await world.installations.current(STORE) == before
        assert await world.vault.open(STORE) is not None


class TestOpenRedirect:
    """The browser goes nowhere but to Zid, to our own pages, and to listed places."""

    @pytest.mark.parametrize("name", ["return_url", "return_path", "return_to", "next", "redirect_uri", "url"])
    @pytest.mark.parametrize("path", ["/auth/zid", CALLBACK, "/auth/callback"])
    async def test_by_a_parameter(self, world: World, client: TestClient, name: str, path: str) -> None:
        answer = await client.get(path, params={name: "https://evil.example/"}, allow_redirects=False)
        target = urlsplit(answer.headers["Location"])
        assert (target.netloc, target.path) == ("oauth.example", "/oauth/authorize")
        assert "evil" not in answer.headers["Location"]

    async def test_by_a_parameter_of_the_callback(self, world: World, client: TestClient) -> None:
        state = await start(client)
        assert await back(client, state=state, code="c", return_url="https://evil.example/") == (200, None)

    async def test_by_a_ticket_of_ones_own_making(self, world: World, client: TestClient) -> None:
        later = world.clock.now().replace(year=2030)
        for ticket in (make_ticket(Secret("guessed"), "nonce", later), "https://evil.example/", "//evil.example"):
            answer = await client.get("/auth/zid", params={"ticket": ticket}, allow_redirects=False)
            assert (answer.status, answer.headers.get("Location")) == (400, None)

    @pytest.mark.parametrize(
        "url",
        [
            "https://evil.example",
            "https://app.example.evil.example/connected",
            "https://app.example@evil.example/connected",
            "https://app.example/connected/../../evil",
            "//evil.example",
            "\\\\evil.example",
            "javascript:alert(1)",
            "https://app.example/connected\r\nSet-Cookie: a=b",
        ],
    )
    async def test_by_a_link(self, client: TestClient, url: str) -> None:
        answer = await client.post("/auth/authorize", json={"return_url": url}, headers=KEY)
        assert answer.status == 400
        assert (await answer.json())["parameter"] == "return_url"


class TestInstallToken:
    """Webhook addresses prove store and install; nobody else's opens anything, and an old one reaches nobody."""

    async def test_of_another_store(self, world: World, client: TestClient) -> None:
        here, there = await world.installed(), await world.installed(OTHER_STORE)
        crossed = await client.post(address(here), json=order(), headers=credentials(there))
        assert crossed.status == 401
        assert world.database.events == {}

    async def test_made_for_a_store_by_hand(self, world: World, client: TestClient) -> None:
        live = await world.installed()
        for addressee, secret in (
            (Addressee(live.store_id, live.install_id), Secret("guessed")),
            (Addressee(OTHER_STORE, live.install_id), Secret("guessed")),
        ):
            forged = install_token(secret, addressee)
            answer = await client.post(f"/webhooks/zid/{forged}/order.create", json=order(), headers=credentials(live))
            assert answer.status == 404
        assert world.database.events == {}

    async def test_of_an_earlier_install(self, world: World, client: TestClient) -> None:
        first = await world.installed()
        second = await world.installed()
        answer = await client.post(address(first), json=order(), headers=credentials(first))
        assert answer.status == 200, "Zid counts refusals: it is taken in, and thrown away"
        [event] = world.database.events.values()
        assert (event.install_id, event.state, event.body) == (first.install_id, EventState.CANCELLED, None)
        mixed = await client.post(address(second), json=order(), headers=credentials(first))
        assert mixed.status == 401
        assert (await world.reader.books()).of(Origin.ZID).received == 1

    async def test_of_a_store_whose_install_is_claimed_to_be_another(self, world: World, client: TestClient) -> None:
        live = await world.installed()
        elsewhere = Addressee(OTHER_STORE, InstallId(live.install_id))
        token = install_token(WEBHOOK_SECRET, elsewhere)
        answer = await client.post(f"/webhooks/zid/{token}/order.create", json=order(), headers=credentials(live))
        assert answer.status == 401
        assert world.database.events == {}


class TestUninstall:
    """An uninstall that somebody made up ends nothing."""

    async def hint(self, client: TestClient, secret: str = APP_SECRET) -> int:
        body = {"event_name": "app.market.application.uninstall", "store_id": STORE, "app_id": 7367}
        return (await client.post(f"/webhooks/zid-app/{secret}", json=body)).status

    async def test_without_the_secret_of_the_address(self, world: World, client: TestClient) -> None:
        await world.installed()
        assert await self.hint(client, "x" * len(APP_SECRET)) == 404
        assert world.probe.script.asked == []

    async def test_with_it_while_zid_takes_the_tokens(self, world: World, client: TestClient) -> None:
        live = await world.installed()
        assert await self.hint(client) == 200
        current = await world.installations.current(STORE)
        assert current is not None
        assert (current.install_id, current.state) == (live.install_id, InstallState.ACTIVE)


class TestRowSwap:
    """Rows copied between stores in the database do not open, and nothing is asked in the other's name."""

    async def swap(self, world: World, robber: Install, robbed: Install, *, with_keys: bool) -> None:
        tokens, keys = world.database.tokens, world.database.data_keys
        tokens[robber.install_id] = tokens[robbed.install_id]
        if with_keys:
            keys[robber.install_id] = keys[robbed.install_id]

    @pytest.mark.parametrize("with_keys", [True, False])
    async def test_tokens_of_another_store(self, world: World, client: TestClient, with_keys: bool) -> None:
        robber, robbed = await world.installed(), await world.installed(OTHER_STORE)
        await self.swap(world, robber, robbed, with_keys=with_keys)
        for path in (f"/auth/refresh/{STORE}", f"/auth/test-authorize/{STORE}"):
            answer = await client.post(path, headers=KEY)
            assert answer.status in {500, 502}, path
            assert "refresh-1" not in await answer.text()
        assert world.exchange.refreshes.asked == []
        assert world.trials.asked == []

    async def test_tokens_of_an_earlier_generation(self, world: World, client: TestClient) -> None:
        live = await world.installed()
        old = world.database.tokens[live.install_id]
        world.database.tokens[live.install_id] = replace(old, generation=old.generation + 1)
        answer = await client.post(f"/auth/refresh/{STORE}", headers=KEY)
        assert answer.status == 502
        assert world.exchange.refreshes.asked == []
