"""Every endpoint of the Merchant API by one table: who gets in, what is answered, what does not exist."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from sandbox.api.routes import ENDPOINTS
from sandbox.settings import AppRegistration
from tests.sandbox.endpoint_rows import ABSENT, ROWS, UNSEEN, WRONG_SLASH, Row
from tests.sandbox.endpoint_world import one_of_everything, options_of, path_of
from tests.sandbox.shapes import FIXTURES, differences, fixture

# Fixtures that other tests compare: products with stocks come from two recordings; error bodies have knobs.
ELSEWHERE = {
    "sdktest__error_401.response",
    "sdktest__error_422.response",
    "shape__error_422.response",
    "shape__success_generic.response",
    "shape__payment_method_item.response",
}
# Lists that the answers of the table must not leave empty.
LISTS = {
    "results", "orders", "customers", "coupons", "minimal_categories", "payload", "discount_rules", "data", "history",
    "credit_notes", "cashback_rules", "redemption_rules", "items",
}  # fmt: skip
COUNTS = {"orders": 6, "products": 8, "customers": 4, "categories": 2, "carts": 2}


@pytest.fixture
async def store(zid):
    """A store with one of everything: its tokens and the names of what it has."""
    tokens = await zid.install(await zid.store(**COUNTS), scope="embedded_apps_tokens_write")
    return tokens, await one_of_everything(zid, tokens)


def pattern(path: str) -> str:
    """A path whose variable parts look alike, whatever they are called."""
    return re.sub(r"\{\w+\}", "*", path)


def test_the_table_and_the_sandbox_know_the_same_endpoints():
    fixed = {"/v1/order-vouchers/77/": "/v1/order-vouchers/{id}/", "/by-country-id/184": "/by-country-id/{id}",
             "/subscribers/x": "/subscribers/{id}"}  # fmt: skip
    known = set()
    for row in ROWS:
        path = row.path
        for here, there in fixed.items():
            path = path.replace(here, there)
        known.add((row.method, pattern(path), row.family))

    assert {(row.method, pattern(row.path), row.family) for row in ENDPOINTS} == known


def test_every_write_is_counted_under_a_name_of_its_own():
    reading = {"/v1/managers/reverse-credit-note/totals"}
    writes = [row for row in ENDPOINTS if row.method != "GET" and row.path not in reading]

    assert all(row.operation for row in writes)
    assert len({row.operation for row in writes}) == len(writes)
    assert not any(row.operation for row in ENDPOINTS if row not in writes)


async def test_every_row_answers_in_its_shape(zid, store):
    tokens, known = store
    await zid.knobs(customers__cursor="absent")
    wrong: dict[str, Any] = {}

    for row in ROWS:
        status, body = await zid.call(row.method, path_of(row, known), headers=tokens.headers, **options_of(row, known))
        found = [] if status == row.status else [f"{status}: {body}"]
        if status == row.status and status < 300:
            found += [f"{key} missing" for key in row.keys if key not in body]
            found += shape_faults(row, body)
        if found:
            wrong[row.name] = found

    assert wrong == {}


def shape_faults(row: Row, body: Any) -> list[str]:
    """Where the answer differs from the fixture; `partial` fixtures and lists cut short may lack keys."""
    if row.status == 204:
        return [f"a body: {body}"] if body else []
    if not row.fixture:
        return []
    recorded = with_stocks(row.fixture, fixture(f"api/{row.fixture}.json"))
    found = differences(body, recorded) + empty_lists(body, recorded)
    is_partial = row.partial or ".partial" in row.fixture
    return [fault for fault in found if not (is_partial and fault.endswith("not recorded"))]


def empty_lists(body: Any, recorded: Any, depth: int = 2) -> list[str]:
    """Lists with nothing in them prove no shape."""
    if not isinstance(recorded, dict) or not isinstance(body, dict):
        return []
    found = [f"{key}: empty" for key in recorded if isinstance(recorded[key], list) and recorded[key] and not body[key]]
    below = [empty_lists(body[key], recorded[key], depth - 1) for key in recorded.keys() & body.keys()] if depth else []
    return [fault for fault in [*found, *(row for rows in below for row in rows)] if fault.split(":")[0] in LISTS]


def with_stocks(name: str, recorded: Any) -> Any:
    """Products were recorded with stocks at their variants only; those that have some look the same."""
    detail = fixture("api/sdk__product_detail.json")
    stocks = detail["variants"][0]["stocks"]
    if name in ("sdk__product_detail", "sdk__variant_create_response"):
        return detail | {"stocks": stocks} if name == "sdk__product_detail" else recorded
    if name == "sdk__products_list":
        return recorded | {"results": [recorded["results"][1] | {"stocks": stocks}]}
    if name in ("sdk__orders_list", "sdk__orders_list_default", "sdk__orders_list_tiny"):
        own = [row for row in recorded["orders"] if "md" in (row.get("source_code"), row.get("source"))]
        return recorded | {"orders": own}
    return recorded


def test_every_fixture_is_compared():
    present = {path.stem for path in (FIXTURES / "api").glob("*.json")}
    responses = {row.fixture for row in ROWS if row.fixture}
    requests = {f"shape__{row.request}.{kind}" for row in ROWS if row.request for kind in ("request", "form")}

    assert present - responses - requests == ELSEWHERE
    assert responses <= present


@pytest.mark.parametrize("row", [row for row in ROWS if row.request], ids=lambda row: row.request)
def test_the_bodies_that_are_sent_have_the_documented_fields(row):
    kind = "form" if row.form is not None else "request"
    documented = fixture(f"api/shape__{row.request}.{kind}.json")
    sent = row.form if row.form is not None else row.json

    assert structure(sent) == structure(documented)


def structure(value: Any) -> Any:
    """Key sets, of the first item of a list."""
    if isinstance(value, dict):
        return {key: structure(item) for key, item in value.items()}
    return [structure(value[0])] if isinstance(value, list) and value else None


async def test_a_payment_method_has_the_documented_fields(zid):
    tokens = await zid.installed()
    _, body = await zid.get(tokens, "/v1/managers/store/payment-methods")
    documented = fixture("api/shape__payment_method_item.response.json")

    assert [differences(method | {"name": ""}, documented) for method in body["payload"]] == [[]] * 5
    assert {type(method["name"]) for method in body["payload"]} == {dict, str}


async def test_nobody_gets_in_without_tokens_or_to_products_without_a_store_id(zid, store):
    tokens, known = store
    no_store = {name: value for name, value in tokens.headers.items() if name != "Store-Id"}
    wrong = {}

    for row in ROWS:
        for headers in ({"Accept": "application/json"}, *([no_store] if row.family == "products" else [])):
            status, body = await zid.call(row.method, path_of(row, known), headers=headers, **options_of(row, known))
            is_family = body == {"detail": "No such user"} if row.family == "products" else is_envelope(body)
            if status != 401 or not is_family:
                wrong[row.name] = (status, body)

    assert wrong == {}


def is_envelope(body: Any) -> bool:
    return isinstance(body, dict) and body["status"] == "error" and body["message"]["code"] == "ERROR_SESSION_INVALID"


async def test_a_token_without_the_scope_is_refused_in_the_familys_words(zid, store):
    _, known = store
    tokens = await installed_with(zid, store[0], known, ("third_js_write",), 2_000)
    wrong = {}

    for row in ROWS:
        status, body = await zid.call(row.method, path_of(row, known), headers=tokens.headers, **options_of(row, known))
        told = body.get("detail", "").startswith("You do not") if row.family == "products" else is_forbidden(body)
        if row.scopes and (status != 403 or not told):
            wrong[row.name] = (status, body)
        if not row.scopes and status == 403:
            wrong[row.name] = (status, body)

    assert wrong == {}


def is_forbidden(body: Any) -> bool:
    return isinstance(body.get("message"), dict) and body["message"]["code"] == "ERROR_FORBIDDEN"


async def test_the_documented_scope_alone_lets_in(zid, store):
    _, known = store
    wrong, granted = {}, {}

    for row in ROWS:
        if row.scopes not in granted:
            number = 3_000 + len(granted)
            granted[row.scopes] = await installed_with(zid, store[0], known, row.scopes or ("none",), number)
        answer = await zid.call(
            row.method, path_of(row, known), headers=granted[row.scopes].headers, **options_of(row, known)
        )
        if answer[0] in (401, 403):
            wrong[row.name] = answer

    assert wrong == {}


async def installed_with(zid: Any, tokens: Any, known: dict[str, Any], scopes: tuple[str, ...], number: int) -> Any:
    """Another app with these scopes only, installed in the same store."""
    app = replace(zid.app, client_id=f"client-{number}", app_id=number, scopes=scopes, app_event_urls={})
    names = ("client_id", "client_secret", "app_id", "callback_url", "redirection_url")
    await zid.control("POST", "/apps", {name: getattr(app, name) for name in names} | {"scopes": list(scopes)})
    before, zid.app = zid.app, app
    try:
        return await install(zid, tokens, app)
    finally:
        zid.app = before


async def install(zid: Any, tokens: Any, app: AppRegistration) -> Any:
    await zid.redirect("GET", f"/__sandbox/stores/{tokens.store_id}/activate?app_id={app.app_id}")
    target = await zid.redirect(
        "GET", "/oauth/authorize", params=zid.authorize_query(scope="embedded_apps_tokens_write")
    )
    code = re.search(r"code=([^&]+)", target)
    assert code
    status, document = await zid.token(grant_type="authorization_code", code=code[1])
    assert status == 200
    return replace(tokens, document=document)


async def test_the_bucket_covers_every_row(zid, store):
    tokens, known = store
    await zid.knobs(rate__bucket=1, time_scale=0.001)
    await zid.get(tokens, "/v1/managers/account/profile")
    wrong = {}

    for row in ROWS:
        status, body = await zid.call(row.method, path_of(row, known), headers=tokens.headers, **options_of(row, known))
        throttled = body == {"detail": "Request was throttled."} or (row.family == "managers" and "message" in body)
        if status != 429 or not throttled:
            wrong[row.name] = (status, body)

    assert wrong == {}
    assert (await zid.stats())["throttled"] == len(ROWS)


async def test_a_fault_hits_the_row_it_names(zid, store):
    tokens, known = store
    wrong = {}

    for row in ROWS:
        path = path_of(row, known).partition("?")[0]
        fault = {"route": f"{row.method} {path}", "kind": "status", "status": 418, "body": "{}", "times": 1}
        await zid.control("POST", "/faults", fault)
        status, _ = await zid.call(row.method, path_of(row, known), headers=tokens.headers, **options_of(row, known))
        if status != 418:
            wrong[row.name] = status

    assert wrong == {}


@pytest.mark.parametrize("absent", [ABSENT, UNSEEN, WRONG_SLASH], ids=["absent", "unseen", "slash"])
async def test_what_zid_has_not_is_404_or_405(zid, store, absent):
    tokens, known = store
    wrong = {}

    for method, path in absent:
        there = path.format_map(known)
        sent = None if method == "GET" else {"id": 1}
        status, body = await zid.call(method, there, headers=tokens.headers, json=sent)
        is_known = any(re.fullmatch(pattern(row.path).replace("*", "[^/]+"), there) for row in ENDPOINTS)
        if status not in (404, 405) or (status == 405) > is_known or not body:
            wrong[f"{method} {path}"] = (status, body)

    assert wrong == {}


async def test_a_wrong_method_is_405_in_the_familys_words(zid, store):
    tokens, known = store

    managers = await zid.call("DELETE", f"/v1/managers/store/orders/{known['order']}/view", headers=tokens.headers)
    products = await zid.call("DELETE", "/v1/products/settings/", headers=tokens.headers)
    locations = await zid.call("DELETE", f"/v1/locations/{known['location']}/", headers=tokens.headers)

    assert managers[0] == 405
    assert managers[1]["status"] == "error"
    assert locations == (405, {"detail": 'Method "DELETE" not allowed.'})
    assert products[0] in (404, 405)


async def test_error_bodies_that_the_sdk_knows_can_be_had(zid, store):
    tokens, known = store
    await zid.knobs(errors__managers_401="root", errors__dialect="root")
    path = f"/v1/managers/store/orders/{known['order']}/change-order-status"

    _, session = await zid.call("GET", path.replace("change-order-status", "view"))
    status, invalid = await zid.call("POST", path, headers=tokens.headers, json={"order_status": "nowhere"})
    await zid.knobs(errors__dialect="generic")
    _, generic = await zid.call("POST", path, headers=tokens.headers, json={"order_status": "nowhere"})

    assert differences(session, fixture("api/sdktest__error_401.response.json")) == []
    assert status == 422
    assert differences(invalid, fixture("api/sdktest__error_422.response.json")) == []
    documented = fixture("api/shape__error_422.response.json")
    documented["error"]["fields"] = {"order_status": ["text"]}
    assert differences(generic, documented) == []


async def test_answers_may_come_in_the_documented_envelope_nobody_has_seen(zid):
    tokens = await zid.installed()
    await zid.knobs(answers__envelope="generic")

    _, body = await zid.get(tokens, "/v1/badges/")

    assert body.keys() == fixture("api/shape__success_generic.response.json").keys()
    assert body["data"]["data"]


async def test_a_created_order_is_delivered_in_the_documented_shape(zid, store):
    tokens, known = store
    await zid.subscribe(tokens, "order.create")
    row = next(row for row in ROWS if row.request == "order_create")

    await zid.call("POST", row.path, headers=tokens.headers, **options_of(row, known))

    (received,) = await zid.receiver.wait(1)
    documented = fixture("webhooks/shape__order.create.documented-partial.json")
    documented["customer"]["id"] = 1
    assert [fault for fault in differences(json.loads(received.body), documented) if "not recorded" not in fault] == []
