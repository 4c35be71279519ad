"""The API as programs meet it: keys, lists, problems, and the route table that describes it."""

import json
from datetime import timedelta
from io import BytesIO
from itertools import count
from uuid import UUID, uuid4

import msgspec
import pytest
from aiohttp.test_utils import TestClient
from yarl import URL

from adapters.memory.rows import DueRow
from core.domain.audit import AuditEntry
from core.domain.operations.webhooks import Subscription
from core.domain.redrive import DeskAction
from core.errors import NeedsReauthorization, Unavailable
from core.ids import StoreId
from core.ports.redrives import Order
from entrypoints.http.app import ALL_ROUTES
from entrypoints.http.path_ids import PATH_IDS
from entrypoints.http.routing import Access, Route
from tests.integration.routes.deliveries import address, credentials, order
from tests.integration.routes.world import ADMIN_KEY, KEY, STORE, World

KEYED = [route for route in ALL_ROUTES if route.access is Access.API_KEY]


def path_of(route: Route, event_id: UUID | None = None) -> str:
    """The route's path with an id in it that is well formed."""
    ids = {name: rule.example for name, rule in PATH_IDS.items()}
    ids |= {"store_id": str(STORE), "merchant_id": str(STORE), "event_id": str(event_id or uuid4())}
    return route.path.format_map(ids)


async def deliver(client: TestClient, world: World, *numbers: int, topic: str = "order.create") -> None:
    install = await world.installations.current(STORE) or await world.installed()
    for number in numbers:
        answer = await client.post(address(install, topic), json=order(number), headers=credentials(install))
        assert answer.status == 200


# --- keys ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer wasl_wrong",
        ADMIN_KEY,
        f"Basic {ADMIN_KEY}",
        f"Bearer {ADMIN_KEY}x",
        "Bearer ؟",
    ],
)
async def test_every_keyed_route_refuses_what_is_not_a_key(client: TestClient, header: str | None) -> None:
    for route in KEYED:
        answer = await client.request(
            route.method, path_of(route), headers={"Authorization": header} if header is not None else {}
        )

        assert answer.status == 401, route
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert (await answer.json(content_type="application/problem+json"))["type"] == "/problems/unauthorized"


async def test_two_authorization_headers_are_none(client: TestClient) -> None:
    headers = [("Authorization", f"Bearer {ADMIN_KEY}"), ("Authorization", "Bearer other")]

    assert (await client.get("/v1/ledger", headers=headers)).status == 401


async def test_any_key_of_the_ring_is_accepted(client: TestClient) -> None:
    for key in (ADMIN_KEY, "wasl_second"):
        assert (await client.get("/v1/ledger", headers={"Authorization": f"bearer {key}"})).status == 200


async def test_every_keyed_route_refuses_unknown_query_parameters_by_name(client: TestClient) -> None:
    for route in KEYED:
        answer = await client.request(route.method, path_of(route), params={"sotre_id": "1"}, headers=KEY)

        assert answer.status == 400, route
        problem = await answer.json(content_type="application/problem+json")
        assert problem["parameter"] == "sotre_id", route
        assert problem["detail"].startswith("sotre_id: unknown query parameter"), route


# --- the ledger -----------------------------------------------------------------


async def test_the_ledger_counts_what_zid_delivered(client: TestClient, world: World) -> None:
    await deliver(client, world, 1, 2, 2)

    ledger = await (await client.get("/v1/ledger", headers=KEY)).json()

    assert ledger == {
        "received": 2,
        "queued": 2,
        "running": 0,
        "waiting": 0,
        "done": 0,
        "dead": 0,
        "cancelled": 0,
        "erased": 0,
        "duplicates": 1,
        "spooled": 0,
        "balanced": True,
        "by_origin": {
            origin: {
                "received": 0,
                "queued": 0,
                "running": 0,
                "waiting": 0,
                "done": 0,
                "dead": 0,
                "cancelled": 0,
                "erased": 0,
                "duplicates": 0,
            }
            for origin in ("derived", "synthetic", "replay")
        },
    }


async def test_a_lost_row_makes_the_ledger_unbalanced(client: TestClient, world: World) -> None:
    await deliver(client, world, 1, 2)
    world.database.events.popitem()

    assert (await (await client.get("/v1/ledger", headers=KEY)).json())["balanced"] is False


async def test_the_ledger_of_one_store(client: TestClient, world: World) -> None:
    await deliver(client, world, 1)

    other = await client.get("/v1/ledger", params={"store_id": STORE + 1}, headers=KEY)

    assert (await other.json())["received"] == 0
    assert (await client.get("/v1/ledger", params={"store_id": "x"}, headers=KEY)).status == 400
    assert (await client.get("/v1/ledger?store_id=1&store_id=2", headers=KEY)).status == 400


# --- stores ---------------------------------------------------------------------


async def test_a_store_shows_its_expiry_subscriptions_and_mirror_but_no_token(client: TestClient, world: World) -> None:
    install = await world.installed()
    secret_url = "https://app.example/webhooks/zid/secret-token/order.create"
    await world.installations.note_subscriptions(
        install.install_id, [Subscription("w1", "order.create", secret_url, "7367", True, "degraded")]
    )
    world.database.refresh_due[install.install_id] = DueRow(world.clock.now() + timedelta(days=290), failures=2)

    answer = await client.get(f"/v1/stores/{STORE}", headers=KEY)
    store = await answer.json()

    assert store["title"] == "متجر الورد"
    assert store["install_id"] == str(install.install_id)
    assert (store["state"], store["epoch"], store["generation"]) == ("active", 1, 1)
    assert store["installed_at"] == "2026-01-01T00:00:00Z"
    assert store["expires_at"] == "2027-01-01T00:00:00Z"
    assert store["refresh_due_at"] == "2026-10-18T00:00:00Z"
    assert store["refresh_failures"] == 2
    assert store["subscriptions"] == [{"id": "w1", "event": "order.create", "active": True, "health": "degraded"}]
    text = await answer.text()
    assert not [word for word in ("authorization-1", "manager-1", "refresh-1", "secret-token") if word in text]


async def test_a_store_that_was_uninstalled_has_no_expiry(client: TestClient, world: World) -> None:
    await world.installed()
    assert (await client.post(f"/auth/revoke/{STORE}", headers=KEY)).status == 200

    store = await (await client.get(f"/v1/stores/{STORE}", headers=KEY)).json()

    assert (store["state"], store["expires_at"], store["generation"]) == ("uninstalled", None, None)


async def test_stores_are_paged_to_their_end_by_opaque_cursors(client: TestClient, world: World) -> None:
    for number in range(5):
        await world.installed(StoreId(STORE + number))
    seen: list[int] = []
    cursor: str | None = None
    while True:
        params = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = await (await client.get("/v1/stores", params=params, headers=KEY)).json()
        seen += [store["store_id"] for store in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert seen == [STORE + number for number in range(5)]


@pytest.mark.parametrize("cursor", ["", "x", "c3RvcmVz", "ZXZlbnRzOjE", "c3RvcmVzOi0x", "%00", "é", "A" * 300])
async def test_a_cursor_that_is_not_ours_is_refused(client: TestClient, cursor: str) -> None:
    answer = await client.get("/v1/stores", params={"cursor": cursor}, headers=KEY)

    assert answer.status == 400
    assert (await answer.json(content_type="application/problem+json"))["parameter"] == "cursor"


@pytest.mark.parametrize("limit", ["0", "-1", "201", "1e9", "x", "", "٣"])
async def test_a_limit_out_of_bounds_is_refused(client: TestClient, limit: str) -> None:
    answer = await client.get("/v1/stores", params={"limit": limit}, headers=KEY)

    assert answer.status == 400
    assert (await answer.json(content_type="application/problem+json"))["parameter"] == "limit"


@pytest.mark.parametrize("weird", ["0x1", "-1", "1.0", "١٠٠١", "9" * 30, "1001%00", "1001;", "abc"])
async def test_a_weird_store_id_is_refused_by_name(client: TestClient, weird: str) -> None:
    for path, name in ((f"/v1/stores/{weird}", "store_id"), (f"/auth/status/{weird}", "merchant_id")):
        answer = await client.get(path, headers=KEY)
        assert answer.status == 400
        assert (await answer.json(content_type="application/problem+json"))["parameter"] == name


async def test_a_store_that_never_was_is_404(client: TestClient) -> None:
    for method, path in (("GET", "/v1/stores/7"), ("GET", "/auth/status/7"), ("POST", "/auth/refresh/7")):
        assert (await client.request(method, path, headers=KEY)).status == 404


# --- events ---------------------------------------------------------------------


async def test_events_are_listed_newest_first_and_filtered(client: TestClient, world: World) -> None:
    await deliver(client, world, 1, 2, 3)
    await deliver(client, world, 3, topic="order.status.update")

    async def found(**params: str) -> list[str]:
        answer = await client.get("/v1/events", params=params, headers=KEY)
        assert answer.status == 200, await answer.text()
        return [event["entity_id"] for event in (await answer.json())["items"]]

    assert await found() == ["3", "3", "2", "1"]
    assert await found(topic="order.status.update") == ["3"]
    assert await found(entity_id="2") == ["2"]
    assert await found(state="queued", origin="zid", store_id=str(STORE), since="2025-12-31T23:00:00Z", limit="1") == [
        "3"
    ]
    assert await found(state="dead") == []
    assert await found(since="2026-01-01T03:00:01+03:00") == []


async def test_events_are_paged_without_a_gap(client: TestClient, world: World) -> None:
    await deliver(client, world, *range(7))
    first = await (await client.get("/v1/events", params={"limit": "4"}, headers=KEY)).json()
    rest = await (
        await client.get("/v1/events", params={"limit": "4", "cursor": first["next_cursor"]}, headers=KEY)
    ).json()

    assert [event["entity_id"] for event in first["items"] + rest["items"]] == ["6", "5", "4", "3", "2", "1", "0"]
    assert rest["next_cursor"] is None


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("state", "finished", "one of queued, running"),
        ("origin", "mars", "one of zid, derived"),
        ("since", "yesterday", ""),
        ("since", "2026-01-01T00:00:00", ""),
        ("topic", "", ""),
        ("topic", "a\0b", ""),
        ("entity_id", "\0", ""),
        ("entity_id", "x" * 201, ""),
        ("store_id", "-5", ""),
        ("store_id", "9" * 19, ""),
    ],
)
async def test_a_wrong_filter_is_refused_by_name(client: TestClient, name: str, value: str, says: str) -> None:
    answer = await client.get("/v1/events", params={name: value}, headers=KEY)

    assert answer.status == 400
    problem = await answer.json(content_type="application/problem+json")
    assert problem["parameter"] == name
    assert says in problem["detail"]


async def test_an_event_shows_its_body_as_json_or_as_base64(client: TestClient, world: World) -> None:
    install = await world.installed()
    deep = b"[" * 5000
    for body in (b'{"id": 1, "total": 12.50}', b"not json \xff", deep[:4000]):
        await client.post(address(install), data=body, headers=credentials(install))
    listed = (await (await client.get("/v1/events", headers=KEY)).json())["items"]

    shown = [await (await client.get(f"/v1/events/{event['id']}", headers=KEY)).json() for event in listed]

    assert shown[2]["body"] == {"id": 1, "total": 12.5}
    assert [event["body"] for event in shown[:2]] == [None, None]
    assert shown[1]["body_base64"] == "bm90IGpzb24g/w=="
    assert shown[0]["runs"] == []


async def test_an_event_that_is_not_there(client: TestClient) -> None:
    assert (await client.get(f"/v1/events/{uuid4()}", headers=KEY)).status == 404
    assert (await client.post(f"/v1/events/{uuid4()}/replay", headers=KEY)).status == 404
    assert (await client.get("/v1/events/17", headers=KEY)).status == 400
    assert (await client.get("/v1/events/%00", headers=KEY)).status == 400


async def test_a_replay_is_a_new_event_that_is_announced_and_audited(client: TestClient, world: World) -> None:
    await deliver(client, world, 1)
    [original] = world.database.events

    answer = await client.post(f"/v1/events/{original}/replay", headers={**KEY, "X-Request-Id": "mine-1"})

    assert answer.status == 202
    new_id = (await answer.json())["event_id"]
    assert world.announced.announced[-1].id == new_id
    ledger = await (await client.get("/v1/ledger", headers=KEY)).json()
    assert (ledger["received"], ledger["by_origin"]["replay"]["received"], ledger["balanced"]) == (1, 1, True)
    audit = world.database.audit[-1]
    assert (audit.action, audit.actor, audit.request_id) == ("event.replayed", "admin", "mine-1")


async def test_a_replay_with_the_same_idempotency_key_happens_once(client: TestClient, world: World) -> None:
    await deliver(client, world, 1)
    [original] = world.database.events

    async def replay(key: str) -> tuple[int, str]:
        answer = await client.post(f"/v1/events/{original}/replay", headers={**KEY, "Idempotency-Key": key})
        return answer.status, (await answer.json(content_type=None)).get("event_id")

    first, again, other = await replay("k1"), await replay("k1"), await replay("k2")

    assert first == again
    assert first != other
    assert len(world.database.events) == 3
    assert [(await replay(wrong))[0] for wrong in ("", "é", "x" * 256)] == [400, 400, 400]


async def test_head_answers_like_get_without_a_body(client: TestClient) -> None:
    await client.get("/console/login")
    for path in ("/health/live", "/health/ready", "/docs", "/openapi.json", "/console/live"):
        answer = await client.head(path)
        assert (answer.status, await answer.read()) == (200, b""), path
    assert (await client.head("/v1/ledger")).status == 401


async def test_what_has_no_body_cannot_be_replayed(client: TestClient, world: World) -> None:
    await deliver(client, world, 1)
    await client.post(f"/auth/revoke/{STORE}", headers=KEY)
    [original] = world.database.events

    answer = await client.post(f"/v1/events/{original}/replay", headers=KEY)

    assert answer.status == 409
    assert (await answer.json(content_type="application/problem+json"))["type"] == "/problems/conflict"


# --- dead letters ------------------------------------------------------------------


async def dead_letters(client: TestClient, world: World) -> list[str]:
    """Two events that were given up, and one that is well."""
    await deliver(client, world, 1, 2, 3)
    events = list(world.database.events.values())
    for event in events[:2]:
        event.state = type(event.state).DEAD
    return [str(event.event_id) for event in events[:2]]


async def test_dead_letters_are_listed_and_redriven(client: TestClient, world: World) -> None:
    ids = await dead_letters(client, world)
    listed = (await (await client.get("/v1/dead-letters", headers=KEY)).json())["items"]
    assert sorted(event["id"] for event in listed) == sorted(ids)

    dry = await client.post("/v1/dead-letters/redrive", json={"all": True, "dry_run": True}, headers=KEY)
    counts = {"letters": 2, "able": 2, "marked": 0, "job": None}
    assert await dry.json() == {"matched": 2, "queued": 0, "dry_run": True, **counts}
    world.announced.announced.clear()

    one = await client.post("/v1/dead-letters/redrive", json={"ids": ids[:1] * 3}, headers=KEY)

    counts = {"letters": 1, "able": 1, "marked": 0, "job": None}
    assert await one.json() == {"matched": 1, "queued": 1, "dry_run": False, **counts}
    assert [item.id for item in world.announced.announced] == ids[:1]
    assert len((await (await client.get("/v1/dead-letters", headers=KEY)).json())["items"]) == 1


async def test_dead_letters_are_discarded_with_a_reason(client: TestClient, world: World) -> None:
    await dead_letters(client, world)

    answer = await client.post(
        "/v1/dead-letters/discard", json={"topic": "order.create", "reason": "test orders"}, headers=KEY
    )

    counts = {"letters": 2, "marked": 0, "job": None}
    assert await answer.json() == {"matched": 2, "discarded": 2, "dry_run": False, **counts}
    ledger = await (await client.get("/v1/ledger", headers=KEY)).json()
    assert (ledger["dead"], ledger["cancelled"], ledger["balanced"]) == (0, 2, True)


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ({}, "ids"),
        ({"all": False}, "ids"),
        ({"all": True, "topic": "order.create"}, "ids"),
        ({"ids": [str(uuid4())], "store_id": 1}, "ids"),
        ({"ids": ["x"]}, "ids[0]"),
        ({"ids": [str(uuid4())] * 201}, "ids"),
        ({"all": "yes"}, "all"),
        ({"alll": True}, "alll"),
        ({"topic": "a\0"}, "topic"),
    ],
)
async def test_nothing_is_redriven_or_discarded_by_omission(
    client: TestClient, world: World, body: object, parameter: str
) -> None:
    await dead_letters(client, world)
    for action in ("redrive", "discard"):
        answer = await client.post(f"/v1/dead-letters/{action}", json=body, headers=KEY)
        assert answer.status == 400
        assert (await answer.json(content_type="application/problem+json"))["parameter"] == parameter

    assert len((await (await client.get("/v1/dead-letters", headers=KEY)).json())["items"]) == 2


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[]", b"null", b"[" * 100_000, b'{"topic": "\\ud800"}'])
async def test_a_body_that_is_no_json_object_is_refused(client: TestClient, body: bytes) -> None:
    answer = await client.post("/v1/dead-letters/redrive", data=body, headers=KEY)

    assert answer.status == 400
    assert answer.content_type == "application/problem+json"


async def test_a_body_that_is_too_large_is_413(client: TestClient) -> None:
    answer = await client.post("/v1/dead-letters/redrive", data=BytesIO(b"x" * 2_000_000), headers=KEY)

    assert answer.status == 413
    assert (await answer.json(content_type="application/problem+json"))["type"] == "/problems/too-large"


# --- tokens -----------------------------------------------------------------------


async def test_a_refresh_tells_the_new_generation(client: TestClient, world: World) -> None:
    await world.installed()
    world.exchange.refreshes.then(
        {"access_token": "manager-2", "authorization": "jwt-2", "refresh_token": "refresh-2", "expires_in": 86400}
    )

    answer = await client.post(f"/auth/refresh/{STORE}", headers=KEY)

    assert await answer.json() == {
        "store_id": STORE,
        "outcome": "renewed",
        "generation": 2,
        "expires_at": "2026-01-02T00:00:00Z",
    }


async def test_a_refresh_that_cannot_help_says_who_has_to_act(client: TestClient, world: World) -> None:
    await world.installed()
    world.exchange.refreshes.then(NeedsReauthorization(STORE, "spent"))

    answer = await client.post(f"/auth/refresh/{STORE}", headers=KEY)

    problem = await answer.json(content_type="application/problem+json")
    assert (answer.status, problem["type"], problem["store_id"]) == (409, "/problems/needs-reauthorization", STORE)


async def test_a_dependency_that_is_away_is_503_with_retry_after(client: TestClient, world: World) -> None:
    await world.installed()
    world.exchange.refreshes.then(Unavailable("zid", "connection refused", retry_after=2.2))

    answer = await client.post(f"/auth/refresh/{STORE}", headers=KEY)

    problem = await answer.json(content_type="application/problem+json")
    assert (answer.status, problem["dependency"], answer.headers["Retry-After"]) == (503, "zid", "3")


async def test_a_revoke_ends_the_install_once(client: TestClient, world: World) -> None:
    await deliver(client, world, 1, 2)

    first = await client.post(f"/auth/revoke/{STORE}", headers=KEY)
    second = await client.post(f"/auth/revoke/{STORE}", headers=KEY)

    revoked = await first.json()
    assert (revoked["state"], revoked["cancelled_events"], revoked["problem"]) == ("uninstalled", 2, None)
    assert second.status == 409
    status = await (await client.get(f"/auth/status/{STORE}", headers=KEY)).json()
    assert status["state"] == "uninstalled"


# --- what holds everywhere ----------------------------------------------------------


async def test_every_answer_carries_a_request_id(client: TestClient) -> None:
    for path in ("/", "/console", "/v1/ledger", "/nowhere", "/health/live", "/auth/callback"):
        answer = await client.get(path, allow_redirects=False)
        assert answer.headers["X-Request-Id"], path


@pytest.mark.parametrize("given", ["abc-123", "0af7651916cd43dd8448eb211c80319c"])
async def test_a_sane_request_id_is_kept(client: TestClient, given: str) -> None:
    answer = await client.get("/v1/ledger", headers={"X-Request-Id": given})

    assert answer.headers["X-Request-Id"] == given
    assert (await answer.json(content_type="application/problem+json"))["request_id"] == given


@pytest.mark.parametrize("given", ["", " ", "a b", "x" * 129, "<script>", "é"])
async def test_any_other_request_id_is_replaced(client: TestClient, given: str) -> None:
    answer = await client.get("/health/live", headers={"X-Request-Id": given})

    assert answer.headers["X-Request-Id"] not in {given, given.strip()}


async def test_an_unknown_path_is_404_and_another_method_405(client: TestClient) -> None:
    nowhere = await client.get("/v2/stores", headers=KEY)
    assert (nowhere.status, nowhere.content_type) == (404, "application/problem+json")

    other = await client.delete("/v1/ledger", headers=KEY)
    assert other.status == 405
    assert "GET" in other.headers["Allow"]
    assert (await other.json(content_type="application/problem+json"))["type"] == "/problems/method-not-allowed"


@pytest.mark.parametrize(
    "path",
    ["/v1/stores/..%2f..%2fmetrics", "/v1/%2e%2e/metrics", "/v1//ledger", "/V1/LEDGER", "/static/x/..%2f..%2fapp.py"],
)
async def test_confused_paths_lead_nowhere(client: TestClient, path: str) -> None:
    assert (await client.get(URL(path, encoded=True), headers=KEY)).status in {400, 404}


async def test_a_fault_of_ours_is_500_without_its_cause(client: TestClient, world: World) -> None:
    world.database.installs = None  # type: ignore[assignment]
    world.database.latest = None  # type: ignore[assignment]

    answer = await client.get(f"/v1/stores/{STORE}", headers=KEY)

    assert answer.status == 500
    assert "NoneType" not in await answer.text()
    assert (await answer.json(content_type="application/problem+json"))["type"] == "/problems/internal"


async def test_requests_are_counted_by_pattern_never_by_path(client: TestClient, world: World) -> None:
    await client.get("/v1/stores/99", headers=KEY)
    await client.get("/nowhere/at/all")

    assert world.metrics.counted("http_requests_total", route="/v1/stores/{store_id}", status="404") == 1
    assert world.metrics.counted("http_requests_total", route="unmatched", status="404") == 1


async def test_a_request_is_logged_once_without_key_query_or_path(
    client: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    await client.get("/v1/stores/1001?limit=personal-data", headers={**KEY, "X-Request-Id": "one-request"})

    shown = capsys.readouterr().out
    assert shown.count("http_request ") == 1
    assert "one-request" in shown
    assert "/v1/stores/{store_id}" in shown
    assert not [word for word in (ADMIN_KEY, "personal-data", "1001") if word in shown]


# --- the description -----------------------------------------------------------------


async def test_openapi_describes_exactly_the_routes_with_a_summary(client: TestClient) -> None:
    document = await (await client.get("/openapi.json")).json()

    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert described == {(route.method, route.path) for route in ALL_ROUTES if route.summary}
    assert {route.path for route in KEYED} <= {path for _, path in described}
    text = json.dumps(document)
    for reference in set(part.split('"')[0] for part in text.split('"#/components/schemas/')[1:]):
        assert reference in document["components"]["schemas"]


async def test_answers_have_the_shape_that_the_route_table_promises(client: TestClient, world: World) -> None:
    await deliver(client, world, 1)
    [event_id] = world.database.events
    world.exchange.refreshes.then({"access_token": "m", "authorization": "a", "refresh_token": "r", "expires_in": 60})
    world.database.numbers = count(int(PATH_IDS["job_id"].example))
    await world.redrives.open(Order(DeskAction.REDRIVE), audit=AuditEntry("events.redriven"))
    bodies: dict[str, object] = {
        "/v1/dead-letters/redrive": {"all": True},
        "/v1/dead-letters/discard": {"all": True},
        "/v1/api-keys": {"name": "courier", "scopes": ["read"]},
    }
    in_order = sorted(ALL_ROUTES, key=lambda route: "revoke" in route.path)
    for route in in_order:
        if not route.summary or not route.answer or route.path.startswith("/v1/stores/{store_id}/"):
            continue
        path = path_of(route, event_id)
        answer = await client.request(route.method, path, json=bodies.get(route.path), headers=KEY)
        content = await answer.read()
        assert answer.status == route.status, (path, content)
        shape = route.answer
        assert set(json.loads(content)) == set(shape.__struct_encode_fields__), path


async def test_every_kind_of_problem_has_a_page(client: TestClient) -> None:
    answer = await client.get("/problems/needs-reauthorization?lang=en")
    assert answer.status == 200
    assert "Let the merchant install again" in await answer.text()
    assert (await client.get("/problems/none")).status == 404


async def test_docs_lists_the_routes(client: TestClient) -> None:
    text = await (await client.get("/docs?lang=en")).text()

    assert "/v1/dead-letters/redrive" in text
    assert "http://" not in text.replace("http://www.w3.org", "")
    assert "https://" not in text


def test_every_answer_shape_can_be_described() -> None:
    for route in ALL_ROUTES:
        if route.answer:
            msgspec.json.schema(route.answer)
