"""Webhook deliveries: what is sent, how often, and what a receiver's failures lead to."""

from __future__ import annotations

import asyncio
import base64
import json

import pytest

HOOKS = "/v1/managers/webhooks"


async def hooks_of(zid, tokens):
    return (await zid.get(tokens, HOOKS))[1]["data"]


async def test_a_delivery_is_the_bare_entity_with_basic_credentials(zid):
    tokens = await zid.installed(products=3, customers=2)
    await zid.subscribe(tokens, "order.create", "/hook?e=order.create", username="user", password="pass")

    answer = await zid.trigger(tokens, "order.create")
    (delivery,) = await zid.receiver.wait(1)

    assert answer == {"triggered": 1, "ids": [str(json.loads(delivery.body)["id"])]}
    assert delivery.query == "e=order.create"
    assert delivery.headers["authorization"] == "Basic " + base64.b64encode(b"user:pass").decode()
    assert delivery.headers["user-agent"] == "GuzzleHttp/7"
    assert delivery.headers["content-type"] == "application/json"
    assert delivery.headers.keys() >= {"x-request-id", "traceparent"}
    assert not {name for name in delivery.headers if name.startswith("x-zid")}
    assert "event" not in json.loads(delivery.body)


async def test_a_nested_authentication_object_leaves_no_credentials(zid):
    tokens = await zid.installed(products=1)
    await zid.subscribe(tokens, "order.create", authentication={"username": "u", "password": "p"})
    await zid.trigger(tokens, "order.create")

    (delivery,) = await zid.receiver.wait(1)

    assert "authorization" not in delivery.headers


async def test_conditions_filter_and_may_mean_or(zid):
    tokens = await zid.installed(products=3)
    conditions = {"status": "inDelivery", "payment_method": "Bank Transfer"}
    await zid.subscribe(tokens, "order.status.update", conditions=conditions)
    cod = {"payment": {"method": {"name": "Cash On Delivery", "code": "zid_cod", "type": "zid_cod"}}}
    bank = {"payment": {"method": {"name": "Bank Transfer", "code": "zid_bank_transfer", "type": "zid_bank_transfer"}}}
    by_cod = (await zid.trigger(tokens, "order.create", data=cod))["ids"][0]
    by_bank = (await zid.trigger(tokens, "order.create", data=bank))["ids"][0]

    for order in (by_cod, by_bank):
        await zid.trigger(tokens, "order.status.update", data={"id": order, "status": "indelivery"})
    first = await zid.settled()
    await zid.knobs(webhook__conditions_mode="or")
    await zid.trigger(tokens, "order.status.update", data={"id": by_cod, "status": "indelivery"})
    second = await zid.settled()

    assert [json.loads(row.body)["id"] for row in zid.receiver.at("/hook")][:1] == [int(by_bank)]
    assert first["deliveries"]["acknowledged"] == 1
    assert second["deliveries"]["acknowledged"] == 2


async def test_a_failed_delivery_is_retried_after_1_5_and_15_minutes(zid, wait_until):
    tokens = await zid.installed(products=1)
    await zid.subscribe(tokens, "order.create")
    zid.receiver.status = 500
    await zid.trigger(tokens, "order.create")

    for attempts, minutes in enumerate((1, 5, 15), start=1):
        await zid.receiver.wait(attempts)
        await wait_until(lambda: last_delivery(zid).spent_attempts == attempts)  # noqa: B023
        await zid.control("POST", "/clock", {"advance_seconds": minutes * 60 - 5})
        assert len(zid.receiver.at("/hook")) == attempts
        await zid.control("POST", "/clock", {"advance_seconds": 6})
    rows = await zid.receiver.wait(4)
    stats = (await zid.settled())["deliveries"]

    assert len({row.body for row in rows}) == 1
    assert len({row.headers["x-request-id"] for row in rows}) == 4
    assert (stats["attempts"], stats["failed"], stats["exhausted"], stats["distinct"]) == (4, 4, 1, 1)
    assert stats["by_status"] == {"500": 4}
    assert stats["received_5xx"] == 4


def last_delivery(zid):
    return [row for row in zid.running.sandbox.world.deliveries if row.webhook_id][-1]


async def test_a_fast_clock_retries_fast_and_success_settles(zid):
    tokens = await zid.installed(products=1)
    await zid.subscribe(tokens, "order.create")
    await zid.knobs(time_scale=6000, webhook__request_id_stable=True)
    zid.receiver.answers[:] = [503, 503]

    await zid.trigger(tokens, "order.create")
    rows = await zid.receiver.wait(3)
    stats = (await zid.settled())["deliveries"]

    assert len({row.headers["x-request-id"] for row in rows}) == 1
    assert (stats["acknowledged"], stats["distinct_acknowledged"], stats["exhausted"]) == (1, 1, 0)


async def test_ten_failures_degrade_thirty_break_and_pending_is_discarded(zid, wait_until):
    tokens = await zid.installed(products=1)
    await zid.subscribe(tokens, "order.create")
    zid.receiver.status = 500
    for total, more in ((9, 9), (10, 1), (29, 19), (30, 1)):
        await zid.trigger(tokens, "order.create", count=more)
        await wait_until(lambda: counted_failures(zid) == total)  # noqa: B023
        expected = "healthy" if total < 10 else "degraded" if total < 30 else "broken"
        assert (await hooks_of(zid, tokens))[0]["health_status"] == expected
    (hook,) = await hooks_of(zid, tokens)
    stats = await zid.settled()
    await zid.trigger(tokens, "order.create", count=3)
    later = await zid.settled()

    assert hook["health_status"] == "broken"
    assert hook["broken_at"] is not None
    assert stats["webhooks"] == {"healthy": 0, "degraded": 0, "broken": 1}
    assert stats["deliveries"]["discarded"] == 30
    assert (later["deliveries"]["attempts"], later["deliveries"]["not_dispatched"]) == (30, 3)


def counted_failures(zid):
    return zid.running.sandbox.stats.total["deliveries.failed"]


async def test_one_success_resets_and_the_window_slides(zid):
    tokens = await zid.installed(products=1)
    await zid.subscribe(tokens, "order.create")
    await zid.knobs(webhook__retry_minutes=[])
    zid.receiver.answers[:] = [500] * 12
    await zid.trigger(tokens, "order.create", count=12)
    await zid.settled()
    degraded = (await zid.stats())["webhooks"]
    await zid.trigger(tokens, "order.create")
    await zid.settled()
    healthy = (await zid.stats())["webhooks"]
    zid.receiver.answers[:] = [500] * 12
    await zid.trigger(tokens, "order.create", count=12)
    await zid.settled()
    await zid.control("POST", "/clock", {"advance_seconds": 3601})
    slid = (await zid.stats())["webhooks"]

    assert degraded["degraded"] == 1
    assert healthy["healthy"] == 1
    assert slid["healthy"] == 1


async def test_429_never_hurts_the_health(zid):
    tokens = await zid.installed(products=1)
    await zid.subscribe(tokens, "order.create")
    await zid.knobs(webhook__retry_minutes=[])
    zid.receiver.status = 429

    await zid.trigger(tokens, "order.create", count=40)
    stats = await zid.settled()

    assert stats["deliveries"]["by_status"] == {"429": 40}
    assert stats["webhooks"]["healthy"] == 1


@pytest.mark.parametrize(
    ("on_429", "retry_after", "spent", "wait"),
    [("attempt", "7", 1, 60), ("free", "7", 0, 60), ("honour", "7", 0, 7), ("honour", "", 0, 60)],
)
async def test_what_follows_a_429_is_a_knob(zid, wait_until, on_429, retry_after, spent, wait):
    tokens = await zid.installed(products=1)
    await zid.subscribe(tokens, "order.create")
    await zid.knobs(webhook__on_429=on_429)
    zid.receiver.status = 429
    zid.receiver.headers = {"Retry-After": retry_after} if retry_after else {}
    await zid.trigger(tokens, "order.create")
    await zid.receiver.wait(1)
    await wait_until(lambda: len(last_delivery(zid).attempts) == 1)

    delivery = last_delivery(zid)

    assert delivery.spent_attempts == spent
    assert delivery.due - delivery.attempts[0][0] == pytest.approx(wait, abs=0.5)


async def test_a_429_may_be_final(zid):
    tokens = await zid.installed(products=1)
    await zid.subscribe(tokens, "order.create")
    await zid.knobs(webhook__on_429="never")
    zid.receiver.status = 429
    await zid.trigger(tokens, "order.create")
    await zid.receiver.wait(1)

    assert (await zid.settled())["deliveries"]["exhausted"] == 1


async def test_a_receiver_that_does_not_answer_fails_the_attempt(zid):
    tokens = await zid.installed(products=1)
    document = {"event": "order.create", "target_url": "http://127.0.0.1:9/hook", "original_id": 1}
    await zid.call("POST", HOOKS, json=document, headers=tokens.headers)
    await zid.knobs(webhook__retry_minutes=[])

    await zid.trigger(tokens, "order.create")
    stats = await zid.settled()

    assert stats["deliveries"]["by_status"] == {"no_answer": 1}
    (delivery,) = (await zid.control("GET", "/deliveries?event=order.create"))["deliveries"]
    assert delivery["state"] == "exhausted"
    assert delivery["attempts"][0][1] == 0


async def test_a_slow_receiver_runs_into_the_timeout(zid):
    tokens = await zid.installed(products=1)
    await zid.subscribe(tokens, "order.create")
    await zid.knobs(webhook__timeout=0.05, webhook__retry_minutes=[])
    zid.receiver.gate = asyncio.Event()

    await zid.trigger(tokens, "order.create")
    stats = await zid.settled()
    zid.receiver.gate.set()

    assert stats["deliveries"]["by_status"] == {"no_answer": 1}
    (delivery,) = (await zid.control("GET", "/deliveries?event=order.create"))["deliveries"]
    assert "Timeout" in delivery["attempts"][0][3]


async def test_a_slow_receiver_does_not_hold_up_its_other_deliveries(zid):
    tokens = await zid.installed(products=1)
    await zid.subscribe(tokens, "order.create")
    zid.receiver.gate = asyncio.Event()

    await zid.trigger(tokens, "order.create", count=40)
    await zid.receiver.wait(40)
    zid.receiver.gate.set()

    assert (await zid.settled())["deliveries"]["acknowledged"] == 40


async def test_recovery_takes_the_uuid_and_a_new_url_on_sandbox_paths(zid):
    tokens = await zid.installed(products=1)
    _, hook = await zid.subscribe(tokens, "order.create")
    await zid.knobs(webhook__retry_minutes=[])
    zid.receiver.status = 500
    await zid.trigger(tokens, "order.create", count=30)
    await zid.settled()
    zid.receiver.status = 200
    prefix = f"{HOOKS}/__sandbox"
    _, broken = await zid.get(tokens, f"{prefix}/broken")
    _, summary = await zid.get(tokens, f"{prefix}/health-summary")

    body = {"id": hook["id"], "target_url": f"{zid.receiver.url}/recovered"}
    status, recovered = await zid.call("POST", f"{prefix}/recover", json=body, headers=tokens.headers)
    await zid.trigger(tokens, "order.create")
    await zid.receiver.wait(1, "/recovered")
    await zid.knobs(webhook__health_paths="")
    gone, _ = await zid.get(tokens, f"{prefix}/broken")

    assert [row["id"] for row in broken["data"]] == [hook["id"]]
    assert summary["data"]["broken"] == 1
    assert (status, recovered["health_status"], gone) == (200, "healthy", 404)


async def test_redelivery_repeats_every_body_and_adds_nothing_distinct(zid):
    tokens = await zid.installed(products=2)
    await zid.subscribe(tokens, "order.create")
    await zid.trigger(tokens, "order.create", count=20)
    await zid.settled()

    answer = await zid.control("POST", "/redeliver", {"store_id": tokens.store_id})
    rows = await zid.receiver.wait(40)
    stats = (await zid.settled())["deliveries"]

    assert answer == {"redelivered": 20, "skipped": 0}
    assert len({row.body for row in rows}) == 20
    assert (stats["attempts"], stats["distinct_acknowledged"], stats["duplicates_sent"]) == (40, 20, 20)


async def test_deliveries_can_be_dropped_doubled_and_reordered(zid):
    tokens = await zid.installed(products=2)
    await zid.subscribe(tokens, "order.create")
    await zid.control("POST", "/faults", {"route": "order.*", "kind": "drop_webhook", "times": 2})
    await zid.trigger(tokens, "order.create", count=2)
    await zid.control("POST", "/faults", {"route": "order.create", "kind": "duplicate_webhook"})
    await zid.trigger(tokens, "order.create")
    await zid.settled()
    stats = (await zid.stats())["deliveries"]
    assert (stats["dropped"], stats["attempts"], stats["distinct"]) == (2, 2, 1)

    zid.receiver.received.clear()
    await zid.control("POST", "/faults", {"route": "*", "kind": "reorder_webhooks", "probability": 1, "seconds": 600})
    await zid.knobs(time_scale=10_000)
    ids = (await zid.trigger(tokens, "order.create", count=20))["ids"]
    rows = await zid.receiver.wait(20)
    arrived = [str(json.loads(row.body)["id"]) for row in rows]
    assert sorted(arrived) == ids
    assert arrived != ids


async def test_latency_holds_a_delivery_back_on_the_sandbox_clock(zid):
    tokens = await zid.installed(products=1)
    await zid.subscribe(tokens, "order.create")
    await zid.knobs(webhook__latency_seconds=60)
    await zid.trigger(tokens, "order.create")
    assert (await zid.stats())["deliveries"]["pending"] == 1
    assert zid.receiver.at("/hook") == []

    await zid.control("POST", "/clock", {"advance_seconds": 61})

    await zid.receiver.wait(1)


@pytest.mark.parametrize(
    ("knob", "value", "event", "check"),
    [
        ("webhook__body_variant", "data", "order.create", lambda body: body.keys() == {"data"}),
        ("webhook__body_variant", "order_status_string", "order.create", lambda body: body["order_status"] == "جديد"),
        ("webhook__body_variant", "delete_id_only", "product.delete", lambda body: body.keys() == {"id"}),
        ("webhook__store_key", "numeric", "customer.create", lambda body: isinstance(body["store_id"], int)),
        ("webhook__store_key", "uuid", "category.create", lambda body: len(body["store_id"]) == 36),
        ("webhook__store_key", "absent", "customer.create", lambda body: "store_id" not in body),
        ("webhook__cart_nesting", "inside", "abandoned_cart.created", lambda body: "phase" in body["abandoned_cart"]),
        (
            "webhook__cart_nesting",
            "root",
            "abandoned_cart.created",
            lambda body: "phase" in body and "phase" not in body["abandoned_cart"],
        ),
        (
            "webhook__cart_nesting",
            "both",
            "abandoned_cart.created",
            lambda body: "phase" in body and "phase" in body["abandoned_cart"],
        ),
        (
            "webhook__payment_status_change",
            True,
            "order.payment_status.update",
            lambda body: body["payment_status_change"].keys() == {"old", "new"},
        ),
        (
            "webhook__payment_status_change",
            False,
            "order.payment_status.update",
            lambda body: "payment_status_change" not in body,
        ),
    ],
)
async def test_bodies_nobody_published_are_knobs(zid, knob, value, event, check):
    tokens = await zid.installed(products=3, customers=2, orders=30)
    await zid.subscribe(tokens, event)
    await zid.knobs(**{knob: value})

    await zid.trigger(tokens, event)
    (delivery,) = await zid.receiver.wait(1)

    assert check(json.loads(delivery.body)), delivery.body[:300]


async def test_headers_of_deliveries_are_a_knob(zid):
    tokens = await zid.installed(products=1)
    await zid.subscribe(tokens, "order.create")
    await zid.knobs(webhook__headers="no_ids")
    await zid.trigger(tokens, "order.create")
    await zid.receiver.wait(1)
    await zid.knobs(webhook__headers="charset")
    await zid.trigger(tokens, "order.create")
    bare, charset = await zid.receiver.wait(2)

    assert not bare.headers.keys() & {"x-request-id", "traceparent"}
    assert charset.headers["content-type"] == "application/json; charset=utf-8"


async def test_an_edit_may_fire_several_product_updates(zid):
    tokens = await zid.installed(products=1)
    await zid.subscribe(tokens, "product.update")
    await zid.knobs(webhook__extra_product_updates=2)

    await zid.trigger(tokens, "product.update", data={"price": 10})
    rows = await zid.receiver.wait(3)

    stamps = [json.loads(row.body)["updated_at"] for row in rows]
    assert len(set(stamps)) == 3


async def test_app_events_go_out_without_credentials_unless_a_knob_says_so(zid):
    tokens = await zid.installed()
    await zid.settled()
    await zid.knobs(app_events__auth="basic", app_events__status_values="absent")
    await zid.control("POST", f"/stores/{tokens.store_id}/uninstall")
    await zid.settled()

    *before, uninstall = zid.receiver.at("/app-events")

    assert all("authorization" not in row.headers for row in before)
    assert uninstall.headers["authorization"].startswith("Basic ")
    body = json.loads(uninstall.body)
    assert body["event_name"] == "app.market.application.uninstall"
    assert "status" not in body


async def test_app_events_are_not_retried_unless_a_knob_says_so(zid):
    tokens = await zid.installed()
    await zid.settled()
    zid.receiver.received.clear()
    zid.receiver.status = 500
    await zid.trigger(tokens, "app.market.subscription.renew")
    once = await zid.settled()
    await zid.knobs(app_events__retries="merchant", time_scale=6000)
    await zid.trigger(tokens, "app.market.subscription.renew")
    await zid.receiver.wait(5, "/app-events")
    again = await zid.settled()

    assert once["app_events"]["exhausted"] == 1
    assert again["app_events"]["failed"] == 5
    assert again["deliveries"]["attempts"] == 0


async def test_subscription_active_may_come_last(zid):
    await zid.knobs(app_events__subscription_first=False)
    await zid.installed()
    await zid.settled()

    names = [json.loads(row.body)["event_name"] for row in zid.receiver.at("/app-events")]

    assert names[-1] == "app.market.subscription.active"


async def test_uninstall_removes_subscriptions_or_keeps_them(zid):
    tokens = await zid.installed(products=1)
    await zid.subscribe(tokens, "order.create")
    await zid.knobs(uninstall__webhooks="keep")
    await zid.control("POST", f"/stores/{tokens.store_id}/uninstall")
    await zid.trigger(tokens, "order.create")
    await zid.receiver.wait(1)
    again = await zid.install(tokens.store_id)
    assert len(await hooks_of(zid, again)) == 1

    await zid.knobs(uninstall__webhooks="remove")
    await zid.control("POST", f"/stores/{tokens.store_id}/uninstall")
    assert (await zid.stats())["webhooks"] == {"healthy": 0, "degraded": 0, "broken": 0}


async def test_many_deliveries_are_quick(zid):
    tokens = await zid.installed(products=5, customers=5)
    await zid.subscribe(tokens, "order.create")

    await zid.trigger(tokens, "order.create", count=500)
    stats = (await zid.settled())["deliveries"]

    assert stats["acknowledged"] == stats["distinct_acknowledged"] == 500
