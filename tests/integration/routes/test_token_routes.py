"""How a store's authorization stands, and the proof of its tokens, over HTTP: everything but the tokens."""

import json
from base64 import b64encode, urlsafe_b64encode
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp.test_utils import TestClient

from core.domain.audit import AuditEntry
from core.domain.secret import Secret
from core.domain.stores import Install, InstallState
from core.domain.token_trials import Dialect
from core.domain.tokens import Tokens, TokenSet
from core.domain.webhook_states import WebhookState
from core.errors import KeyMissing
from core.ids import StoreId
from core.ports.installations import TokenVault
from tests.integration.routes.conftest import make_client
from tests.integration.routes.world import KEY, STORE, World

SCOPES = ["third_order_read", "third_webhook_write"]


def coded(value: object) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def zid_tokens(world: World, **claims: object) -> Tokens:
    now = world.clock.now()
    usual = {"aud": "48", "iat": now.timestamp(), "exp": (now + timedelta(days=365)).timestamp(), "scopes": SCOPES}
    jwt = f"{coded({'alg': 'RS256'})}.{coded({**usual, **claims})}.c2ln"
    manager = b64encode(b'{"iv":"i","value":"v","mac":"m","tag":""}').decode()
    return Tokens(Secret(jwt), Secret(manager), Secret("def502-refresh"), now + timedelta(days=365))


async def renewed(world: World, tokens: Tokens) -> TokenSet:
    seen = await world.vault.open(STORE)
    assert seen is not None
    due = world.clock.now() + timedelta(days=290)
    assert await world.vault.replace(seen, tokens, refresh_at=due, audit=AuditEntry("token.refreshed"))
    latest = await world.vault.open(STORE)
    assert latest is not None
    return latest


@pytest.fixture
async def install(world: World) -> Install:
    return await world.installed()


async def ask(client: TestClient, method: str, path: str) -> dict[str, object]:
    answer = await client.request(method, path, headers=KEY)
    assert answer.status == 200, await answer.text()
    told = await answer.text()
    assert "def502" not in told
    found: dict[str, object] = json.loads(told)
    return found


async def test_the_status_tells_everything_but_the_tokens(world: World, client: TestClient, install: Install) -> None:
    world.clock.advance(3600)
    seen = await renewed(world, zid_tokens(world))
    await world.webhook_checks.note(
        install.install_id,
        states={"order.create": WebhookState.HEALTHY, "order.status.update": WebhookState.BROKEN},
        problems={},
        complete=True,
        next_in=timedelta(minutes=15),
    )
    told = await ask(client, "GET", f"/auth/status/{STORE}")
    assert (told["state"], told["epoch"], told["generation"]) == ("active", 1, 2)
    assert told["last_refresh_at"] == "2026-01-01T01:00:00Z"
    assert told["expires_at"] == "2027-01-01T01:00:00Z"
    assert told["refresh_due_at"] == "2026-10-18T01:00:00Z"
    assert told["scopes"] == SCOPES
    assert told["webhook_health"] == {"healthy": 1, "degraded": 0, "broken": 1, "inactive": 0, "missing": 0}
    assert told["webhooks_checked_at"] == "2026-01-01T01:00:00Z"
    validation = told["validation"]
    assert isinstance(validation, dict)
    assert (validation["passed"], validation["findings"], validation["audience"]) == (True, [], ["48"])
    text = json.dumps(told)
    for secret in (seen.tokens.authorization, seen.tokens.manager_token, seen.tokens.refresh_token):
        assert secret.reveal() not in text


async def test_before_the_first_renewal_and_look_nothing_is_claimed(
    world: World, client: TestClient, install: Install
) -> None:
    told = await ask(client, "GET", f"/auth/status/{STORE}")
    assert [told[name] for name in ("last_refresh_at", "webhook_health", "webhooks_checked_at", "scopes")] == [None] * 4
    validation = told["validation"]
    assert isinstance(validation, dict)
    assert validation["passed"] is True
    assert validation["findings"] == ["authorization_no_jwt", "manager_token_odd"]


async def test_tokens_of_another_app_are_found_out_without_asking(
    world: World, client: TestClient, install: Install
) -> None:
    await renewed(world, zid_tokens(world, aud="117"))
    validation = (await ask(client, "GET", f"/auth/status/{STORE}"))["validation"]
    assert isinstance(validation, dict)
    assert (validation["passed"], validation["findings"]) == (False, ["other_client"])
    assert world.trials.asked == []


async def test_of_an_install_that_is_over_no_tokens_are_told(
    world: World, client: TestClient, install: Install
) -> None:
    await world.installations.end(install.install_id, audit=AuditEntry("install.ended"))
    told = await ask(client, "GET", f"/auth/status/{STORE}")
    assert (told["state"], told["generation"], told["validation"]) == ("uninstalled", None, None)
    answer = await client.post(f"/auth/test-authorize/{STORE}", headers=KEY)
    assert answer.status == 409


class LockedVault(TokenVault):
    """Sealed by a key that is not here."""

    def __init__(self, vault: TokenVault) -> None:
        self.replace = vault.replace  # type: ignore[method-assign]

    async def open(self, store_id: StoreId) -> TokenSet | None:
        raise KeyMissing("k-1")

    async def replace(self, *_: object, **__: object) -> bool:
        raise AssertionError


async def test_tokens_that_do_not_open_are_told_as_such(world: World, install: Install, aiohttp_client: object) -> None:
    world.vault = LockedVault(world.vault)
    client = await make_client(aiohttp_client, world)
    told = await ask(client, "GET", f"/auth/status/{STORE}")
    validation = told["validation"]
    assert isinstance(validation, dict)
    assert validation["passed"] is None
    assert "k-1" in str(validation["problem"])
    assert told["state"] == "active"


async def test_working_tokens_are_proven_in_every_dialect(world: World, client: TestClient, install: Install) -> None:
    seen = await renewed(world, zid_tokens(world))
    world.trials.admit(seen)
    told = await ask(client, "POST", f"/auth/test-authorize/{STORE}")
    assert (told["works"], told["install_id"]) == (True, str(install.install_id))
    remote = told["remote"]
    assert isinstance(remote, dict)
    assert (remote["failed_headers"], remote["names_store"]) == ([], STORE)
    assert [trial["verdict"] for trial in remote["trials"]] == ["accepted"] * 3
    entry = world.database.audit[-1]
    assert (entry.action, entry.store_id, entry.details) == ("token.tested", STORE, {"generation": 2, "works": True})


@pytest.mark.parametrize(
    ("deaf", "headers"),
    [
        ({Dialect.MANAGERS}, ["X-Manager-Token"]),
        ({Dialect.ACCESS_TOKEN, Dialect.PRODUCTS}, ["Access-Token"]),
        ({Dialect.PRODUCTS}, ["Store-Id"]),
        (set(Dialect), ["Authorization", "X-Manager-Token", "Access-Token"]),
    ],
    ids=str,
)
async def test_the_header_that_failed_is_named_and_the_store_is_left_alone(
    world: World, client: TestClient, install: Install, deaf: set[Dialect], headers: list[str]
) -> None:
    seen = await renewed(world, zid_tokens(world))
    world.trials.admit(seen)
    world.trials.deaf = set(deaf)
    told = await ask(client, "POST", f"/auth/test-authorize/{STORE}")
    remote = told["remote"]
    assert isinstance(remote, dict)
    assert (told["works"], remote["failed_headers"]) == (False, headers)
    after = await world.installations.current(STORE)
    assert after is not None
    assert after.state is InstallState.ACTIVE
    assert await world.vault.open(STORE) == seen


async def test_tokens_that_zid_knows_as_another_stores_do_not_work(
    world: World, client: TestClient, install: Install
) -> None:
    seen = await renewed(world, zid_tokens(world))
    world.trials.admit(replace(seen, store_id=StoreId(2002)))
    told = await ask(client, "POST", f"/auth/test-authorize/{STORE}")
    remote = told["remote"]
    assert isinstance(remote, dict)
    assert (told["works"], remote["names_store"]) == (False, 2002)


async def test_while_zid_is_away_nothing_is_proven(world: World, client: TestClient, install: Install) -> None:
    world.trials.away = True
    told = await ask(client, "POST", f"/auth/test-authorize/{STORE}")
    remote = told["remote"]
    assert isinstance(remote, dict)
    assert (told["works"], remote["failed_headers"]) == (None, [])


async def test_proving_needs_a_key_and_a_store(client: TestClient) -> None:
    assert (await client.post(f"/auth/test-authorize/{STORE}")).status == 401
    assert (await client.post("/auth/test-authorize/7", headers=KEY)).status == 404
