"""The console's stores: finding one, what its page says, what may be done from it and by whom."""

import json
import re
from datetime import timedelta

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient

from adapters.memory.zid_gateway import Script
from core.domain.audit import AuditEntry
from core.domain.gaps import Gap
from core.domain.operations.webhooks import ListWebhooks
from core.domain.stores import InstallState
from core.errors import RateLimited, Unavailable
from core.ids import StoreId
from core.ports.rejections import Rejection
from tests.integration.routes.deliveries import address, credentials, order
from tests.integration.routes.test_console import sign_in
from tests.integration.routes.world import KEY, STORE, World

CSRF = re.compile(r'name="csrf" value="([^"]+)"')
PAGE = f"/console/stores/{STORE}"
EN = {"lang": "en"}


async def read(client: TestClient, path: str, status: int = 200, language: str = "en", **query: str) -> str:
    answer = await client.get(path, params={"lang": language, **query})
    text = await answer.text()
    assert answer.status == status, text
    return text


async def act(client: TestClient, path: str, **fields: str) -> ClientResponse:
    """Sends a form as a page shows it; redirects are not followed."""
    csrf = CSRF.search(await read(client, "/console/stores/link"))
    assert csrf is not None
    return await client.post(path, data={"csrf": csrf[1], **fields}, allow_redirects=False)


async def told_after(client: TestClient, path: str, **fields: str) -> str:
    """The page that an action leads to."""
    answer = await act(client, path, **fields)
    assert answer.status == 303, await answer.text()
    return await read(client, answer.headers["Location"])


async def key_of(client: TestClient, scope: str) -> str:
    made = await client.post("/v1/api-keys", json={"name": "somebody", "scopes": [scope]}, headers=KEY)
    return str((await made.json())["key"])


def listed(text: str) -> list[str]:
    return re.findall(r'<tr data-store="(\d+)">', text)


async def test_stores_are_found_by_title_id_and_state(world: World, client: TestClient) -> None:
    await sign_in(client)
    assert "No store is installed yet" in await read(client, "/console/stores")
    await world.installed(StoreId(77), "Palm & Co")
    ended = await world.installed(StoreId(78), "<b>Rose</b>")
    await world.installations.end(ended.install_id, audit=AuditEntry("install.uninstalled", StoreId(78)))
    everything = await read(client, "/console/stores")
    assert listed(everything) == ["77", "78"]
    assert "&lt;b&gt;Rose" in everything
    assert "<b>Rose" not in everything
    for query, found in (
        ({"text": "palm"}, ["77"]),
        ({"text": "78"}, ["78"]),
        ({"state": "uninstalled"}, ["78"]),
        ({"state": "paused"}, []),
        ({"text": "palm", "state": "uninstalled"}, []),
        ({"text": "", "state": ""}, ["77", "78"]),
    ):
        assert listed(await read(client, "/console/stores", **query)) == found, query
    assert "No store matches" in await read(client, "/console/stores", text="nobody")
    await read(client, "/console/stores", 400, state="unheard")
    await read(client, "/console/stores", 400, cursor="x")


async def test_a_long_list_goes_on_where_its_page_ended(world: World, client: TestClient) -> None:
    await sign_in(client)
    for number in range(1, 121):
        await world.installed(StoreId(number), f"shop {number}")
    seen, path = [], "/console/stores?text=shop"
    while path:
        text = await (await client.get(path)).text()
        seen += listed(text)
        following = re.search(r'rel="next" href="([^"]+)"', text)
        path = following[1].replace("&amp;", "&") if following else ""
    assert seen == [str(number) for number in range(1, 121)]


async def test_a_row_tells_how_a_store_stands(world: World, client: TestClient) -> None:
    await sign_in(client)
    install = await world.installed()
    await client.post(address(install), json=order(), headers=credentials(install))
    await world.services().webhooks.check(install)
    text = await read(client, "/console/stores")
    for said in ("365 days left", "order.create", "Delivered", "Active", "To be read"):
        assert said in text, said


async def test_everything_of_a_store_is_on_its_page_and_no_secret(world: World, client: TestClient) -> None:
    await sign_in(client)
    install = await world.installed(title="Palm <i>")
    await client.post(address(install), json=order(), headers=credentials(install))
    now = world.clock.now()
    await world.gaps.open(
        [Gap(STORE, install.install_id, "order.create", now, now + timedelta(minutes=5), "was broken")]
    )
    await world.rejections.write([Rejection(now, "wrong_credentials", "order.update", STORE, 12)])
    await world.services().webhooks.apply(install)
    text = await read(client, PAGE)
    for said in (
        "Palm &lt;i&gt;",
        "Installed",
        "was broken",
        "wrong_credentials",
        "order.create",
        "Webhooks subscribed",
    ):
        assert said in text, said
    for secret in ("authorization-1", "manager-1", "refresh-1", world.webhooks.present[0].target_url):
        assert secret not in text
    assert 'dir="rtl"' in await read(client, PAGE, language="ar")
    await read(client, "/console/stores/999", 404)
    await read(client, "/console/stores/x", 400)


async def test_the_page_says_what_the_store_needs_next(world: World, client: TestClient) -> None:
    await sign_in(client)
    install = await world.installed()
    assert "Nothing: all is well" in await read(client, PAGE)
    target = InstallState.NEEDS_REAUTHORIZATION
    await world.installations.change_state(install.install_id, target, audit=AuditEntry("install.x", STORE))
    assert 'data-need="authorize_again"' in await read(client, PAGE)
    await world.installations.end(install.install_id, audit=AuditEntry("install.uninstalled", STORE))
    text = await read(client, PAGE)
    assert 'data-need="install_again"' in text
    assert "Refresh tokens" not in text


async def test_tokens_are_renewed_and_checked_from_the_page(world: World, client: TestClient) -> None:
    await sign_in(client)
    await world.installed()
    renewed = {"authorization": "a2", "access_token": "m2", "refresh_token": "r2", "expires_in": 31536000}
    world.exchange.refreshes = Script(renewed)
    assert "The tokens are renewed." in await told_after(client, f"{PAGE}/refresh")
    seen = await world.vault.open(STORE)
    assert seen is not None
    world.trials.admit(seen)
    answer = await act(client, f"{PAGE}/check-tokens")
    text = await answer.text()
    assert answer.status == 200
    assert "Zid takes them, for this store." in text
    assert {"token.refresh_asked", "token.tested"} <= {entry.action for entry in world.database.audit}


async def test_what_hinders_an_action_is_told_with_the_request(world: World, client: TestClient) -> None:
    await sign_in(client)
    await world.installed()

    world.gateway.on(ListWebhooks, RateLimited("the allowance is used up", 30.0))
    answer = await client.get(f"{PAGE}/webhooks", headers={"HX-Request": "true"}, params=EN)
    text = await answer.text()
    assert answer.status == 200
    assert "the allowance is used up" in text
    assert "<html" not in text
    world.exchange.refreshes = Script(Unavailable("zid"))
    answer = await act(client, f"{PAGE}/refresh")
    text = await answer.text()
    assert answer.status == 503
    assert answer.headers["X-Request-Id"] in text
    assert "That could not be done" in text


async def test_zid_is_asked_for_its_webhooks_only_on_demand(world: World, client: TestClient) -> None:
    await sign_in(client)
    await world.installed()
    before = len(world.gateway.calls)
    text = await read(client, PAGE)
    assert "create" in text
    assert len(world.gateway.calls) == before
    part = await (await client.get(f"{PAGE}/webhooks", headers={"HX-Request": "true"}, params=EN)).text()
    assert "what Zid lists now" in part
    assert "<html" not in part
    whole = await read(client, f"{PAGE}/webhooks")
    assert "what Zid lists now" in whole
    assert "<html" in whole
    assert len(world.gateway.calls) == before + 2
    assert "Every event is subscribed." in await told_after(client, f"{PAGE}/webhooks")
    assert "Nothing differs." in await read(client, PAGE)


async def test_a_store_is_paused_with_a_reason_that_names_nobody(world: World, client: TestClient) -> None:
    await sign_in(client)
    install = await world.installed()
    text = await told_after(client, f"{PAGE}/pause", reason="asked by a@b.sa, +966 55 123 4567")
    assert "Paused: events are taken in and wait." in text
    assert 'data-need="resume"' in text
    assert "a@b.sa" not in text
    assert "123 4567" not in text
    assert "asked by x@x.xx" in text
    await client.post(address(install), json=order(), headers=credentials(install))
    world.announced.announced.clear()
    assert "Resumed" in await told_after(client, f"{PAGE}/resume")
    assert [item.store_id for item in world.announced.announced] == [STORE]
    assert "It was not paused." in await told_after(client, f"{PAGE}/resume")
    answer = await act(client, f"{PAGE}/pause", reason="x" * 201)
    assert answer.status == 400


async def test_lists_are_read_again_and_compared_after_the_cost_was_told(world: World, client: TestClient) -> None:
    await sign_in(client)
    await world.installed()
    await told_after(client, f"{PAGE}/backfill", kind="order")
    asked = [entry.details["kinds"] for entry in world.database.audit if entry.action == "backfill.requested"]
    assert asked == ["order"]
    assert "At most" in await read(client, f"{PAGE}/reconcile")
    assert not [entry for entry in world.database.audit if entry.action == "reconciliation.requested"]
    assert "The comparison has been asked for" in await told_after(client, f"{PAGE}/reconcile")
    part = await (await client.get(f"{PAGE}/backfill", headers={"HX-Request": "true"}, params=EN)).text()
    assert 'hx-trigger="every 2s"' in part
    assert "<html" not in part
    assert (await client.get(f"{PAGE}/backfill", allow_redirects=False)).headers["Location"] == PAGE


async def test_the_app_is_removed_only_by_typing_the_id(world: World, client: TestClient) -> None:
    await sign_in(client)
    await world.installed()
    assert "destroyed" in await read(client, f"{PAGE}/revoke")
    for typed in ("", "1002", "10 01"):
        answer = await act(client, f"{PAGE}/revoke", typed=typed)
        assert answer.status == 422, typed
    assert world.database.current_install(STORE).state is InstallState.ACTIVE
    assert "The app is removed" in await told_after(client, f"{PAGE}/revoke", typed=" 1001 ")
    assert world.database.current_install(STORE).state is InstallState.UNINSTALLED
    assert "not installed now" in await told_after(client, f"{PAGE}/revoke", typed="1001")
    assert "not installed now" in await told_after(client, f"{PAGE}/webhooks")


async def test_a_store_is_erased_by_typing_its_id_and_the_certificate_says_so(world: World, client: TestClient) -> None:
    await sign_in(client)
    await world.installed(title="Palm")
    text = await read(client, f"{PAGE}/erase")
    until = (world.clock.now() + timedelta(days=30)).date().isoformat()
    assert until in text
    assert "What stays" in text
    assert (await act(client, f"{PAGE}/erase", typed="1")).status == 422
    answer = await act(client, f"{PAGE}/erase", typed="1001")
    assert answer.status == 303
    certificate = answer.headers["Location"]
    assert "being carried out" in await read(client, certificate)
    assert 'data-need="being_erased"' in await read(client, PAGE)
    await world.services().erasing.erase.run_open()
    done = await read(client, certificate)
    assert "Certificate" in done
    assert until in done
    assert "Palm" not in done
    part = await client.get(f"{certificate}/progress", headers={"HX-Request": "true"})
    assert "hx-get" not in await part.text()
    await read(client, f"{PAGE}/erasures/99", 404)
    await world.installed(StoreId(77))
    await read(client, certificate.replace("/1001/", "/77/"), 404)


async def test_a_link_for_a_merchant_is_shown_once(world: World, client: TestClient) -> None:
    await sign_in(client)
    answer = await act(client, "/console/stores/link")
    text = await answer.text()
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    assert "/auth/zid?ticket=" in text
    assert "/auth/zid?ticket=" not in await read(client, "/console/stores/link")
    refused = await act(client, "/console/stores/link", return_url="https://elsewhere.example/")
    assert refused.status == 400
    assert "AUTH_RETURN_URLS" in await refused.text()


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [("read", set()), ("operate", {"pause", "backfill", "reconcile", "webhooks"})],
)
async def test_each_action_wants_its_scope(world: World, client: TestClient, scope: str, allowed: set[str]) -> None:
    await world.installed()
    await sign_in(client, await key_of(client, scope))
    text = await read(client, PAGE)
    assert ("Refresh tokens" in text) is (scope == "operate")
    assert "Erase the store" not in text
    for name in ("refresh", "check-tokens", "backfill", "reconcile", "pause", "resume", "webhooks", "revoke", "erase"):
        answer = await act(client, f"{PAGE}/{name}", typed="1001")
        if name in allowed:
            assert answer.status == 303, name
        elif scope == "read" or name in {"revoke", "erase"}:
            assert answer.status == 403, name
    for ending in ("revoke", "erase"):
        await read(client, f"{PAGE}/{ending}", 403)
    link = await act(client, "/console/stores/link")
    assert link.status == (200 if scope == "operate" else 403)


@pytest.mark.parametrize(
    "name", ["refresh", "check-tokens", "backfill", "reconcile", "pause", "resume", "webhooks", "revoke", "erase"]
)
async def test_a_form_of_another_site_does_nothing(world: World, client: TestClient, name: str) -> None:
    await world.installed()
    await sign_in(client)
    before = len(world.database.audit)
    for fields in ({}, {"csrf": "x"}):
        answer = await client.post(f"{PAGE}/{name}", data={**fields, "typed": "1001"}, allow_redirects=False)
        assert answer.status == 400
    assert len(world.database.audit) == before
    assert world.database.current_install(STORE).state is InstallState.ACTIVE


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("link", "install.link_made"),
        (f"{STORE}/refresh", "token.refresh_asked"),
        (f"{STORE}/check-tokens", "token.tested"),
        (f"{STORE}/backfill", "backfill.requested"),
        (f"{STORE}/reconcile", "reconciliation.requested"),
        (f"{STORE}/pause", "store.paused"),
        (f"{STORE}/webhooks", "webhooks.subscribing_asked"),
        (f"{STORE}/revoke", "install.revoked"),
        (f"{STORE}/erase", "store.erasure_asked"),
    ],
)
async def test_each_action_leaves_its_line_with_whoever_did_it(
    world: World, client: TestClient, name: str, action: str
) -> None:
    await world.installed()
    renewed = {"authorization": "a2", "access_token": "m2", "refresh_token": "r2", "expires_in": 31536000}
    world.exchange.refreshes = Script(renewed)
    await sign_in(client, await key_of(client, "admin"))
    answer = await act(client, f"/console/stores/{name}", typed=str(STORE))
    assert answer.status < 400
    [line] = [entry for entry in world.database.audit if entry.action == action]
    assert line.actor == "key:1"
    assert line.request_id == answer.headers["X-Request-Id"]


async def test_the_timeline_goes_back_to_the_beginning_in_pages(world: World, client: TestClient) -> None:
    await sign_in(client)
    await world.installed()
    for number in range(60):
        await world.trail.note(AuditEntry("token.tested", STORE, details={"generation": number}))
        await world.trail.note(AuditEntry("zid.update_order", STORE))
    first = await read(client, f"{PAGE}/life")
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following is not None
    second = await (await client.get(following[1].replace("&amp;", "&"))).text()
    found = re.findall(r'<li data-action="([^"]+)">', first + second)
    assert found == ["token.tested"] * 60 + ["install.activated"]
    await read(client, f"{PAGE}/life", 400, cursor="x")


async def test_without_a_session_nothing_is_shown(client: TestClient) -> None:
    for path in ("/console/stores", "/console/stores/link", PAGE, f"{PAGE}/life", f"{PAGE}/erase"):
        answer = await client.get(path, allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (303, "/console/login"), path


async def test_a_pause_over_the_api_keeps_its_reason(world: World, client: TestClient) -> None:
    await world.installed()
    answer = await client.post(f"/v1/stores/{STORE}/pause", json={"reason": "stocktaking"}, headers=KEY)
    assert json.loads(await answer.text())["changed"] is True
    assert world.database.audit[-1].details == {"reason": "stocktaking"}
    assert (await client.post(f"/v1/stores/{STORE}/pause", json={"reason": 1}, headers=KEY)).status == 400


async def test_the_api_finds_stores_as_the_console_does(world: World, client: TestClient) -> None:
    await world.installed(StoreId(77), "Palm & Co")
    await world.installed(StoreId(78), "Rose")
    await client.post("/v1/stores/78/pause", headers=KEY)
    for query, found in (
        ({}, [77, 78]),
        ({"text": "palm"}, [77]),
        ({"text": "7"}, [77, 78]),
        ({"paused": "true"}, [78]),
        ({"paused": "false", "state": "active"}, [77]),
        ({"state": "uninstalled"}, []),
    ):
        told = await (await client.get("/v1/stores", params=query, headers=KEY)).json()
        assert [one["store_id"] for one in told["items"]] == found, query
    for wrong in ({"state": "x"}, {"paused": "1"}, {"text": ""}):
        assert (await client.get("/v1/stores", params=wrong, headers=KEY)).status == 400, wrong
