"""The app inside Zid's dashboard: the install that ends there, the page, and what its visit may ask."""

import re

import pytest
from aiohttp.test_utils import TestClient

from core.domain.audit import AuditEntry
from core.domain.operations.account import RegisterEmbeddedToken, RevokeEmbeddedToken
from core.domain.stores import InstallState
from core.domain.webhook_states import WebhookState
from core.errors import Unavailable
from core.ids import StoreId
from tests.integration.routes.conftest import ClientFactory, make_client
from tests.integration.routes.embedded_world import EmbeddedWorld, bearer_of, showing
from tests.integration.routes.test_api_routes import deliver
from tests.integration.routes.test_install_pages import TOKENS, started
from tests.integration.routes.world import KEY, STORE, World

OTHER = StoreId(2002)


@pytest.fixture
def world() -> EmbeddedWorld:
    return EmbeddedWorld()


# --- the install ---------------------------------------------------------------------


async def test_an_install_ends_in_zids_dashboard(world: EmbeddedWorld, client: TestClient) -> None:
    world.exchange.codes.then(TOKENS)
    state = await started(client)

    answer = await client.get("/auth/zid/callback", params={"state": state, "code": "c"}, allow_redirects=False)

    assert answer.status == 302
    assert answer.headers["Location"] == f"https://dashboard.example/ar-sa/stores/{STORE}/apps/7367/embedded"
    assert len(world.gateway.asked(RegisterEmbeddedToken)) == 1


async def test_an_install_that_zid_cannot_open_yet_stands_and_says_so(world: EmbeddedWorld, client: TestClient) -> None:
    world.gateway.on(RegisterEmbeddedToken, Unavailable("Zid"))
    world.exchange.codes.then(TOKENS)
    query = {"state": await started(client), "code": "c", "lang": "en"}

    answer = await client.get("/auth/zid/callback", params=query, allow_redirects=False)

    assert answer.status == 200
    assert "the app opens from the dashboard in a few minutes" in await answer.text()
    install = await world.installations.current(STORE)
    assert install is not None
    assert install.state is InstallState.ACTIVE


# --- the page ------------------------------------------------------------------------


async def test_the_uuid_opens_the_page_of_its_store(world: EmbeddedWorld, client: TestClient) -> None:
    answer = await client.get("/embedded", params={"token": await world.token_of(), "language": "en"})
    text = await answer.text()

    assert answer.status == 200
    assert '<html lang="en" dir="ltr">' in text
    assert "متجر الورد" in text
    assert "Your store is connected." in text
    assert not answer.cookies
    assert re.search(r'data-session="[A-Za-z0-9_-]{43}"', text)


async def test_it_speaks_the_language_that_the_dashboard_asks_for(world: EmbeddedWorld, client: TestClient) -> None:
    query = {"token": await world.token_of(), "language": "ar"}
    answer = await client.get("/embedded", params=query, headers={"Accept-Language": "en"})
    text = await answer.text()

    assert '<html lang="ar" dir="rtl">' in text
    assert "متجرك متصل." in text
    assert answer.headers["Content-Language"] == "ar"


@pytest.mark.parametrize("query", [{}, {"token": ""}, {"token": "c1e7a6b0-3d2f-4a4b-8c5d-6e7f8091a2b3"}])
async def test_without_a_good_uuid_it_says_where_to_open_it(client: TestClient, query: dict[str, str]) -> None:
    answer = await client.get("/embedded", params={**query, "language": "en"})
    text = await answer.text()

    assert answer.status == 401
    assert "opens from the apps in your Zid dashboard" in text
    assert "data-session" not in text
    assert "/console" not in text


async def test_an_app_that_is_not_embedded_has_no_such_page(aiohttp_client: ClientFactory) -> None:
    client = await make_client(aiohttp_client, World())
    for method, path in (("GET", "/embedded?token=x"), ("GET", "/embedded/view"), ("GET", "/embedded/api/store")):
        assert (await client.request(method, path)).status == 404


async def test_a_head_request_begins_no_visit(world: EmbeddedWorld, client: TestClient) -> None:
    await client.head("/embedded", params={"token": await world.token_of()})
    assert world.metrics.counted("embedded_visits_total") == 0


# --- what a visit may ask ------------------------------------------------------------


async def test_a_visit_reads_the_status_of_its_store(world: EmbeddedWorld, client: TestClient) -> None:
    bearer = await bearer_of(client, await world.token_of())
    install = await world.installations.current(STORE)
    assert install is not None
    states = {"order.create": WebhookState.HEALTHY, "product.update": WebhookState.BROKEN}
    await world.webhook_checks.note(
        install.install_id, states=states, problems={}, complete=False, next_in=world.register.every
    )

    answer = await client.get("/embedded/api/store", headers=showing(bearer))
    found = await answer.json()

    assert answer.status == 200
    assert (found["store_id"], found["title"], found["state"]) == (STORE, "متجر الورد", "active")
    assert found["webhooks"]["wanted"] == 2
    assert found["webhooks"]["arriving"] == 1
    assert found["webhooks"]["missing"] == ["product.update"]
    assert found["backfill"]["state"] == "queued"
    assert found["last_event"] is None
    assert set(found["mirror"]) == {"orders", "products", "customers"}


async def test_the_page_follows_what_happens(world: EmbeddedWorld, client: TestClient) -> None:
    await deliver(client, world, 1)
    install = await world.installations.current(STORE)
    assert install is not None
    await world.register.register(install)
    [asked] = world.gateway.asked(RegisterEmbeddedToken)
    assert isinstance(asked, RegisterEmbeddedToken)
    bearer = await bearer_of(client, asked.token.reveal())
    gone = AuditEntry("install.needs_reauthorization")
    await world.installations.change_state(install.install_id, InstallState.NEEDS_REAUTHORIZATION, audit=gone)

    answer = await client.get("/embedded/view", params={"language": "en"}, headers=showing(bearer))
    text = await answer.text()

    assert answer.status == 200
    assert "<html" not in text
    assert "order.create" in text
    assert 'href="/auth/zid" target="_top"' in text
    assert bearer not in text


async def test_leaving_ends_the_visit(world: EmbeddedWorld, client: TestClient) -> None:
    bearer = await bearer_of(client, await world.token_of())
    for _ in range(2):
        assert (await client.delete("/embedded/api/session", headers=showing(bearer))).status == 204
    assert (await client.delete("/embedded/api/session")).status == 204
    answer = await client.get("/embedded/api/store", headers=showing(bearer))
    assert answer.status == 401
    assert (await answer.json())["type"] == "/problems/visit-over"


async def test_a_visit_is_no_api_key_and_an_api_key_is_no_visit(world: EmbeddedWorld, client: TestClient) -> None:
    bearer = await bearer_of(client, await world.token_of())
    assert (await client.get("/embedded/api/store", headers=KEY)).status == 401
    for path in ("/v1/stores", f"/v1/stores/{STORE}", "/v1/ledger", f"/auth/status/{STORE}", "/v1/events"):
        assert (await client.get(path, headers=showing(bearer))).status == 401, path
    console = await client.get("/console", headers=showing(bearer), allow_redirects=False)
    assert console.status == 303


async def test_revoking_takes_the_uuid_back_at_zid_too(world: EmbeddedWorld, client: TestClient) -> None:
    world.gateway.on(RevokeEmbeddedToken, None)
    token = await world.token_of()
    bearer = await bearer_of(client, token)

    assert (await client.post(f"/auth/revoke/{STORE}", headers=KEY)).status == 200

    assert len(world.gateway.asked(RevokeEmbeddedToken)) == 1
    assert (await client.get("/embedded", params={"token": token})).status == 401
    assert (await client.get("/embedded/view", headers=showing(bearer))).status == 401


# --- a new UUID ----------------------------------------------------------------------


async def test_an_operator_replaces_a_uuid_that_leaked(world: EmbeddedWorld, client: TestClient) -> None:
    leaked = await world.token_of()

    answer = await client.post(f"/v1/stores/{STORE}/embedded", headers=KEY)

    assert answer.status == 200
    assert await answer.json() == {"store_id": STORE, "registered": True, "problem": None}
    assert (await client.get("/embedded", params={"token": leaked})).status == 401
    assert world.database.audit[-1].action == "embedded.registered"
    assert world.database.audit[-1].actor == "admin"


async def test_a_uuid_that_zid_does_not_take_replaces_nothing(world: EmbeddedWorld, client: TestClient) -> None:
    token = await world.token_of()
    world.gateway.on(RegisterEmbeddedToken, Unavailable("Zid"))

    found = await (await client.post(f"/v1/stores/{STORE}/embedded", headers=KEY)).json()

    assert found["registered"] is False
    assert "Zid does not answer" in found["problem"]
    assert await bearer_of(client, token)


async def test_there_is_nothing_to_replace_where_the_app_is_not_embedded(aiohttp_client: ClientFactory) -> None:
    plain = World()
    client = await make_client(aiohttp_client, plain)
    await plain.installed()
    assert (await client.post(f"/v1/stores/{STORE}/embedded", headers=KEY)).status == 409
    assert (await client.post(f"/v1/stores/{OTHER}/embedded", headers=KEY)).status == 404
