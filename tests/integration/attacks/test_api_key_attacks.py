"""No key, a wrong one, one that is over, or one that lacks the scope gets past: tried on every operation there is."""

import re
from collections.abc import Mapping
from datetime import timedelta
from random import Random

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient

from core.domain.api_access import ApiScope
from core.domain.api_keys import KeyDraft, make_key
from core.features.api_keys import NewKey
from entrypoints.http.app import ALL_ROUTES
from entrypoints.http.path_ids import PATH_IDS
from entrypoints.http.routing import Route
from tests.integration.routes.conftest import make_client
from tests.integration.routes.deliveries import order
from tests.integration.routes.world import ADMIN_KEY, KEY, World

KEYED = [route for route in ALL_ROUTES if route.keyed]
EXAMPLES = {name: rule.example for name, rule in PATH_IDS.items()}
RANKS = list(ApiScope)

WITHOUT_A_KEY = {
    "GET /auth/zid",
    "GET /auth/zid/callback",
    "GET /auth/callback",
    "GET /auth/health",
    "GET /embedded",
    "GET /embedded/view",
    "GET /embedded/api/store",
    "DELETE /embedded/api/session",
    "POST /webhooks/zid/{install_token}/{topic}",
    "GET /webhooks/zid/{install_token}/{topic}",
    "POST /webhooks/zid-app/{secret}",
    "GET /webhooks/zid-app/{secret}",
    "GET /health/live",
    "GET /health/ready",
    "GET /openapi.json",
    "GET /docs",
    "GET /problems/{slug}",
    "GET /metrics",
    "GET /",
    "GET /static/{version}/{name}",
}
"""Browsers, Zid, anybody, Prometheus: everything else is for holders of keys, and the console for who signed in."""

CONSOLE = [route for route in ALL_ROUTES if route.path.startswith("/console")]
SIGN_IN = "/console/login"


@pytest.fixture
async def client(aiohttp_client: object) -> TestClient:
    return await make_client(aiohttp_client, World())


async def made(world: World, *scopes: ApiScope, expires_in: float | None = None) -> NewKey:
    ends = world.clock.now() + timedelta(seconds=expires_in) if expires_in else None
    draft = KeyDraft.of("attacker", scopes or tuple(ApiScope), now=world.clock.now(), expires_at=ends)
    return await world.services().keys.keeping.create(draft)


async def ask(client: TestClient, route: Route, headers: Mapping[str, str], **more: object) -> ClientResponse:
    return await client.request(route.method, route.path.format_map(EXAMPLES), headers=headers, **more)


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def test_nothing_is_open_but_what_is_meant_to_be() -> None:
    keyless = [route for route in ALL_ROUTES if not route.keyed and route not in CONSOLE]
    assert {f"{route.method} {route.path}" for route in keyless} == WITHOUT_A_KEY
    assert len(KEYED) > 100
    assert all(route.path.startswith(("/v1/", "/auth/")) for route in KEYED)


async def test_nobody_sees_or_does_anything_in_the_console_before_signing_in(client: TestClient) -> None:
    """Pages lead to the sign-in, streams and forms are refused; a key in a header opens none of it."""
    assert len(CONSOLE) > 40
    examples = {name: "1" for route in CONSOLE for name in re.findall(r"{(\w+)}", route.path)} | EXAMPLES
    for route in CONSOLE:
        if route.path == SIGN_IN:
            continue
        for headers in ({}, bearer(ADMIN_KEY)):
            path = route.path.format_map(examples)
            answer = await client.request(route.method, path, headers=headers, allow_redirects=False)
            said = route.method, path, answer.status
            leads = answer.status == 303 and answer.headers["Location"].startswith(SIGN_IN)
            assert leads or answer.status in (401, 403), said
            await answer.read()


async def test_every_operation_refuses_every_key_that_opens_nothing(aiohttp_client: object) -> None:
    world = World()
    client = await make_client(aiohttp_client, world)
    revoked, expired = await made(world), await made(world, expires_in=60)
    await world.services().keys.keeping.revoke(revoked.key.key_id)
    rotated = await made(world)
    await world.services().keys.keeping.rotate(rotated.key.key_id, overlap=timedelta(0))
    world.clock.advance(61)
    unknown = make_key("u" * 43).reveal()
    over = [one.text.reveal() for one in (revoked, expired, rotated)]
    for route in KEYED:
        for headers in ({}, *map(bearer, (unknown, *over))):
            answer = await ask(client, route, headers)
            assert answer.status == 401, (route.method, route.path, headers)
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
            await answer.read()


@pytest.mark.parametrize("scope", [ApiScope.READ, ApiScope.OPERATE])
async def test_every_operation_refuses_a_key_without_its_scope(aiohttp_client: object, scope: ApiScope) -> None:
    world = World()
    client = await make_client(aiohttp_client, world)
    key = (await made(world, scope)).text.reveal()
    beyond = [route for route in KEYED if RANKS.index(route.needs) > RANKS.index(scope)]
    assert beyond
    for route in beyond:
        answer = await ask(client, route, bearer(key), json={"all": True, "name": "x", "scopes": ["admin"]})
        assert answer.status == 403, (route.method, route.path)
        await answer.read()
    assert len(world.database.trail) == 1, "nothing was done"
    assert all(isinstance(entry.details.get("key_id"), int) for entry in world.database.audit)


HOSTILE = [
    {"Authorization": "Bearer"},
    {"Authorization": "Bearer "},
    {"Authorization": ADMIN_KEY},
    {"Authorization": f"Basic {ADMIN_KEY}"},
    {"Authorization": f"Bearer {ADMIN_KEY} {ADMIN_KEY}"},
    {"Authorization": f"Bearer {ADMIN_KEY},"},
    {"Authorization": f'Bearer "{ADMIN_KEY}"'},
    {"Authorization": f"Bearer {ADMIN_KEY.upper()}"},
    {"Authorization": f"Bearer {ADMIN_KEY[:-1]}"},
    {"Authorization": f"Bearer Bearer {ADMIN_KEY}"},
    {"Authorization": "Bearer *"},
    {"Authorization": "Bearer null"},
    {"Authorization": "Bearer ' OR '1'='1"},
    {"Authorization": "Bearer " + "x" * 4000},
    {"X-Api-Key": ADMIN_KEY},
    {"X-Authorization": f"Bearer {ADMIN_KEY}"},
    {"Proxy-Authorization": f"Bearer {ADMIN_KEY}"},
    {"X-Original-URL": "/health/live", "X-Rewrite-URL": "/health/live"},
    {"X-HTTP-Method-Override": "GET", "X-Forwarded-For": "127.0.0.1"},
    {"Cookie": f"wasl_session={ADMIN_KEY}; key={ADMIN_KEY}"},
]


@pytest.mark.parametrize("headers", HOSTILE, ids=range(len(HOSTILE)))
async def test_nothing_but_one_whole_bearer_key_opens_a_door(client: TestClient, headers: dict[str, str]) -> None:
    for route in Random(repr(headers)).sample(KEYED, 15):
        answer = await ask(client, route, headers)
        assert answer.status == 401, (route.method, route.path)
        await answer.read()


async def test_a_key_counts_in_its_header_only_and_only_once(client: TestClient) -> None:
    for query in ({"key": ADMIN_KEY}, {"access_token": ADMIN_KEY}, {"api_key": ADMIN_KEY}):
        assert (await client.get("/v1/stores", params=query)).status == 401
    twice = [("Authorization", f"Bearer {ADMIN_KEY}"), ("Authorization", f"Bearer {ADMIN_KEY}")]
    assert (await client.get("/v1/stores", headers=twice)).status == 401
    assert (await client.get("/v1/stores", headers=KEY)).status == 200


@pytest.mark.parametrize(
    "path",
    [
        "//v1/stores",
        "/v1//stores",
        "/v1/stores/",
        "/V1/stores",
        "/%76%31/stores",
        "/v1/%73tores",
        "/health/live/../../v1/stores",
        "/health/live/..%2f..%2fv1/stores",
        "/health/live%2f..%2f..%2fv1/stores",
        "/v1/stores;a=b",
        "/static/x/..%2f..%2fv1%2fstores",
        "/v1/stores%00",
        "/v1/stores%23",
    ],
)
async def test_no_spelling_of_a_path_goes_round_the_key(client: TestClient, path: str) -> None:
    from yarl import URL  # noqa: PLC0415 (as it is written, not as it would be tidied up)

    url = client.make_url("/")
    answer = await client.session.get(URL(f"{url.origin()}{path}", encoded=True), allow_redirects=False)
    assert answer.status in {400, 401, 404}, path


async def test_methods_that_a_route_does_not_have_do_not_reach_it(client: TestClient) -> None:
    for route in KEYED:
        for method in ("OPTIONS", "TRACE", "PROPFIND", "HEAD"):
            answer = await client.request(method, route.path.format_map(EXAMPLES))
            assert answer.status in {401, 405}, (method, route.path)


async def test_a_refusal_tells_nothing_about_what_there_is(aiohttp_client: object) -> None:
    """Whether the key exists, or the store, or the event: the answers differ in their request id only."""
    world = World()
    client = await make_client(aiohttp_client, world)
    await world.installed()
    revoked = await made(world)
    await world.services().keys.keeping.revoke(revoked.key.key_id)
    told = set()
    for key in (revoked.text.reveal(), make_key("u" * 43).reveal(), "no key at all"):
        for path in ("/v1/stores/1001", "/v1/stores/9999", "/v1/stores/x", "/v1/stores/1001?no-such=1"):
            answer = await client.get(path, headers=bearer(key))
            told.add((answer.status, re.sub(r'"request_id":"[^"]*"', "", await answer.text())))
    assert len(told) == 1


async def test_a_key_that_was_copied_badly_is_told_so_and_looked_up_nowhere(aiohttp_client: object) -> None:
    world = World()
    client = await make_client(aiohttp_client, world)
    key = (await made(world)).text.reveal()
    world.key_book.live = None  # type: ignore[assignment, method-assign]  # a look would be a fault
    for wrong in (key[:-1], key + "x", key[:20] + key[21] + key[20] + key[22:], key.lower(), "wasl_"):
        answer = await client.get("/v1/stores", headers=bearer(wrong))
        assert answer.status == 401
        assert "cut or mistyped" in (await answer.json(content_type=None))["detail"]


async def test_a_refused_request_is_not_read_and_does_nothing(aiohttp_client: object) -> None:
    world = World()
    client = await make_client(aiohttp_client, world)
    await world.installed()
    before = len(world.database.trail)
    for path in ("/v1/api-keys", "/v1/stores/1001/erase", "/v1/stores/1001/pause", "/auth/revoke/1001"):
        answer = await client.post(path, data=b"x" * 100_000, headers={"Idempotency-Key": "a"})
        assert answer.status == 401
    assert len(world.database.trail) == before
    assert not world.database.idempotency


async def test_a_key_never_makes_or_ends_keys_beyond_its_scope(aiohttp_client: object) -> None:
    """The way up: an operator's key that makes itself an admin's."""
    world = World()
    client = await make_client(aiohttp_client, world)
    operator = await made(world, ApiScope.OPERATE)
    admin = await made(world, ApiScope.ADMIN)
    headers = bearer(operator.text.reveal())
    tries = (
        ("POST", "/v1/api-keys", {"name": "mine", "scopes": ["admin"]}),
        ("POST", f"/v1/api-keys/{admin.key.key_id}/rotate", {"overlap_seconds": 0}),
        ("POST", f"/v1/api-keys/{operator.key.key_id}/rotate", {}),
        ("DELETE", f"/v1/api-keys/{admin.key.key_id}", None),
        ("GET", "/v1/api-keys", None),
    )
    for method, path, body in tries:
        assert (await client.request(method, path, json=body, headers=headers)).status == 403
    assert (await client.get("/v1/api-keys", headers=bearer(admin.text.reveal()))).status == 200


async def test_keys_are_never_in_the_log_nor_in_the_audit_nor_in_the_metrics(
    aiohttp_client: object, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World()
    client = await make_client(aiohttp_client, world)
    key = (await made(world)).text.reveal()
    for path in ("/v1/stores", f"/v1/stores/{key}", f"/v1/api-keys?cursor={key}", f"/{key}", "/v1/api-keys"):
        await client.get(path, headers=bearer(key))
        await client.post(path, headers=bearer(key), json={"name": key, **order()})
    shown = capsys.readouterr()
    seen = shown.out + shown.err + repr(world.database.trail) + repr(world.metrics.__dict__)
    assert "http_request" in seen
    assert key[5:25] not in seen
