"""The console's settings: keys, rings, handlers, configuration and the doctor, each for who may see it."""

import re
from collections.abc import Mapping

import pytest
from aiohttp.test_utils import TestClient

from config.in_force import HIDDEN, in_force
from config.settings import load_settings
from core.domain.api_access import ApiScope, KeyId
from core.domain.api_keys import KeyDraft, KeyState
from core.domain.diagnosis.findings import Code
from core.domain.secret import Secret
from core.features.api_keys import KeepApiKeys
from core.features.event_handlers import Context, Event, Handler, Handlers
from tests.integration.routes.conftest import ClientFactory, make_client
from tests.integration.routes.test_console import form_token, sign_in
from tests.integration.routes.world import World
from tests.unit.config.test_settings import PRODUCTION

SETTINGS = "/console/settings"
KEYS = f"{SETTINGS}/keys"
PAGES = (SETTINGS, f"{SETTINGS}/doctor", f"{SETTINGS}/handlers", f"{SETTINGS}/rings", f"{SETTINGS}/configuration")


async def page(client: TestClient, path: str, status: int = 200, lang: str = "en") -> str:
    answer = await client.get(path, params={"lang": lang})
    assert answer.status == status, await answer.text()
    return await answer.text()


async def send(client: TestClient, path: str, **fields: str):
    token = await form_token(client, f"{KEYS}?lang=en")
    return await client.post(path, data={"csrf": token, **fields}, allow_redirects=False)


async def made(world: World, scope: ApiScope = ApiScope.READ, name: str = "courier"):
    keeping = KeepApiKeys(book=world.key_book, ids=world.ids)
    return await keeping.create(KeyDraft.of(name, [scope], now=world.clock.now()))


async def test_nobody_looks_without_signing_in(client: TestClient) -> None:
    for path in (*PAGES, KEYS, f"{KEYS}/1"):
        answer = await client.get(path, allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (303, "/console/login")


@pytest.mark.parametrize("scope", [ApiScope.READ, ApiScope.OPERATE])
async def test_keys_are_for_admins(world: World, client: TestClient, scope: ApiScope) -> None:
    key = await made(world, scope)
    await sign_in(client, key.text.reveal())
    for path in PAGES:
        await page(client, path)
    for path in (KEYS, f"{KEYS}/{key.key.key_id}"):
        await page(client, path, 403)
    for path in (KEYS, f"{KEYS}/1/rotate", f"{KEYS}/1/revoke"):
        assert (await client.post(path, data={"name": "x"})).status == 403
    assert f'href="{KEYS}"' not in await page(client, SETTINGS)
    assert len(await world.key_book.page()) == 1


async def test_forms_of_others_change_nothing(world: World, client: TestClient) -> None:
    key = await made(world)
    await sign_in(client)
    for path in (KEYS, f"{KEYS}/{key.key.key_id}/rotate", f"{KEYS}/{key.key.key_id}/revoke"):
        assert (await client.post(path, data={"csrf": "x", "name": "x", "scope": "admin"})).status == 400
    [only] = await world.key_book.page()
    assert only.revoked_at is None


async def test_a_key_is_made_and_shown_once(world: World, client: TestClient) -> None:
    await sign_in(client)
    answer = await send(client, KEYS, name="Courier <1>", scope="operate", lasts="90", rate_per_minute="600")
    text = await answer.text()
    assert answer.status == 201
    assert answer.headers["Cache-Control"] == "no-store"
    found = re.search(r"wasl_[A-Za-z0-9_-]{49}", text)
    assert found
    assert "Courier &lt;1&gt;" in text
    caller = await world.api_keys.caller(Secret(found[0]))
    assert caller is not None
    assert (caller.may(ApiScope.OPERATE), caller.may(ApiScope.ADMIN), caller.rate_per_minute) == (True, False, 600)
    [key] = await world.key_book.page()
    assert key.expires_at is not None
    assert (key.expires_at - world.clock.now()).days == 90
    assert found[0] not in await page(client, KEYS)
    [entry] = await world.audit.page(action="api_key.created")
    assert entry.entry.actor == "admin"
    assert entry.entry.request_id


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"name": "  ", "scope": "read"}, "Say whose key it is"),
        ({"name": "x", "scope": "owner"}, "Choose what it may do"),
        ({"name": "x", "scope": "read", "lasts": "9999"}, "Choose one of the ends"),
        ({"name": "x", "scope": "read", "rate_per_minute": "0"}, "A number from 1"),
        ({"name": "x", "scope": "read", "rate_per_minute": "many"}, "A number from 1"),
    ],
)
async def test_a_key_that_cannot_be(world: World, client: TestClient, fields: Mapping[str, str], told: str) -> None:
    await sign_in(client)
    answer = await send(client, KEYS, **fields)
    assert answer.status == 422
    assert told in await answer.text()
    assert list(await world.key_book.page()) == []


async def test_a_key_is_rotated_once(world: World, client: TestClient) -> None:
    await sign_in(client)
    old = await made(world)
    answer = await send(client, f"{KEYS}/{old.key.key_id}/rotate", overlap="3600")
    assert answer.status == 201
    assert re.search(r"wasl_[A-Za-z0-9_-]{49}", await answer.text())
    kept = await world.key_book.get(old.key.key_id)
    assert kept is not None
    assert kept.rotated_to is not None
    assert kept.expires_at is not None
    assert (kept.expires_at - world.clock.now()).total_seconds() == 3600
    answer = await send(client, f"{KEYS}/{old.key.key_id}/rotate", overlap="0")
    assert (answer.status, answer.headers["Location"]) == (303, f"{KEYS}/{old.key.key_id}")
    assert len(await world.key_book.page()) == 2


async def test_a_key_is_revoked_by_its_name(world: World, client: TestClient) -> None:
    await sign_in(client)
    key = await made(world)
    path = f"{KEYS}/{key.key.key_id}/revoke"
    answer = await send(client, path, typed="another")
    assert answer.status == 422
    assert "Nothing was done" in await answer.text()
    assert await world.api_keys.caller(key.text) is not None
    answer = await send(client, path, typed="courier")
    assert (answer.status, answer.headers["Location"]) == (303, KEYS)
    assert await world.api_keys.caller(key.text) is None
    assert f"Key {key.key.key_id} is revoked" in await page(client, KEYS)
    ended = await world.key_book.get(key.key.key_id)
    assert ended is not None
    assert ended.state(world.clock.now()) is KeyState.REVOKED
    assert "/revoke" not in await page(client, f"{KEYS}/{key.key.key_id}")


async def test_a_key_that_is_not_there(world: World, client: TestClient) -> None:
    await sign_in(client)
    await page(client, f"{KEYS}/77", 404)
    assert (await send(client, f"{KEYS}/77/revoke", typed="x")).status == 404
    assert await world.key_book.get(KeyId(77)) is None


async def test_no_secret_is_on_any_page(world: World, client: TestClient) -> None:
    given = {
        **PRODUCTION,
        "DATABASE_URL": "postgresql://wasl_app:hidden-word-1@127.0.0.1/wasl?password=hidden-word-2",
        "REDIS_URL": "rediss://user:hidden-word-3@cache.example:6379/0",
        "ALERT_WEBHOOK_URL": "https://hooks.example/hidden-word-4",
        "ALERT_WEBHOOK_SECRET": "whsec_" + "aGlkZGVu" * 5,
        "SENTRY_DSN": "https://hiddenword5@sentry.example/1",
    }
    settings = load_settings(given)
    world.configuration[:] = in_force(settings)
    await sign_in(client)
    text = "".join([await page(client, path) for path in PAGES])
    secrets = ("TOKEN_KEYS", "WEBHOOK_SECRET", "APP_EVENTS_SECRET", "SESSION_KEY", "ADMIN_API_KEY")
    hidden = [given[name] for name in (*secrets, "ZID_CLIENT_SECRET", "ALERT_WEBHOOK_SECRET") if name in given]
    hidden += ["hidden-word-1", "hidden-word-2", "hidden-word-3", "hidden-word-4", "hiddenword5"]
    assert len(hidden) >= 10
    assert [secret for secret in hidden if secret in text] == []
    assert HIDDEN in text
    assert "rediss://" in text
    assert "cache.example:6379" in text
    assert all(f">{one.name}<" in text for one in world.configuration)
    assert {one.name for one in world.configuration if one.is_given} == {name for name in given if given[name]}


async def test_the_rings_by_their_ids(world: World, client: TestClient) -> None:
    await sign_in(client)
    await world.installed()
    quick = await page(client, f"{SETTINGS}/rings")
    assert "TOKEN_KEYS" in quick
    assert "No: it seals" not in quick
    text = await (await client.get(f"{SETTINGS}/rings?count=all&lang=en")).text()
    assert "No: it seals" in text
    assert re.search(r"stores.? data keys|stores&#39; data keys", text)


async def _tell(event: Event, ctx: Context) -> None: ...


async def test_no_handlers(client: TestClient) -> None:
    await sign_in(client)
    assert "No handler is declared" in await page(client, f"{SETTINGS}/handlers")


async def test_handlers_with_their_policy(world: World, aiohttp_client: ClientFactory) -> None:
    world.handlers = Handlers((Handler("shop.tell", "payment.paid", _tell, time_limit=7.0, concurrency=3),))
    client = await make_client(aiohttp_client, world)
    await sign_in(client)
    text = await page(client, f"{SETTINGS}/handlers")
    for shown in ("shop.tell", "payment.paid", ">7 s<", ">3<", "order.payment_status.update"):
        assert shown in text


@pytest.mark.parametrize("lang", ["en", "ar"])
async def test_the_doctor_as_a_page_and_as_a_piece(world: World, client: TestClient, lang: str) -> None:
    world.patient.machine.modes[".env"] = 0o644
    await sign_in(client)
    whole = await page(client, f"{SETTINGS}/doctor", lang=lang)
    piece = await (await client.get(f"{SETTINGS}/doctor", headers={"HX-Request": "true"})).text()
    for text in (whole, piece):
        assert f"docs/doctor.md#{Code.FILE_READABLE}" in text
        assert "chmod 600 .env" in text
    assert "<html" in whole
    assert "<html" not in piece
    assert ("الطبيب" in whole) is (lang == "ar")


async def test_a_doctor_who_finds_nothing(world: World, client: TestClient) -> None:
    await sign_in(client)
    world.patient.database.away = True
    text = await page(client, f"{SETTINGS}/doctor")
    assert "Postgres does not answer: ConnectionRefusedError." in text
    assert "could not look:" in text
