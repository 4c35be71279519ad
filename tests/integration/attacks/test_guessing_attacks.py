"""Guessing keys at the console: who is locked out, for how long, and whom that does not concern."""

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient

from tests.integration.attacks.test_console_attacks import cookie_of, enter, is_in
from tests.integration.routes.conftest import make_client
from tests.integration.routes.deliveries import address, credentials, order
from tests.integration.routes.test_console import sign_in
from tests.integration.routes.world import ADMIN_KEY, KEY, World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def client(world: World, aiohttp_client: object) -> TestClient:
    return await make_client(aiohttp_client, world)


async def guess(client: TestClient, key: str = "wrong") -> ClientResponse:
    return await sign_in(client, key)


async def test_guessing_locks_the_guesser_out_and_says_for_how_long(world: World, client: TestClient) -> None:
    for _ in range(4):
        assert (await guess(client)).status == 403
    last = await guess(client)
    assert (last.status, "Seconds until the next try: <bdi>60</bdi>" in await last.text()) == (403, True)

    locked = await guess(client, ADMIN_KEY)

    assert (locked.status, locked.headers["Retry-After"]) == (429, "60")
    assert "This one was not looked at" in await locked.text()
    assert world.metrics.counted("console_logins_total", outcome="refused") == 5
    assert world.metrics.counted("console_logins_total", outcome="locked") == 1
    lockouts = [entry for entry in world.database.audit if entry.action == "console.locked_out"]
    assert [(entry.actor, dict(entry.details)) for entry in lockouts] == [("visitor", {"seconds": 60})]
    assert "127.0.0.1" not in repr(world.database.trail)
    world.clock.advance(60)
    await enter(client)


async def test_a_lockout_concerns_nobody_who_is_in_nor_zid_nor_the_api(world: World, client: TestClient) -> None:
    install = await world.installed()
    cookie = await enter(client)
    client.session.cookie_jar.clear()
    for _ in range(6):
        answer = await guess(client)
    assert answer.status == 429

    assert await is_in(client, cookie)
    assert (await client.get("/v1/stores", headers=KEY)).status == 200
    delivered = await client.post(address(install), json=order(), headers=credentials(install))
    assert delivered.status == 200


async def test_nobody_who_guesses_keeps_out_a_browser_that_was_in_before(world: World, client: TestClient) -> None:
    """From the same address even; and the cookie by which it is known opens nothing and cannot be made up."""
    known = cookie_of(await sign_in(client), "wasl_browser")
    assert known["httponly"]
    client.session.cookie_jar.clear()
    for _ in range(6):
        answer = await guess(client)
    assert answer.status == 429
    name, mac = known.value.split(".")
    forged = [name, f"{name}.", f".{mac}", f"x{name[1:]}.{mac}", f"{name}.{mac[:-1]}", f"{name}.{mac}.x", "a.b"]
    for kept in forged:
        client.session.cookie_jar.clear()
        client.session.cookie_jar.update_cookies({"wasl_browser": kept})
        assert (await guess(client, ADMIN_KEY)).status == 429

    client.session.cookie_jar.clear()
    client.session.cookie_jar.update_cookies({"wasl_browser": known.value})
    assert (await client.get("/console", allow_redirects=False)).status == 303
    assert (await guess(client, ADMIN_KEY)).status == 303
    for _ in range(5):
        assert (await guess_of(client, known.value)).status == 403
    assert (await guess_of(client, known.value)).status == 429, "it has no more guesses than others"


async def guess_of(client: TestClient, browser: str) -> ClientResponse:
    """A guess by a browser that holds only this."""
    client.session.cookie_jar.clear()
    client.session.cookie_jar.update_cookies({"wasl_browser": browser})
    return await guess(client)


async def test_keys_that_were_typed_stand_nowhere(
    world: World, client: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    for key in ("a-guessed-key-0123456789", ADMIN_KEY):
        answer = await guess(client, key)
        assert key not in await answer.text()
    shown = capsys.readouterr()
    seen = shown.out + shown.err + repr(world.database.trail) + repr(world.sessions._kept)
    assert "console_sign_in" in seen
    assert "a-guessed-key" not in seen
    assert ADMIN_KEY not in seen
