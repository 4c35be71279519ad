"""All of /v1 as programs meet it, over real servers and the sandbox."""

from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from tests.integration.served_api.served_api import HEADERS, ServedApi, control


@pytest.fixture(scope="module")
def client(api: ServedApi) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=api.store, headers=HEADERS, timeout=20) as client:
        yield client


def ok(answer: httpx.Response, status: int = 200) -> dict:
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else {}


def refused(answer: httpx.Response, status: int) -> dict:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    return answer.json()


def walk(client: httpx.Client, path: str, **params: str | int) -> list[dict]:
    """Every item of a list, page by page."""
    found: list[dict] = []
    while True:
        page = ok(client.get(path, params=params))
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        params["cursor"] = page["next_cursor"]


# --- reading ----------------------------------------------------------------------


@pytest.mark.parametrize(("noun", "count"), [("orders", 30), ("products", 12), ("customers", 15)])
def test_mirror_and_zid_tell_the_same(client: httpx.Client, noun: str, count: int) -> None:
    mirrored = walk(client, f"/{noun}", limit=7)
    asked = walk(client, f"/{noun}", limit=7, source="zid")

    assert len(mirrored) == len({one["id"] for one in mirrored}) >= count
    assert {one["id"] for one in mirrored} == {one["id"] for one in asked}
    one = mirrored[0]["id"]
    from_zid = client.get(f"/{noun}/{one}")
    from_mirror = client.get(f"/{noun}/{one}", params={"source": "mirror"})
    assert ok(from_zid)["id"] == ok(from_mirror)["id"] == one
    assert "X-Data-Age" not in from_zid.headers
    assert int(from_mirror.headers["X-Data-Age"]) >= 0
    assert int(client.get(f"/{noun}").headers["X-Data-Age"]) >= 0


@pytest.mark.parametrize("source", ["zid", "mirror"])
def test_raw_is_zids_own_json(client: httpx.Client, source: str) -> None:
    [order] = ok(client.get("/orders", params={"source": source, "raw": "true", "limit": 1}))["items"]
    same = ok(client.get(f"/orders/{order['id']}", params={"source": source, "raw": "true"}))

    assert {"order_status", "order_total", "currency_code"} <= order.keys()
    assert same["id"] == order["id"]
    clean = ok(client.get(f"/orders/{order['id']}"))
    assert isinstance(clean["total"]["amount"], str)
    assert clean["total"]["currency"] == order["currency_code"]
    assert clean["created_at"].endswith("Z")


def test_filters_reach_both_sources(client: httpx.Client) -> None:
    statuses = {one["status"] for one in walk(client, "/orders", limit=200)}
    for status in statuses - {None}:
        mirrored = {one["id"] for one in walk(client, "/orders", status=status)}
        asked = {one["id"] for one in walk(client, "/orders", status=status, source="zid")}
        assert mirrored == asked != set()


@pytest.mark.parametrize(
    ("path", "params", "parameter"),
    [
        ("/products", {"text": "عطر", "source": "zid"}, "text"),
        ("/customers", {"city": "الرياض", "source": "zid"}, "city"),
        ("/orders", {"source": "elsewhere"}, "source"),
        ("/orders", {"limit": "0"}, "limit"),
        ("/orders", {"raw": "yes"}, "raw"),
        ("/orders", {"stauts": "new"}, "stauts"),
        ("/orders", {"cursor": "abc"}, "cursor"),
        ("/orders/a%2Fb", {}, "order_id"),
        ("/inventory", {"variant_id": "1"}, "variant_id"),
        ("/segments/members", {"rule": "orders >="}, "rule"),
    ],
)
def test_what_is_wrong_is_named(client: httpx.Client, path: str, params: dict[str, str], parameter: str) -> None:
    assert refused(client.get(path, params=params), 400)["parameter"] == parameter


def test_a_cursor_belongs_to_its_source(client: httpx.Client) -> None:
    page = ok(client.get("/orders", params={"limit": 1, "source": "zid"}))

    assert refused(client.get("/orders", params={"cursor": page["next_cursor"]}), 400)["parameter"] == "cursor"


def test_zids_refusals_keep_their_status_and_request_id(client: httpx.Client) -> None:
    told = refused(client.get("/orders/99999999"), 404)

    assert told["type"] == "/problems/zid-not-found"
    assert told["zid"]["status"] == 404
    assert told["zid"]["request_id"]


def test_a_store_that_never_was_and_a_wrong_key(client: httpx.Client, api: ServedApi) -> None:
    assert refused(client.get(f"{api.url}/v1/stores/999/orders"), 404)["type"] == "/problems/not-found"
    assert client.get("/orders", headers={"Authorization": "Bearer wasl_no"}).status_code == 401


# --- orders -----------------------------------------------------------------------


def test_an_order_is_moved_tracked_and_commented(client: httpx.Client, api: ServedApi) -> None:
    order_id = next(one["id"] for one in walk(client, "/orders", source="zid") if one["status"] == "new")
    location = ok(client.get("/locations"))["items"][0]["id"]

    ready = ok(client.post(f"/orders/{order_id}/fulfillment", json={"inventory_address_id": location}))
    tracked = ok(client.put(f"/orders/{order_id}/tracking", json={"tracking_number": "TR-1"}))
    moved = ok(client.post(f"/orders/{order_id}/status", json={"status": "delivered"}))
    ok(client.post(f"/orders/{order_id}/comments", json={"comment": "سُلّم"}))

    assert [one["status"] for one in (ready, tracked, moved)] == ["ready", "ready", "delivered"]
    assert tracked["shipping"]["tracking_number"] == "TR-1"
    actions = [record.entry for record in api.run(api.parts.adapters.audit_trail().page(limit=10))]
    [change] = [entry for entry in actions if entry.action == "zid.comment_on_order"]
    assert (change.actor, change.details["order_id"]) == ("admin", order_id)
    assert change.request_id


def test_an_order_is_made_once_although_it_is_sent_twice(client: httpx.Client) -> None:
    product = next(one for one in walk(client, "/products", source="zid") if one["sku"] and not one["variants"])
    person = {"full_name": "سارة", "mobile_country_code": "966", "mobile_number": "500000009"}
    body = {
        "currency_code": "SAR",
        "customer": person,
        "consignee": person,
        "address": {"line_1": "شارع العليا", "city_name": "الرياض", "country_code": "SA"},
        "lines": [{"sku": product["sku"], "quantity": 1}],
        "shipping_type": "delivery",
        "shipping_id": ok(client.get("/delivery-options"))["items"][0]["id"],
        "payment_method_id": ok(client.get("/payment-methods"))["items"][0]["id"],
    }
    before = len(walk(client, "/orders", source="zid", limit=100))
    named = {"Idempotency-Key": str(uuid4())}

    first, again = (client.post("/orders", json=body, headers=named) for _ in range(2))

    assert ok(first, 201) == ok(again, 201)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(walk(client, "/orders", source="zid", limit=100)) == before + 1


def test_a_return_is_started_received_and_refunded(client: httpx.Client) -> None:
    order_id = next(one["id"] for one in walk(client, "/orders", source="zid") if one["status"] == "delivered")
    line = ok(client.get(f"/orders/{order_id}/returnable"))["lines"][0]
    chosen = [{"line_id": line["line_id"], "quantity": 1}]
    reason = ok(client.post("/return-reasons", json={"name": "صغير"}), 201)

    totals = ok(client.post("/returns/totals", json={"order_id": order_id, "lines": chosen}))["items"]
    made = ok(
        client.post(
            "/returns",
            json={
                "order_id": order_id,
                "consignee_name": "سارة",
                "consignee_mobile": "+966500000001",
                "consignee_city_id": "1",
                "consignee_address_1": "شارع العليا",
                "lines": chosen,
                "reasons": [reason],
            },
        ),
        201,
    )
    listed = ok(client.get(f"/orders/{order_id}/returns"))["items"]
    received = [{"id": one["id"], "received": 1} for one in made["lines"]]
    ok(client.put(f"/returns/{made['id']}/received", json={"lines": received}))
    refund = {
        "reverse_order_id": made["id"],
        "amount": made["refundable"]["amount"],
        "payment_method": made["refund_methods"][0],
    }
    refunded = ok(client.post("/refunds", json=refund), 201)

    assert totals
    assert made["id"] in [one["id"] for one in listed]
    assert refunded["refund"]["amount"]["amount"] == refund["amount"]


# --- products ------------------------------------------------------------------------


def test_a_product_lives_from_create_to_delete(client: httpx.Client) -> None:
    body = {"name": {"ar": "عطر", "en": "Perfume"}, "price": "120.50", "sku": f"sku-{uuid4()}", "quantity": 3}
    made = ok(client.post("/products", json=body), 201)
    path = f"/products/{made['id']}"

    changed = ok(client.patch(path, json={"price": "99.00", "sale_price": "89"}))
    image = ok(
        client.post(f"{path}/images", files={"image": ("a.png", PNG, "image/png")}, data={"alt_text": "red"}), 201
    )
    ok(client.patch(f"{path}/images/{image['id']}", json={"display_order": 2}))
    images = ok(client.get(f"{path}/images"))["items"]
    assert client.delete(f"{path}/images/{image['id']}").status_code == 204
    assert client.delete(path).status_code == 204

    assert made["name"] == {"ar": "عطر", "en": "Perfume"}
    assert (changed["price"]["amount"], changed["sale_price"]["amount"]) == ("99", "89")
    assert [one["id"] for one in images] == [image["id"]]
    assert refused(client.get(path), 404)["type"] == "/problems/zid-not-found"


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


def test_stock_is_set_row_by_row(client: httpx.Client) -> None:
    product = walk(client, "/products", source="zid")[0]["id"]
    rows = ok(client.get(f"/products/{product}/stocks"))["items"]
    path = f"/products/{product}/stocks/{rows[0]['id']}"

    ok(client.patch(path, json={"quantity": 7, "location_id": rows[0]["location_id"]}))

    assert ok(client.get(path))["quantity"] == 7


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ({"price": "1"}, "name"),
        ({"name": "a", "price": 1.5}, "price"),
        ({"name": "a", "price": "-1"}, "price"),
        ({"name": "a", "price": "1", "colour": "red"}, "colour"),
        ({"name": "a", "price": "1", "variants": [{"quantity": 1}]}, "quantity"),
    ],
)
def test_a_body_is_refused_by_the_name_of_what_is_wrong(client: httpx.Client, body: dict, parameter: str) -> None:
    assert refused(client.post("/products", json=body), 400)["parameter"] == parameter


# --- customers ---------------------------------------------------------------------------


def test_what_we_keep_about_a_customer_is_merged_and_audited(client: httpx.Client, api: ServedApi) -> None:
    path = f"/customers/{api.ids['customers'][0]}"
    first = {
        "preferences": {"size": "L", "news": {"sms": True, "mail": True}},
        "notes": "يفضل الاتصال",
        "tags": ["vip"],
    }

    ok(client.patch(path, json=first))
    ok(client.patch(f"{path}/preferences", json={"preferences": {"news": {"sms": None}}}))
    record = ok(client.get(f"{path}/preferences"))

    assert record["preferences"] == {"size": "L", "news": {"mail": True}}
    assert (record["notes"], record["tags"]) == ("يفضل الاتصال", ["vip"])
    entry = next(
        record.entry
        for record in api.run(api.parts.adapters.audit_trail().page(limit=20))
        if record.entry.action == "customer.record_changed"
    )
    assert "الاتصال" not in str(entry)


def test_what_only_zid_owns_cannot_be_changed(client: httpx.Client, api: ServedApi) -> None:
    told = refused(client.patch(f"/customers/{api.ids['customers'][0]}", json={"email": "a@b.sa", "notes": "x"}), 501)

    assert told["type"] == "/problems/not-offered"
    assert told["fields"] == ["email"]
    assert "Zid publishes no path" in told["detail"]


def test_customers_are_made_and_known_ones_brought_back(client: httpx.Client) -> None:
    person = {"name": "سارة", "mobile": "+966555000111", "email": "sara@example.sa"}
    made = ok(client.post("/customers", json={"customers": [person]}), 201)["items"]
    again = ok(client.post("/customers", json={"customers": [{**person, "name": "نورة"}]}), 201)["items"]

    assert [one["as_asked"] for one in (*made, *again)] == [True, False]
    assert made[0]["customer"]["id"] == again[0]["customer"]["id"]
    assert again[0]["customer"]["name"] == "سارة"
    twice = client.post("/customers", json={"customers": [person, {**person, "mobile": "966555000111"}]})
    assert refused(twice, 400)["parameter"] == "customers"


def test_a_known_mobile_that_zid_refuses_is_told(client: httpx.Client, api: ServedApi) -> None:
    person = {"name": "سارة", "mobile": "+966555000222"}
    ok(client.post("/customers", json={"customers": [person]}), 201)
    api.knobs(customers__bulk_existing="422")
    try:
        told = refused(client.post("/customers", json={"customers": [person]}), 422)
    finally:
        api.knobs(customers__bulk_existing="existing")

    assert (told["type"], told["zid"]["status"]) == ("/problems/zid-refused", 422)


def test_a_customers_orders_and_what_they_come_to(client: httpx.Client) -> None:
    buyer = next(one["buyer"]["id"] for one in walk(client, "/orders", limit=200) if one["buyer"]["id"])

    orders = walk(client, f"/customers/{buyer}/orders")
    spending = ok(client.get(f"/customers/{buyer}/spending"))

    assert {one["buyer"]["id"] for one in orders} == {buyer}
    assert spending["orders"] == len(orders)
    assert all(isinstance(total, str) for total in spending["totals"].values())


def test_segments_are_saved_counted_and_exported(client: httpx.Client) -> None:
    name, rule = f"كبار {uuid4()}", "orders >= 1"
    made = ok(client.post("/segments", json={"name": name, "rule": rule}), 201)
    path = f"/segments/{made['id']}"

    shown = ok(client.get(path))
    members = walk(client, f"{path}/members", limit=4)
    csv = client.get(f"{path}/members.csv")
    taken = refused(client.post("/segments", json={"name": name, "rule": rule}), 409)
    changed = ok(client.put(path, json={"name": name, "rule": "orders = 0"}))
    classes = ok(client.get("/segments/classes"))["items"]

    assert shown["size"] == len(members) == len(csv.text.strip().split("\r\n")) - 1
    assert csv.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert (taken["type"], changed["rule"]) == ("/problems/conflict", "orders = 0")
    assert sum(one["size"] for one in classes if one["name"] != "never_bought") == shown["size"]
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404


# --- the rest ----------------------------------------------------------------------------


def test_static_lists_are_asked_for_once_and_counted(client: httpx.Client, api: ServedApi) -> None:
    first = client.get("/countries/184/cities")
    again = client.get("/countries/184/cities")
    fresh = client.get("/countries/184/cities", params={"source": "zid"})

    assert ok(first) == ok(again) == ok(fresh)
    assert ["X-Data-Age" in one.headers for one in (first, again, fresh)] == [False, True, False]
    metrics = httpx.get(f"{api.url}/metrics").text
    assert 'wasl_static_lists_total{list="cities",outcome="asked"} 1.0' in metrics
    assert 'wasl_static_lists_total{list="cities",outcome="kept"} 1.0' in metrics


def test_webhooks_are_listed_and_subscribed_anew(client: httpx.Client) -> None:
    subscribed = ok(client.post("/webhooks"))
    listed = ok(client.get("/webhooks"))["items"]
    asked = ok(client.get("/webhooks", params={"source": "zid"}))["items"]

    assert subscribed["failed"] == []
    assert {one["event"] for one in listed} == {one["event"] for one in asked} == set(subscribed["kept"])
    assert "target_url" not in str(asked)


def test_a_backfill_is_asked_for_and_watched(client: httpx.Client) -> None:
    asked = ok(client.post("/backfill", json={"kinds": ["order"]}), 202)["items"]
    shown = ok(client.get("/backfill"))["items"]

    assert {one["kind"]: one["state"] for one in asked}["order"] == "queued"
    assert [one["kind"] for one in shown] == ["category", "product", "customer", "order", "cart"]


def test_coupons_and_categories_are_made_and_changed(client: httpx.Client) -> None:
    coupon = {
        "name": "عيد",
        "code": f"EID{uuid4().hex[:6]}",
        "discount_type": "p",
        "discount": "10",
        "date_start": "2026-01-01",
        "date_end": "2027-01-01",
    }
    made = ok(client.post("/coupons", json=coupon), 201)
    category = ok(client.post("/categories", json={"name": {"ar": "عطور", "en": "Perfumes"}}), 201)

    assert ok(client.get(f"/coupons/{made['id']}"))["code"] == coupon["code"]
    assert client.delete(f"/coupons/{made['id']}").status_code == 204
    assert client.put(f"/categories/{category['id']}/publishing", json={"is_published": False}).status_code == 204
    assert ok(client.get(f"/categories/{category['id']}"))["name"]["ar"] == "عطور"


def test_a_write_whose_answer_is_lost_is_told_so_and_done_once(client: httpx.Client, api: ServedApi) -> None:
    def reasons() -> int:
        return len(ok(client.get("/return-reasons"))["items"])

    before, named = reasons(), {"Idempotency-Key": str(uuid4())}
    api.fault("POST /v1/managers/store/reverse-orders/reasons", "cut_after_commit", times=1)

    first = refused(client.post("/return-reasons", json={"name": "lost"}, headers=named), 409)
    again = refused(client.post("/return-reasons", json={"name": "lost"}, headers=named), 409)

    assert first["type"] == again["type"] == "/problems/outcome-unknown"
    assert "reasons" in first["how_to_check"]
    assert reasons() == before + 1


def test_an_ended_store_shows_its_mirror_and_refuses_the_rest(client: httpx.Client, api: ServedApi) -> None:
    store_id = int(api.run(control(api.sandbox.url, "POST", "/stores", {"orders": 1}))["store_id"])
    with httpx.Client(follow_redirects=True) as browser:
        assert browser.get(f"{api.sandbox.url}/__sandbox/stores/{store_id}/activate").status_code == 200
    other = f"{api.url}/v1/stores/{store_id}"
    ok(client.get(f"{other}/orders", params={"source": "zid"}))
    ok(client.post(f"{api.url}/auth/revoke/{store_id}"))

    assert ok(client.get(f"{other}/orders"))["items"] == []
    for answer in (
        client.get(f"{other}/orders", params={"source": "zid"}),
        client.post(f"{other}/return-reasons", json={"name": "x"}),
        client.post(f"{other}/backfill"),
        client.post(f"{other}/webhooks"),
    ):
        assert refused(answer, 409)["type"] == "/problems/conflict"
