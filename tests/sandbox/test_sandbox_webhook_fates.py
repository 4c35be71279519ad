"""What a test may do to subscriptions behind the app's back, and how Zid shows it then."""

from __future__ import annotations

HOOKS = "/v1/managers/webhooks"


async def subscribed(zid, *events):
    tokens = await zid.installed(products=2)
    for event in events:
        await zid.subscribe(tokens, event)
    return tokens


async def change(zid, tokens, event, fate):
    return (await zid.control("POST", f"/stores/{tokens.store_id}/webhooks", {"event": event, "do": fate}))["changed"]


async def listed(zid, tokens):
    """Event → health, as the app sees it."""
    _, answer = await zid.get(tokens, HOOKS)
    return {hook["event"]: hook["health_status"] for hook in answer["data"]}


async def test_a_webhook_is_degraded_broken_and_removed_on_demand(zid):
    tokens = await subscribed(zid, "product.update", "product.create", "product.delete")

    assert await change(zid, tokens, "product.update", "break") == 1
    assert await change(zid, tokens, "product.create", "degrade") == 1
    assert await change(zid, tokens, "product.delete", "remove") == 1
    assert await change(zid, tokens, "order.create", "remove") == 0

    assert await listed(zid, tokens) == {"product.update": "broken", "product.create": "degraded"}
    shown = (await zid.control("GET", f"/stores/{tokens.store_id}/webhooks"))["items"]
    assert {hook["event"]: hook["health"] for hook in shown} == await listed(zid, tokens)
    assert all(hook["target_url"] and hook["original_id"] for hook in shown)


async def test_what_is_broken_is_not_delivered(zid):
    tokens = await subscribed(zid, "product.update")
    await change(zid, tokens, "product.update", "break")

    await zid.control("POST", "/trigger", {"store_id": tokens.store_id, "event": "product.update"})

    deliveries = (await zid.stats())["deliveries"]
    assert (deliveries["not_dispatched"], deliveries["attempts"]) == (1, 0)


async def test_an_unknown_fate_is_refused_by_name(zid):
    tokens = await subscribed(zid, "product.update")

    asked = {"event": "product.update", "do": "paint"}
    status, answer = await zid.call("POST", f"/__sandbox/stores/{tokens.store_id}/webhooks", json=asked)

    assert (status, answer["field"]) == (400, "do")
