"""The control API: what it makes, what it tells, and how it refuses."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import sandbox
from sandbox.events.names import MERCHANT_EVENTS
from sandbox.http import BACKGROUND
from sandbox.knob_table import KNOBS

HOOKS = "/v1/managers/webhooks"
SOURCE = Path(sandbox.__file__).parent


async def test_a_store_has_what_was_asked_for(zid):
    made = await zid.control("POST", "/stores", {"store_id": 251073, "products": 5, "orders": 7, "customers": 3})

    assert made["store_id"] == 251073
    assert {kind: len(ids) for kind, ids in made["ids"].items()} == {
        "categories": 0,
        "products": 5,
        "customers": 3,
        "orders": 7,
        "carts": 0,
    }
    (listed,) = (await zid.control("GET", "/stores"))["stores"]
    assert listed["counts"]["orders"] == 7
    orders = (await zid.control("GET", "/stores/251073/entities/orders"))["items"]
    assert [str(order["id"]) for order in orders] == made["ids"]["orders"]


async def test_the_same_seed_makes_the_same_world(zid):
    worlds = []
    for seed in (5, 5, 6):
        await zid.control("POST", "/reset", {"seed": seed, "now": "2026-01-31T12:00:00Z"})
        made = await zid.control("POST", "/stores", {"products": 5, "orders": 20, "customers": 4})
        orders = (await zid.control("GET", f"/stores/{made['store_id']}/entities/orders"))["items"]
        worlds.append([(order["id"], order["code"], order["order_total"], order["customer"]) for order in orders])

    assert worlds[0] == worlds[1]
    assert worlds[0] != worlds[2]


async def test_reset_forgets_everything_but_the_configured_app(zid):
    tokens = await zid.installed(products=1)
    await zid.subscribe(tokens, "order.create")
    await zid.knobs(refresh__reuse="400", time_scale=50)
    await zid.control("POST", "/faults", {"kind": "cut"})
    zid.receiver.status = 500
    await zid.trigger(tokens, "order.create")

    await zid.control("POST", "/reset")

    knobs = (await zid.control("GET", "/knobs"))["knobs"]
    assert (knobs["refresh.reuse"], knobs["time_scale"], knobs["rate.bucket"]) == ("401", 1.0, 0)
    assert (await zid.control("GET", "/stores"))["stores"] == []
    assert (await zid.control("GET", "/faults"))["faults"] == []
    assert (await zid.control("GET", "/deliveries"))["deliveries"] == []
    assert (await zid.stats())["deliveries"]["attempts"] == 0
    (app,) = (await zid.control("GET", "/apps"))["apps"]
    assert app["client_id"] == zid.app.client_id
    assert not app.keys() & {"client_secret", "event_password"}
    assert (await zid.get(tokens, "/v1/managers/account/profile"))[0] == 401


async def test_every_knob_is_listed_with_its_origin_and_is_read_somewhere(zid):
    table = (await zid.control("GET", "/knobs"))["table"]
    code = "\n".join(path.read_text() for path in SOURCE.rglob("*.py") if path.name != "knob_table.py")

    assert [row["name"] for row in table] == list(KNOBS)
    assert all(row["id"] and row["allowed"] and row["meaning"] for row in table)
    assert [name for name in KNOBS if f'"{name}"' not in code] == []


def test_every_default_is_an_allowed_value():
    assert [knob.name for knob in KNOBS.values() if not knob.accepts(knob.default)] == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"refresh.rotation": True}, "refresh.rotation"),
        ({"refresh.rotate": "sometimes"}, "refresh.rotate"),
        ({"time_scale": 0}, "time_scale"),
        ({"rate.bucket": True}, "rate.bucket"),
        ({"webhook.retry_minutes": [1, "5"]}, "webhook.retry_minutes"),
        ({"lag_ms": 5, "webhook.ping": "yes"}, "webhook.ping"),
    ],
)
async def test_a_wrong_knob_is_refused_and_nothing_is_set(zid, change, field):
    status, body = await zid.call("PUT", "/__sandbox/knobs", json=change)

    assert (status, body["field"]) == (400, field)
    knobs = (await zid.control("GET", "/knobs"))["knobs"]
    assert knobs["lag_ms"] == 0
    if field == "refresh.rotation":
        assert "refresh.rotate" in body["error"]


@pytest.mark.parametrize(
    ("path", "document", "status", "field"),
    [
        ("/trigger", {"event": "order.created"}, 400, "event"),
        ("/trigger", {"event": "order.create", "store_id": 1}, 404, "store_id"),
        ("/trigger", {"event": "order.create", "count": -1}, 400, "count"),
        ("/trigger", {"event": "order.create", "rate": 0}, 400, "rate"),
        ("/trigger", {"event": "order.create", "data": [1]}, 400, "data"),
        ("/trigger", {"event": "order.create", "date": {}}, 400, "date"),
        ("/trigger", {"event": "order.create", "data": {"status": "lost"}}, 400, "data.status"),
        ("/trigger", {"event": "order.status.update", "data": {"id": 5}}, 400, "data.id"),
        ("/trigger", {"event": "product.update", "data": {"price": "much"}}, 400, "data.price"),
        ("/trigger", {"event": "abandoned_cart.completed"}, 400, "store_id"),
        ("/trigger", {"event": "app.market.application.rated"}, 409, "store_id"),
        ("/stores", {"orders": "many"}, 400, "orders"),
        ("/stores", {"order": 5}, 400, "order"),
        ("/stores/1/uninstall", {}, 404, "id"),
        ("/apps", {"client_id": "5"}, 400, "app_id"),
        ("/apps", {"client_id": "5", "app_id": 5}, 400, "client_secret"),
        ("/clock", {"advance_seconds": "soon"}, 400, "advance_seconds"),
        ("/clock", {}, 400, "advance_seconds"),
        ("/reset", {"seed": -1}, 400, "seed"),
        ("/reset", {"now": "today"}, 400, "now"),
        ("/redeliver", {"event": "x"}, 400, "event"),
        ("/unknown", {}, 404, "path"),
    ],
)
async def test_a_control_error_names_the_field_and_the_fix(zid, path, document, status, field):
    if "store_id" not in document and path == "/trigger":
        await zid.store(products=1)

    answered, body = await zid.call("POST", f"/__sandbox{path}", json=document)

    assert (answered, body["field"]) == (status, field), body
    assert len(body["error"]) > 15


async def test_a_body_that_is_no_json_object_is_refused(zid):
    for text in ("{", "[1]"):
        status, body = await zid.call("POST", "/__sandbox/reset", data=text)
        assert (status, body["field"]) == (400, "body")


async def test_taken_ids_are_refused(zid):
    await zid.store(store_id=5)
    app = {
        "client_id": "other",
        "client_secret": "s",
        "app_id": zid.app.app_id,
        "callback_url": "x",
        "redirection_url": "y",
    }

    assert (await zid.call("POST", "/__sandbox/stores", json={"store_id": 5}))[0] == 409
    assert (await zid.call("POST", "/__sandbox/apps", json=app))[0] == 409


async def test_every_event_changes_the_world_and_is_delivered(zid):
    tokens = await zid.installed(products=10, customers=5, orders=10, carts=3, categories=3)
    for event in MERCHANT_EVENTS:
        await zid.subscribe(tokens, event, f"/{event}")
    counts = (await zid.control("GET", "/stores"))["stores"][0]["counts"]
    for event in MERCHANT_EVENTS:
        assert (await zid.trigger(tokens, event))["triggered"] == 1
    await zid.settled()
    after = (await zid.control("GET", "/stores"))["stores"][0]["counts"]

    told = [row.path[1:] for row in zid.receiver.received if row.path != "/app-events"]
    assert sorted(told) == sorted(MERCHANT_EVENTS)
    grown = {kind: after[kind] - counts[kind] for kind in after}
    assert grown == {"orders": 1, "products": 0, "customers": 1, "categories": 0, "carts": 1}


async def test_orders_walk_from_new_to_delivered_and_write_history(zid):
    tokens = await zid.installed(products=1)
    order = (await zid.trigger(tokens, "order.create"))["ids"][0]
    steps = []
    for _ in range(4):
        await zid.trigger(tokens, "order.status.update", data={"id": order})
        (now,) = (await zid.control("GET", f"/stores/{tokens.store_id}/entities/orders"))["items"]
        steps.append((now["order_status"]["code"], now["updated_at"]))
    status, body = await zid.call(
        "POST", "/__sandbox/trigger", json={"event": "order.status.update", "data": {"id": order}}
    )

    assert [code for code, _ in steps] == ["preparing", "ready", "indelivery", "delivered"]
    stamps = [stamp for _, stamp in steps]
    assert stamps == sorted(set(stamps))
    names = [row["order_status_name"] for row in now["histories"]]
    assert names == ["Delivered", "In Delivery", "Ready", "Preparing", "New"]
    assert now["delivered_at"]
    assert (status, body["field"]) == (400, "data.status")


async def test_two_changes_in_one_second_may_share_a_timestamp(zid):
    tokens = await zid.installed(products=1)
    await zid.knobs(world__updated_at="clock")
    order = (await zid.trigger(tokens, "order.create"))["ids"][0]

    async def stamp() -> str:
        await zid.trigger(tokens, "order.status.update", data={"id": order, "status": "ready"})
        (now,) = (await zid.control("GET", f"/stores/{tokens.store_id}/entities/orders"))["items"]
        return now["updated_at"]

    stamps = [await stamp() for _ in range(5)]

    assert len(set(stamps)) <= 2


async def test_data_sets_quantity_price_and_anything_else(zid):
    tokens = await zid.installed(products=12)
    products = (await zid.control("GET", f"/stores/{tokens.store_id}/entities/products"))["items"]
    plain = next(row for row in products if row["structure"] == "standalone")
    data = {"id": plain["id"], "quantity": 41, "price": 12.444, "name": {"en": "New name"}}

    await zid.trigger(tokens, "product.update", data=data)
    _, now = await zid.get(tokens, f"/v1/products/{plain['id']}/")

    assert (now["quantity"], sum(row["available_quantity"] for row in now["stocks"])) == (41, 41)
    assert (now["price"], now["formatted_price"]) == (12.444, " SAR 12.44")
    assert now["name"] == {"ar": plain["name"]["ar"], "en": "New name"}
    assert now["updated_at"] > plain["updated_at"]


async def test_data_is_merged_into_a_new_order(zid):
    tokens = await zid.installed(products=1)

    await zid.trigger(
        tokens, "order.create", data={"payment_status": "voided", "status": "ready", "customer": {"id": 42}}
    )
    (order,) = (await zid.control("GET", f"/stores/{tokens.store_id}/entities/orders"))["items"]

    assert (order["payment_status"], order["order_status"]["code"], order["customer"]["id"]) == ("voided", "ready", 42)


async def test_a_rate_spreads_events_in_the_background(zid):
    tokens = await zid.installed(products=1)
    await zid.subscribe(tokens, "order.create")

    answer = await zid.trigger(tokens, "order.create", count=30, rate=300)
    early = len(zid.receiver.at("/hook"))
    rows = await zid.receiver.wait(30)

    assert answer == {"triggered": 30, "ids": []}
    assert early < 30
    assert len({json.loads(row.body)["id"] for row in rows}) == 30


async def test_reset_ends_what_was_still_spreading(zid):
    tokens = await zid.installed(products=1)
    await zid.trigger(tokens, "order.create", count=1000, rate=200)

    await zid.control("POST", "/reset")

    await zid.installed(products=1)
    assert (await zid.stats())["events"] == {}
    assert not zid.running.runner.app[BACKGROUND]


async def test_a_trigger_that_runs_out_says_how_far_it_came(zid):
    tokens = await zid.installed(products=1)
    await zid.trigger(tokens, "order.create", count=2)

    answer = await zid.trigger(tokens, "order.status.update", count=20)

    assert answer["triggered"] == 8
    assert "order" in answer["stopped"]


async def test_the_reviewers_client_follows_the_install_with_cookies(zid):
    store_id = await zid.store()

    answer = await zid.control("POST", f"/stores/{store_id}/install")

    (visit,) = zid.receiver.at("/redirect")
    assert visit.headers["user-agent"] == "GuzzleHttp/7"
    assert answer == {"url": zid.app.redirection_url, "status": 200}


async def test_requests_are_logged_without_secrets(zid):
    tokens = await zid.installed()
    await zid.get(tokens, "/v1/products/?page=1")

    log = await zid.control("GET", "/requests?path=/v1/products/")
    everything = json.dumps(await zid.control("GET", "/requests"))

    (row,) = log["requests"]
    assert (row["method"], row["status"], row["store_id"], row["query"]) == ("GET", 200, tokens.store_id, {"page": "1"})
    secrets = (*tokens.document.values(), zid.app.client_secret)
    assert not [value for value in secrets if isinstance(value, str) and len(value) > 10 and value in everything]


async def test_stats_add_up(zid):
    one, two = await zid.installed(products=1), await zid.installed(products=1)
    for tokens, count in ((one, 3), (two, 4)):
        await zid.subscribe(tokens, "order.create")
        await zid.trigger(tokens, "order.create", count=count)
    stats = await zid.settled()

    per_store = [stats["stores"][str(tokens.store_id)]["deliveries"] for tokens in (one, two)]
    assert [row["acknowledged"] for row in per_store] == [3, 4]
    total = stats["deliveries"]
    assert total["attempts"] == total["acknowledged"] + total["failed"] == 7
    assert stats["oauth"]["authorization_code"] == {"ok": 2}
    assert stats["webhooks"]["healthy"] == 2
    assert stats["events"] == {"order.create": 7}
    assert stats["app_events"]["acknowledged"] == 6


async def test_the_home_page_offers_to_activate(zid):
    store_id = await zid.store()

    status, page = await zid.call("GET", "/")

    assert status == 200
    assert re.search(rf'href="/__sandbox/stores/{store_id}/activate\?app_id={zid.app.app_id}"', page)


async def test_activate_without_an_app_or_store_says_what_to_do(zid):
    store_id = await zid.store()
    for path, status, field in (
        (f"/__sandbox/stores/{store_id}/activate?app_id=5", 404, "app_id"),
        ("/__sandbox/stores/1/activate", 404, "id"),
    ):
        answered, body = await zid.call("GET", path)
        assert (answered, body["field"]) == (status, field)


async def test_subscriptions_are_listed_and_deleted_by_original_id(zid):
    tokens = await zid.installed(products=1)
    for event in ("order.create", "product.update"):
        await zid.subscribe(tokens, event)
    await zid.subscribe(tokens, "order.create", original_id="the md5")

    _, listed = await zid.get(tokens, HOOKS)
    gone, _ = await zid.call("DELETE", f"{HOOKS}?original_id=1292", headers=tokens.headers)
    none, _ = await zid.call("DELETE", f"{HOOKS}?original_id=1292", headers=tokens.headers)
    deprecated, _ = await zid.call("DELETE", f"{HOOKS}/subscribers/1292", headers=tokens.headers)
    _, rest = await zid.get(tokens, HOOKS)

    assert [(row["event"], row["original_id"]) for row in listed["data"]] == [
        ("order.create", "1292"),
        ("product.update", "1292"),
        ("order.create", "the md5"),
    ]
    assert (gone, none, deprecated) == (200, 404, 404)
    assert [row["original_id"] for row in rest["data"]] == ["the md5"]


@pytest.mark.parametrize(("policy", "status", "left"), [("second", 200, 2), ("409", 409, 1), ("422", 422, 1)])
async def test_a_duplicate_subscription_is_a_knob(zid, policy, status, left):
    tokens = await zid.installed()
    await zid.knobs(webhook__duplicate=policy)
    await zid.subscribe(tokens, "order.create")

    answered, _ = await zid.subscribe(tokens, "order.create")

    assert answered == status
    assert len((await zid.get(tokens, HOOKS))[1]["data"]) == left


async def test_the_answer_to_a_create_is_a_knob(zid):
    tokens = await zid.installed()
    await zid.knobs(webhook__create_status="201", webhook__create_shape="data", webhook__status_shape="object")
    await zid.knobs(webhook__echo_credentials=True)

    status, body = await zid.subscribe(tokens, "order.create", username="u", password="p")

    assert status == 201
    assert body["data"]["status"] == {"code": "ready", "name": "Ready"}
    assert body["data"]["password"] == "p"


@pytest.mark.parametrize(
    ("change", "knobs", "field"),
    [
        ({"event": "app.market.application.install"}, {}, "event"),
        ({"target_url": "ftp://x"}, {}, "target_url"),
        ({"original_id": None}, {}, "original_id"),
        ({"conditions": {"colour": 1}}, {}, "conditions"),
        ({"event": "product.create", "conditions": {"status": "new"}}, {}, "conditions"),
        ({}, {"webhook__require_credentials": True}, "username"),
        ({}, {"webhook__url_policy": "https"}, "target_url"),
        ({"target_url": "https://10.0.0.1/x"}, {"webhook__url_policy": "public"}, "target_url"),
    ],
)
async def test_a_bad_subscription_is_422_and_names_the_field(zid, change, knobs, field):
    tokens = await zid.installed()
    await zid.knobs(**knobs)
    document = {"event": "order.create", "target_url": f"{zid.receiver.url}/hook", "original_id": 1292} | change

    status, body = await zid.call("POST", HOOKS, json=document, headers=tokens.headers)

    assert status == 422
    assert field in body


async def test_a_ping_may_greet_a_new_target(zid):
    tokens = await zid.installed()
    await zid.knobs(webhook__ping=True)
    await zid.subscribe(tokens, "order.create")

    (ping,) = await zid.receiver.wait(1)

    assert ping.method == "GET"


async def test_a_broken_webhook_may_go_silently_inactive(zid):
    tokens = await zid.installed(products=1)
    await zid.subscribe(tokens, "order.create")
    await zid.knobs(webhook__broken_style="inactive", webhook__retry_minutes=[])
    zid.receiver.status = 500
    await zid.trigger(tokens, "order.create", count=30)
    await zid.settled()

    (hook,) = (await zid.get(tokens, HOOKS))[1]["data"]

    assert (hook["active"], hook["status"]) == (False, "inactive")
    assert "health_status" not in hook
