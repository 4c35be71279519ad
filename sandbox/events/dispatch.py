"""From a change in a store to the webhooks that tell of it, and from a step of an install to its app event."""

from __future__ import annotations

import orjson

from sandbox.delivery.courier import body_key
from sandbox.delivery.health import health
from sandbox.events.payloads import webhook_body
from sandbox.faults import WEBHOOK_KINDS
from sandbox.generation.formats import iso_micros
from sandbox.generation.vocabulary import PAYMENT_METHODS
from sandbox.sandbox import Sandbox
from sandbox.settings import AppRegistration
from sandbox.world.records import Delivery, Entity, Json, Store, Webhook

_CONDITION_STATUS = {"inDelivery": "indelivery"}


def dispatch(sandbox: Sandbox, store: Store, event: str, entity: Entity, extra: Json | None = None) -> None:
    """Sends `entity` as it is now to every subscription of `event` in its store whose conditions it meets."""
    hooks = [hook for hook in sandbox.world.webhooks_of(store.id) if hook.event == event]
    if not hooks:
        return
    body = webhook_body(event, store, entity.body, sandbox.knobs, extra)
    for hook in hooks:
        if _meets(hook, entity, sandbox.knobs.text("webhook.conditions_mode")):
            _send(sandbox, hook, entity.id, body)


def redeliver(sandbox: Sandbox, store_id: int | None, event: str | None) -> tuple[int, int]:
    """Sends every past delivery once more, byte for byte; says how many, and how many it could not."""
    past = [
        delivery
        for delivery in sandbox.world.deliveries
        if delivery.webhook_id
        and delivery.attempts
        and not delivery.duplicate
        and store_id in (None, delivery.store_id)
        and event in (None, delivery.event)
    ]
    sent = 0
    for delivery in past:
        hook = sandbox.world.webhooks.get(delivery.webhook_id)
        if hook is not None and delivery.body and health(hook, sandbox.world.now()) != "broken":
            sandbox.courier.send(_delivery(sandbox, hook, delivery.entity_id, delivery.body, duplicate=True))
            sent += 1
    return sent, len(past) - sent


def app_event(sandbox: Sandbox, store: Store, app: AppRegistration, event: str, data: Json | None = None) -> bool:
    """POSTs an app event to the URL the app chose for it; False when it chose none."""
    url = app.event_url(event)
    if url is None:
        return False
    body = orjson.dumps(app_event_body(sandbox, store, app, event) | (data or {}))
    sandbox.courier.send(
        Delivery(
            id=sandbox.world.next_id("delivery"),
            webhook_id="",
            store_id=store.id,
            event=event,
            entity_id=str(store.id),
            url=url,
            body=body,
            key=body_key(url, body),
            due=sandbox.world.now() + sandbox.knobs.number("webhook.latency_seconds"),
            client_id=app.client_id,
        )
    )
    return True


def app_event_body(sandbox: Sandbox, store: Store, app: AppRegistration, event: str) -> Json:
    """One structure for all events, the name in `event_name`; only that of `authorized` is documented."""
    record = store.subscriptions.get(app.client_id)
    now = sandbox.world.now()
    start, end = (record.start, record.end) if record else (now, now)
    body: Json = {"app_id": app.app_id, "store_id": store.id, "store_uuid": store.uuid, "store_url": f"{store.url}/"}
    body.update(plan_name=record.plan_name if record else "", status=event.rpartition(".")[2])
    body.update(start_date=iso_micros(start), end_date=iso_micros(end))
    body.update(amount_paid=record.amount if record else 0.0, old_plan_name=None)
    body.update(merchant_email=store.email, merchant_phone_no=store.mobile, event_name=event)
    body.update(plan_type="Free", plan_id=record.plan_id if record else 0, payment_date=iso_micros(start))
    return _app_event_variant(sandbox, body)


def _app_event_variant(sandbox: Sandbox, body: Json) -> Json:
    match sandbox.knobs.text("app_events.status_values"):
        case "active":
            body["status"] = "active"
        case "absent":
            del body["status"]
    if sandbox.knobs.text("app_events.body") == "legacy":
        for key in ("store_uuid", "plan_id", "payment_date"):
            del body[key]
    return body


def _send(sandbox: Sandbox, hook: Webhook, entity_id: str, body: bytes) -> None:
    if health(hook, sandbox.world.now()) == "broken":
        sandbox.stats.add("deliveries.not_dispatched", hook.store_id)
        return
    faults = {fault.kind: fault for fault in sandbox.faults.take(WEBHOOK_KINDS, hook.event, hook.store_id)}
    if "drop_webhook" in faults:
        sandbox.stats.add("deliveries.dropped", hook.store_id)
        return
    delivery = _delivery(sandbox, hook, entity_id, body)
    if "reorder_webhooks" in faults:
        delivery.due += sandbox.faults.jitter(faults["reorder_webhooks"].seconds)
    sandbox.courier.send(delivery)
    if "duplicate_webhook" in faults:
        sandbox.courier.send(_delivery(sandbox, hook, entity_id, body, duplicate=True))


def _delivery(sandbox: Sandbox, hook: Webhook, entity_id: str, body: bytes, *, duplicate: bool = False) -> Delivery:
    return Delivery(
        id=sandbox.world.next_id("delivery"),
        webhook_id=hook.id,
        store_id=hook.store_id,
        event=hook.event,
        entity_id=entity_id,
        url=hook.target_url,
        body=body,
        key=body_key(hook.target_url, body),
        due=sandbox.world.now() + sandbox.knobs.number("webhook.latency_seconds"),
        duplicate=duplicate,
        client_id=hook.client_id,
    )


def _meets(hook: Webhook, entity: Entity, mode: str) -> bool:
    """All given keys must match, or any of them (U27). Conditions spell `inDelivery`, payloads `indelivery`."""
    if not isinstance(hook.conditions, dict) or not hook.conditions:
        return True
    order = orjson.loads(entity.body)
    method = order["payment"]["method"]["code"]
    actual = {
        "status": order["order_status"]["code"],
        "delivery_option_id": order["shipping"]["method"]["id"],
        "payment_method": PAYMENT_METHODS[method][1] if method in PAYMENT_METHODS else method,
    }
    results = [actual[key] == _CONDITION_STATUS.get(value, value) for key, value in hook.conditions.items()]
    return all(results) if mode == "and" else any(results)
