"""Attacks on the embedded app: its UUID, its visit, its frame, and what they could leave behind."""

from uuid import uuid1, uuid4

import pytest
from aiohttp.test_utils import TestClient
from structlog.testing import capture_logs

from core.domain.audit import AuditEntry
from core.domain.embedded import fingerprint
from core.domain.webhook_states import WebhookState
from core.ids import StoreId
from entrypoints.http.app import ALL_ROUTES
from entrypoints.http.embedded import in_frames
from tests.integration.routes.conftest import ClientFactory, make_client
from tests.integration.routes.embedded_world import FRAMES, EmbeddedWorld, bearer_of, showing
from tests.integration.routes.world import STORE

THEIRS = StoreId(2002)
HOSTILE = """<script>alert(1)</script>"'><img src=x onerror=alert(2)> {{ 7*7 }} ${7*7} </bdi></main>"""


@pytest.fixture
def world() -> EmbeddedWorld:
    return EmbeddedWorld()


@pytest.fixture
async def client(world: EmbeddedWorld, aiohttp_client: ClientFactory) -> TestClient:
    return await make_client(aiohttp_client, world)


async def refusal(client: TestClient, *tokens: str) -> str:
    """The page that refuses them."""
    answer = await client.get("/embedded", params=[("token", token) for token in tokens] + [("language", "en")])
    text = await answer.text()
    assert answer.status == 401
    assert "data-session" not in text
    return text


async def uninstall(world: EmbeddedWorld) -> None:
    install = await world.installations.current(STORE)
    assert install is not None
    await world.installations.end(install.install_id, audit=AuditEntry("install.uninstalled", STORE))


# --- the UUID ------------------------------------------------------------------------


async def test_forged_uuids_are_refused_alike_and_tell_nothing(world: EmbeddedWorld, client: TestClient) -> None:
    token = await world.token_of()
    stored = fingerprint(token).hex()
    near = token[:-1] + ("0" if token[-1] != "0" else "1")
    forged = [
        *("", " ", "null", near, stored, str(uuid4()), str(uuid1()), token[:-1], token + "0", f"{token},{uuid4()}"),
        *("' OR '1'='1", f"{token}' --", "../../../etc/passwd", "%00", f"{token}\x00", "٣" * 36, "a" * 4000),
    ]
    pages = {await refusal(client, one) for one in forged}
    pages.add(await refusal(client))
    assert len(pages) == 1


async def test_of_two_uuids_none_counts(world: EmbeddedWorld, client: TestClient) -> None:
    token = await world.token_of()
    await refusal(client, token, token)
    await refusal(client, str(uuid4()), token)


async def test_a_uuid_is_worth_nothing_after_the_uninstall_and_after_a_reinstall(
    world: EmbeddedWorld, client: TestClient
) -> None:
    old = await world.token_of()
    await uninstall(world)
    await refusal(client, old)
    assert await bearer_of(client, await world.token_of())
    await refusal(client, old)


async def test_a_uuid_that_was_replaced_is_refused(world: EmbeddedWorld, client: TestClient) -> None:
    leaked = await world.token_of()
    thief = await bearer_of(client, leaked)
    world.clock.advance(60)
    await world.register.renew(STORE, actor="tester")
    await refusal(client, leaked)
    assert (await client.get("/embedded/view", headers=showing(thief))).status == 401


async def test_a_uuid_of_before_ends_minutes_after_the_newer_is_used(world: EmbeddedWorld, client: TestClient) -> None:
    old = await world.token_of()
    world.clock.advance(world.register.every.total_seconds())
    await world.register.run_due(limit=1)
    newer = world.gateway.calls[-1][1].token.reveal()
    assert await bearer_of(client, newer)
    world.clock.advance(300)
    await refusal(client, old)
    assert await bearer_of(client, newer)


# --- the visit -----------------------------------------------------------------------


async def test_another_stores_uuid_opens_that_store_and_nothing_leads_from_it_to_mine(
    world: EmbeddedWorld, client: TestClient
) -> None:
    mine = await bearer_of(client, await world.token_of(STORE, "My shop"))
    theirs = await bearer_of(client, await world.token_of(THEIRS, "Their shop"))
    for bearer, store_id, title in ((mine, STORE, "My shop"), (theirs, THEIRS, "Their shop")):
        found = await (await client.get("/embedded/api/store", headers=showing(bearer))).json()
        assert (found["store_id"], found["title"]) == (store_id, title)
    for query in (f"store_id={THEIRS}", f"merchant_id={THEIRS}"):
        assert (await client.get(f"/embedded/api/store?{query}", headers=showing(mine))).status == 400
        shown = await (await client.get(f"/embedded/view?{query}", headers=showing(mine))).text()
        assert "Their shop" not in shown
    more = {**showing(mine), "Store-Id": str(THEIRS), "X-Store-Id": str(THEIRS)}
    assert (await (await client.get("/embedded/api/store", headers=more)).json())["store_id"] == STORE


async def test_a_visit_opens_no_other_address(world: EmbeddedWorld, client: TestClient) -> None:
    bearer = await bearer_of(client, await world.token_of())
    keyed = [route for route in ALL_ROUTES if route.keyed]
    assert len(keyed) > 50
    for route in keyed:
        path = route.path.replace("{store_id}", str(STORE)).replace("{merchant_id}", str(STORE))
        path = path.replace("{", "").replace("}", "")
        answer = await client.request(route.method, path, headers=showing(bearer))
        assert answer.status == 401, (route.method, path)


@pytest.mark.parametrize("path", ["/embedded/view", "/embedded/api/store"])
async def test_a_visit_is_over_with_the_uninstall(world: EmbeddedWorld, client: TestClient, path: str) -> None:
    bearer = await bearer_of(client, await world.token_of())
    assert (await client.get(path, headers=showing(bearer))).status == 200
    await uninstall(world)
    assert (await client.get(path, headers=showing(bearer))).status == 401
    await world.token_of()
    assert (await client.get(path, headers=showing(bearer))).status == 401, "a reinstall does not bring it back"


async def test_a_bearer_counts_in_its_header_alone(world: EmbeddedWorld, client: TestClient) -> None:
    token = await world.token_of()
    bearer = await bearer_of(client, token)
    path = "/embedded/view"
    for query in ({"session": bearer}, {"access_token": bearer}, {"token": token}):
        assert (await client.get(path, params=query)).status == 401
    for name in ("wasl_session", "session", "data-session"):
        assert (await client.get(path, headers={"Cookie": f"{name}={bearer}"})).status == 401
    for value in (
        bearer,
        f"Basic {bearer}",
        f"Bearer {token}",
        f"Bearer {bearer} x",
        f"Bearer {bearer[:-1]}",
        "Bearer",
    ):
        assert (await client.get(path, headers={"Authorization": value})).status == 401, value
    twice = [("Authorization", f"Bearer {bearer}")] * 2
    assert (await client.get(path, headers=twice)).status == 401


async def test_nobody_chooses_the_bearer_of_a_visit(world: EmbeddedWorld, client: TestClient) -> None:
    token, mine = await world.token_of(), "a" * 43
    for query in ({"token": token, "session": mine}, {"token": token, "bearer": mine}):
        answer = await client.get("/embedded", params=query, headers={**showing(mine), "Cookie": f"session={mine}"})
        assert answer.status == 200
        assert mine not in await answer.text()
    assert (await client.get("/embedded/view", headers=showing(mine))).status == 401


# --- the frame -----------------------------------------------------------------------


async def test_only_zids_dashboards_may_frame_it(world: EmbeddedWorld, client: TestClient) -> None:
    good, bad = {"token": await world.token_of()}, {"token": str(uuid4())}
    for query in (good, bad, {}):
        answer = await client.get("/embedded", params=query)
        [policy] = answer.headers.getall("Content-Security-Policy")
        directives = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
        assert directives["frame-ancestors"].split() == list(FRAMES)
        assert directives["default-src"] == "'none'"
        assert directives["script-src"] == "'self'"
        assert "unsafe" not in policy
        assert "X-Frame-Options" not in answer.headers


async def test_nothing_else_may_be_framed_by_anybody(world: EmbeddedWorld, client: TestClient) -> None:
    bearer = await bearer_of(client, await world.token_of())
    paths = (
        "/embedded/view",
        "/embedded/api/store",
        "/console/login",
        "/auth/zid/callback?error=x",
        "/docs",
        "/no/such",
        "/v1/stores",
    )
    for path in paths:
        answer = await client.get(path, headers=showing(bearer))
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"], path
        assert answer.headers["X-Frame-Options"] == "DENY", path
    assert [route.path for route in in_frames(ALL_ROUTES, FRAMES) if route.framed_by] == ["/embedded"]


# --- what is left behind -------------------------------------------------------------


async def test_neither_uuid_nor_bearer_is_logged_or_sent_on(world: EmbeddedWorld, client: TestClient) -> None:
    with capture_logs() as lines:
        token = await world.token_of()
        answer = await client.get("/embedded", params={"token": token})
        bearer = (await answer.text()).partition('data-session="')[2].partition('"')[0]
        await client.get("/embedded/view", headers=showing(bearer))
        await client.get("/embedded", params={"token": token + "x"})
        await client.get("/embedded/api/nothing", params={"token": token}, headers=showing(bearer))
    assert {line["event"] for line in lines} >= {"embedded_opened", "embedded_refused", "http_request"}
    said = repr(lines) + repr(world.database.audit)
    assert not [secret for secret in (token, token.replace("-", ""), bearer) if secret in said]
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert token not in repr(answer.headers)
    assert token not in await answer.text()


async def test_a_stores_title_and_its_topics_are_text_whatever_they_hold(
    world: EmbeddedWorld, client: TestClient
) -> None:
    token = await world.token_of(STORE, HOSTILE)
    install = await world.installations.current(STORE)
    assert install is not None
    states = {HOSTILE: WebhookState.BROKEN}
    await world.webhook_checks.note(
        install.install_id, states=states, problems={}, complete=False, next_in=world.register.every
    )
    page = await (await client.get("/embedded", params={"token": token, "language": "en"})).text()
    bearer = page.partition('data-session="')[2].partition('"')[0]
    shown = await (await client.get("/embedded/view", headers=showing(bearer))).text()
    for text in (page, shown):
        assert "&lt;script&gt;alert(1)" in text
        assert "<script>alert" not in text
        assert "<img" not in text
        assert "{{ 7*7 }}" in text
    assert page.count("<script") == 1


async def test_a_hostile_language_changes_no_header(world: EmbeddedWorld, client: TestClient) -> None:
    token = await world.token_of()
    for language in ("en\r\nSet-Cookie: a=b", '"><script>', "xx", "../../etc"):
        answer = await client.get("/embedded", params={"token": token, "language": language})
        assert answer.status == 200
        assert answer.headers["Content-Language"] == "ar"
        assert not answer.cookies
        assert language not in await answer.text()
