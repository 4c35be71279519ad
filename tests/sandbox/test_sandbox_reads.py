"""The read side of the Merchant API: families, headers, filters, pages, languages, limits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

FIXTURES = Path(__file__).parent.parent / "fixtures" / "zid" / "auth"
STORE = "/v1/managers/store"
PROFILE = "/v1/managers/account/profile"
PRODUCTS = "/v1/products/"


async def test_either_name_of_the_manager_token_works_in_either_family(zid):
    tokens = await zid.installed(products=2)
    renamed = {name: value for name, value in tokens.headers.items() if name != "X-Manager-Token"}
    renamed["Access-Token"] = tokens.document["access_token"]

    for path in (PROFILE, PRODUCTS):
        assert (await zid.call("GET", path, headers=tokens.headers))[0] == 200
        assert (await zid.call("GET", path, headers=renamed))[0] == 200


async def test_the_products_family_wants_its_own_store_id_in_either_form(zid):
    tokens, other = await zid.installed(products=2), await zid.store()
    uuid = (await zid.get(tokens, PROFILE))[1]["user"]["store"]["uuid"]
    recorded = json.loads((FIXTURES / "products.401.json").read_text())
    without = {name: value for name, value in tokens.headers.items() if name != "Store-Id"}

    assert await zid.call("GET", PRODUCTS, headers=without) == (401, recorded)
    assert await zid.get(tokens, PRODUCTS, **{"Store-Id": str(other)}) == (401, recorded)
    assert (await zid.get(tokens, PRODUCTS, **{"Store-Id": uuid}))[0] == 200
    assert (await zid.call("GET", PROFILE, headers=without))[0] == 200


async def test_tokens_open_nothing_in_the_wrong_place(zid):
    tokens, other = await zid.installed(), await zid.installed()
    swapped = tokens.headers | {"Authorization": f"Bearer {tokens.document['access_token']}"}
    mixed = tokens.headers | {"X-Manager-Token": other.document["access_token"]}
    alone = {"Authorization": tokens.headers["Authorization"]}

    for headers in (swapped, mixed, alone, {}):
        assert (await zid.call("GET", PROFILE, headers=headers))[0] == 401


@pytest.mark.parametrize(
    ("form", "status", "key"),
    [("zid", 401, "status"), ("root", 401, "error_code"), ("unauthenticated", 401, "message")],
)
async def test_the_managers_401_is_a_knob(zid, form, status, key):
    await zid.knobs(errors__managers_401=form)

    answered, body = await zid.call("GET", PROFILE)

    assert answered == status
    assert key in body


async def test_managers_may_redirect_to_a_login_page_unless_json_is_accepted(zid):
    await zid.knobs(errors__managers_401="redirect")

    assert await zid.redirect("GET", PROFILE, headers={"Accept": "text/html"}) == "/login"
    assert (await zid.call("GET", PROFILE, headers={"Accept": "application/json"}))[0] == 401


async def test_a_missing_scope_is_403_in_the_familys_words(zid):
    await zid.control(
        "POST",
        "/apps",
        {
            "client_id": zid.app.client_id,
            "client_secret": zid.app.client_secret,
            "app_id": zid.app.app_id,
            "callback_url": zid.app.callback_url,
            "redirection_url": zid.app.redirection_url,
            "scopes": ["third_order_read"],
        },
    )
    tokens = await zid.installed(products=1)

    assert (await zid.get(tokens, f"{STORE}/orders"))[0] == 200
    managers, envelope = await zid.get(tokens, f"{STORE}/customers")
    products, detail = await zid.get(tokens, PRODUCTS)
    await zid.knobs(errors__403="root")
    _, root = await zid.get(tokens, PRODUCTS)

    assert (managers, products) == (403, 403)
    assert envelope["message"]["code"] == "ERROR_FORBIDDEN"
    assert detail["detail"].startswith("You do not have permission")
    assert root == {"message": "Permission denied", "error_code": "ERROR_FORBIDDEN"}


async def test_every_answer_carries_a_request_id(zid):
    seen = set()
    for path in (PROFILE, PRODUCTS, "/oauth/authorize", "/nowhere", "/v1/nowhere", "/"):
        async with zid.session.get(zid.running.url + path) as answer:
            seen.add(answer.headers["X-Request-Id"])

    assert len(seen) == 6


async def test_what_zid_does_not_document_is_not_served(zid):
    tokens = await zid.installed()

    for method, path in (
        ("GET", "/v1/managers/reviews"),
        ("PUT", "/v1/managers/webhooks"),
        ("DELETE", f"{STORE}/orders/1"),
        ("GET", "/v2/products/"),
    ):
        assert (await zid.call(method, path, headers=tokens.headers))[0] in (404, 405), path


async def test_order_pages_have_totals_and_no_next(zid):
    tokens = await zid.installed(orders=25, products=3)

    pages = [(await zid.get(tokens, f"{STORE}/orders?page={page}&per_page=10"))[1] for page in (1, 2, 3, 4)]

    assert [len(page["orders"]) for page in pages] == [10, 10, 5, 0]
    ids = [order["id"] for page in pages for order in page["orders"]]
    assert ids == sorted(set(ids), reverse=True)
    assert pages[0]["total_order_count"] == 25
    per_status = pages[0]["total_order_count_per_status"]
    assert (sum(per_status.values()), per_status["initial"]) == (25, 0)
    assert len([code for code, count in per_status.items() if count]) > 3
    await zid.knobs(paging__beyond="404")
    assert (await zid.get(tokens, f"{STORE}/orders?page=4&per_page=10"))[0] == 404


async def test_orders_are_found_by_window_status_customer_and_number(zid):
    tokens = await zid.installed(orders=30, products=3, customers=4)
    data = {"status": "partially_reversed"}
    moved = (await zid.trigger(tokens, "order.status.update", data=data))["ids"][0]
    (order,) = (await zid.get(tokens, f"{STORE}/orders?order_status=partially_reversed"))[1]["orders"]
    _, cancelled = await zid.get(tokens, f"{STORE}/orders?order_status=canceled")
    assert {row["order_status"]["code"] for row in cancelled["orders"]} == {"cancelled"}
    start = order["updated_at"].replace(" ", "T") + ".000+0000"

    async def ids(query: str) -> list[int]:
        _, page = await zid.get(tokens, f"{STORE}/orders?per_page=100&{query}")
        return [row["id"] for row in page["orders"]]

    assert str(order["id"]) == moved
    assert await ids(f"date_attribute=updated_at&date_from={start.replace('+', '%2B')}") == [order["id"]]
    assert len(await ids("date_from=2020-01-01T00:00:00.000%2B0000")) == 30
    assert await ids("date_to=2020-01-01T00:00:00.000%2B0000") == []
    assert await ids(f"order_id={moved},1,2") == [order["id"]]
    assert order["id"] in await ids(f"customer_id={order['customer']['id']}")
    for wrong in ("date_from=yesterday", "payload_type=huge", "page=0"):
        assert (await zid.get(tokens, f"{STORE}/orders?{wrong}"))[0] == 422, wrong


async def test_unpublished_status_ids_are_made_up_or_absent(zid):
    tokens = await zid.installed(products=1)
    await zid.trigger(tokens, "order.create", data={"status": "indelivery"})

    async def shown() -> dict:
        return (await zid.get(tokens, f"{STORE}/orders"))[1]["orders"][0]["display_status"]

    assert (await shown())["id"] > 9000
    await zid.knobs(orders__status_ids="absent")
    assert (await shown())["id"] is None


async def test_windows_without_offset_may_be_store_local(zid):
    tokens = await zid.installed(products=1)
    await zid.trigger(tokens, "order.create")
    (order,) = (await zid.get(tokens, f"{STORE}/orders"))[1]["orders"]
    at = order["created_at"].replace(" ", "T")

    async def found() -> int:
        _, page = await zid.get(tokens, f"{STORE}/orders?date_from={at}")
        return len(page["orders"])

    assert await found() == 1
    await zid.knobs(orders__date_tz="store")
    assert await found() == 1
    _, page = await zid.get(tokens, f"{STORE}/orders?date_to={at}")
    assert page["orders"] == []


async def test_the_view_knows_its_neighbours_and_foreign_orders_are_not_found(zid):
    tokens, other = await zid.installed(orders=3, products=1), await zid.installed(orders=1, products=1)
    ids = sorted(row["id"] for row in (await zid.get(tokens, f"{STORE}/orders"))[1]["orders"])

    _, middle = await zid.get(tokens, f"{STORE}/orders/{ids[1]}/view")

    assert (middle["order"]["previous_order"], middle["order"]["next_order"]) == (ids[0], ids[2])
    assert (await zid.get(other, f"{STORE}/orders/{ids[1]}/view"))[0] == 404


async def test_names_follow_the_language_that_is_accepted(zid):
    tokens = await zid.installed(products=1, categories=1, customers=1)
    await zid.trigger(tokens, "order.create")
    arabic = {"Accept-Language": "ar"}

    _, english_orders = await zid.get(tokens, f"{STORE}/orders")
    _, arabic_orders = await zid.get(tokens, f"{STORE}/orders", **arabic)
    _, categories = await zid.get(tokens, f"{STORE}/categories", **arabic)
    _, refusal = await zid.get(tokens, f"{STORE}/orders/1/view", **arabic)

    assert english_orders["orders"][0]["order_status"] == {"name": "New", "code": "new"}
    assert arabic_orders["orders"][0]["order_status"] == {"name": "جديد", "code": "new"}
    assert categories["categories"][0]["name"] == categories["categories"][0]["names"]["ar"]
    assert refusal["message"]["description"] == "غير موجود"


async def test_products_are_translated_objects_for_managers_and_strings_for_customers(zid):
    tokens = await zid.installed(products=1)

    async def name(**headers: str):
        return (await zid.get(tokens, PRODUCTS, **headers))[1]["results"][0]["name"]

    both = await name()
    assert both.keys() == {"ar", "en"}
    assert await name(Role="Customer") == both["en"]
    assert await name(Role="Customer", **{"Accept-Language": "ar"}) == both["ar"]
    assert await name(Role="Customer", **{"Accept-Language": "all-languages"}) == both
    await zid.knobs(lang__all="ignored")
    assert await name(Role="Customer", **{"Accept-Language": "all-languages"}) == both["en"]


async def test_product_pages_link_with_http_and_are_capped(zid):
    tokens = await zid.installed(products=70)

    _, first = await zid.get(tokens, f"{PRODUCTS}?page_size=100")
    _, second = await zid.get(tokens, first["next"].partition(str(zid.running.port))[2])

    assert first["next"].startswith("http://")
    assert first["previous"] is None
    assert (first["count"], len(first["results"]), len(second["results"])) == (70, 50, 20)
    assert second["next"] is None
    await zid.knobs(products__page_size_cap=100)
    assert len((await zid.get(tokens, f"{PRODUCTS}?page_size=100"))[1]["results"]) == 70


async def test_products_are_filtered_ordered_and_searched_as_live(zid):
    tokens = await zid.installed(products=40)
    _, page = await zid.get(tokens, f"{PRODUCTS}?page_size=50")
    by_id = {row["id"]: row for row in page["results"]}
    hidden = {number for number, row in by_id.items() if not row["is_published"]}
    one = next(iter(by_id))

    async def ids(query: str) -> list[str]:
        return [row["id"] for row in (await zid.get(tokens, f"{PRODUCTS}?page_size=50&{query}"))[1]["results"]]

    assert hidden
    assert set(await ids("is_published=false")) == hidden
    assert await ids(f"id__in={one}") == [one]
    assert (await zid.get(tokens, f"{PRODUCTS}?id__in={one},00000000-0000-4000-8000-000000000000"))[0] == 400
    assert len(await ids("search=nothing-like-this")) == 40
    await zid.trigger(tokens, "product.update", data={"id": one, "price": 5})
    assert (await ids("ordering=-updated_at"))[0] == one
    await zid.knobs(products__search="by_name", products__list_unpublished=False)
    assert await ids("search=nothing-like-this") == []
    assert set(await ids("")) == set(by_id) - hidden


async def test_a_variant_is_read_by_its_own_id(zid):
    tokens = await zid.installed(products=30)
    _, page = await zid.get(tokens, f"{PRODUCTS}?structure=parent&extended=true")
    parent = page["results"][0]
    variant = parent["variants"][0]

    _, shown = await zid.get(tokens, f"{PRODUCTS}{variant['id']}/")
    _, stocks = await zid.get(tokens, f"{PRODUCTS}{variant['id']}/stocks/")
    _, stock = await zid.get(tokens, f"{PRODUCTS}{variant['id']}/stocks/{stocks['results'][0]['id']}/")

    assert (shown["structure"], shown["parent_id"]) == ("child", parent["id"])
    assert stocks["count"] == 2
    assert stock == stocks["results"][0]


async def test_customers_come_by_page_or_cursor(zid):
    tokens = await zid.installed(customers=25)
    base = f"{STORE}/customers?per_page=10"

    _, by_page = await zid.get(tokens, f"{base}&page=3")
    seen, cursor = [], 0
    while cursor is not None:
        _, page = await zid.get(tokens, f"{base}&after={cursor}")
        seen += [row["id"] for row in page["customers"]]
        cursor = page["next_cursor"]

    assert len(by_page["customers"]) == 5
    assert len(set(seen)) == by_page["grand_total"] == 25
    assert by_page["active_customers_count"] + by_page["inactive_customers_count"] == 25
    assert (await zid.get(tokens, f"{base}&after=0&page=1"))[0] == 422


async def test_carts_want_their_page_parameters(zid):
    tokens = await zid.installed(carts=5, products=2, customers=2)
    path = f"{STORE}/abandoned-carts"

    missing, _ = await zid.get(tokens, path)
    _, page = await zid.get(tokens, f"{path}?page=1&page_size=3")
    _, cart = await zid.get(tokens, f"{path}/{page['abandoned-carts'][0]['id']}")
    await zid.knobs(carts__paging="pagination")
    _, paged = await zid.get(tokens, f"{path}?page=1&page_size=3")

    assert missing == 422
    assert page["grand_total"] == 5
    assert cart["abandoned_cart"]["products"][0]["product_id"].isalnum()
    assert paged["pagination"]["next_page"] == 2


async def test_reads_may_lag_behind_the_world(zid):
    tokens = await zid.installed(products=3)
    _, page = await zid.get(tokens, PRODUCTS)
    one, gone = page["results"][0], page["results"][1]
    await zid.control("POST", "/clock", {"advance_seconds": 60})
    await zid.knobs(lag_ms=30_000)

    await zid.trigger(tokens, "product.update", data={"id": one["id"], "price": 1234})
    await zid.trigger(tokens, "product.delete", data={"id": gone["id"]})
    await zid.trigger(tokens, "product.create")
    _, stale = await zid.get(tokens, PRODUCTS)
    await zid.control("POST", "/clock", {"advance_seconds": 31})
    _, fresh = await zid.get(tokens, PRODUCTS)

    prices = {row["id"]: row["price"] for row in stale["results"]}
    assert prices == {row["id"]: row["price"] for row in page["results"]}
    assert {row["id"]: row["price"] for row in fresh["results"]}[one["id"]] == 1234
    assert gone["id"] not in {row["id"] for row in fresh["results"]}
    assert len(fresh["results"]) == 3


async def test_pages_shift_under_inserts_unless_snapshotted(zid):
    tokens = await zid.installed(orders=20, products=2)
    path = f"{STORE}/orders?per_page=10&page="
    for shift, overlap in (("live", 5), ("snapshot", 0)):
        await zid.knobs(orders__page_shift=shift)
        first = {row["id"] for row in (await zid.get(tokens, f"{path}1"))[1]["orders"]}
        await zid.trigger(tokens, "order.create", count=5)
        second = {row["id"] for row in (await zid.get(tokens, f"{path}2"))[1]["orders"]}
        assert len(first & second) == overlap, shift


async def test_the_bucket_holds_sixty_and_leaks_on_the_sandbox_clock(zid):
    tokens, other = await zid.installed(), await zid.installed()
    await zid.knobs(rate__bucket=60)
    statuses = [(await zid.get(tokens, PROFILE))[0] for _ in range(65)]
    async with zid.session.get(zid.running.url + PROFILE, headers=tokens.headers) as refused:
        wait, body = refused.headers["Retry-After"], await refused.json()
    unaffected, _ = await zid.get(other, PROFILE)
    await zid.control("POST", "/clock", {"advance_seconds": 10})
    later = [(await zid.get(tokens, PROFILE))[0] for _ in range(13)]

    assert statuses[:60] == [200] * 60
    assert 429 in statuses[60:]
    assert wait == "1"
    assert body["status"] == "error"
    assert unaffected == 200
    assert later[:10] == [200] * 10
    assert later[-1] == 429
    assert (await zid.stats())["throttled"] > 5


@pytest.mark.parametrize(("form", "key"), [("drf", "detail"), ("laravel", "message"), ("zid", "status")])
async def test_body_and_header_of_a_429_are_knobs(zid, form, key):
    tokens = await zid.installed()
    await zid.knobs(rate__bucket=1, rate__retry_after=False, rate__body=form)
    await zid.get(tokens, PROFILE)

    async with zid.session.get(zid.running.url + PROFILE, headers=tokens.headers) as refused:
        assert refused.status == 429
        assert "Retry-After" not in refused.headers
        assert key in await refused.json()


async def test_the_limit_may_cover_products_only_and_hold_first(zid):
    tokens = await zid.installed(products=1)
    await zid.knobs(rate__bucket=1, rate__scope="products")
    assert [(await zid.get(tokens, PROFILE))[0] for _ in range(3)] == [200] * 3
    assert [(await zid.get(tokens, PRODUCTS))[0] for _ in range(2)] == [200, 429]

    await zid.knobs(rate__hold_ms=61_000, time_scale=1000)
    assert [(await zid.get(tokens, PRODUCTS))[0] for _ in range(2)] == [200, 200]


@pytest.mark.parametrize(
    ("dialect", "check"),
    [
        ("live", lambda body: body["message"]["code"] == "ERROR_POPUP_OK" and body["page"]),
        ("generic", lambda body: body["error"]["code"] == "validation_failed" and body["error"]["fields"]["page"]),
        ("list", lambda body: body[0]["page"]),
        ("html", lambda body: "<h1>422</h1>" in body),
    ],
)
async def test_error_bodies_come_in_every_dialect(zid, dialect, check):
    tokens = await zid.installed()
    await zid.knobs(errors__dialect=dialect)

    status, body = await zid.get(tokens, f"{STORE}/orders?page=none")

    assert status == 422
    assert check(body)


@pytest.mark.parametrize("shape", ["root", "data", "subscription", "status"])
async def test_the_subscription_comes_in_every_nesting(zid, shape):
    tokens = await zid.installed()
    await zid.knobs(subscription__shape=shape)

    _, body = await zid.get(tokens, f"/v1/market/app/subscription?app_id={zid.app.app_id}")

    inner = body.get("data", body.get("subscription", body))
    assert inner.get("subscription_status", inner.get("status")) == "active"
    assert inner["plan_name"] == "اختبار"


@pytest.mark.parametrize(
    ("variant", "keys"),
    [
        ("user_store", {"status", "user"}),
        ("profile", {"status", "profile", "message"}),
        ("short_store", {"status", "user"}),
    ],
)
async def test_the_profile_comes_in_every_variant(zid, variant, keys):
    tokens = await zid.installed()
    await zid.knobs(profile__variant=variant)

    _, body = await zid.get(tokens, PROFILE)

    assert body.keys() == keys
    if variant == "short_store":
        assert body["user"]["store"].keys() == {"id", "uuid", "title", "username"}


async def test_embedded_tokens_are_registered_and_revoked(zid):
    tokens = await zid.install(await zid.store(), scope="embedded_apps_tokens_write")
    path, body = "/v1/managers/embedded-apps-token", {"token": "5b9c1c1e-0000-4000-8000-000000000000"}
    statuses = []
    for form in ("200", "201", "204"):
        await zid.knobs(embedded__body=form)
        statuses.append((await zid.call("POST", path, json=body, headers=tokens.headers))[0])
    missing, _ = await zid.call("POST", path, json={}, headers=tokens.headers)
    deleted, _ = await zid.call("DELETE", path, headers=tokens.headers)
    await zid.knobs(embedded__delete_after_uninstall="404")
    await zid.control("POST", f"/stores/{tokens.store_id}/uninstall")
    after, _ = await zid.call("DELETE", path, headers=tokens.headers)

    assert statuses == [200, 201, 204]
    assert (missing, deleted, after) == (422, 204, 404)
