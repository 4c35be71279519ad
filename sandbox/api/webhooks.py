"""Subscriptions of an app in a store: create, list, delete by original_id. There is no update."""

from __future__ import annotations

import hashlib
import ipaddress
from typing import Any
from urllib.parse import urlsplit

from sandbox.api.answers import Answer, ConflictError, InvalidError, NotFoundError
from sandbox.api.gateway import Call
from sandbox.delivery.health import health, recover
from sandbox.events.names import CONDITIONAL_EVENTS, MERCHANT_EVENTS
from sandbox.generation.formats import iso_micros
from sandbox.settings import is_loopback
from sandbox.world.records import Json, Webhook

CONDITION_KEYS = ("status", "delivery_option_id", "payment_method")
_STATUS_CODES = {"healthy": "ready", "degraded": "ready", "broken": "error"}


def create_webhook(call: Call) -> Answer:
    """Answers the new object. Credentials count at the top level only."""
    document = call.incoming.document
    fields = _faults_in(call, document)
    if fields:
        raise InvalidError(fields)
    hook = _new_hook(call, document)
    _refuse_duplicate(call, hook)
    call.sandbox.world.add_webhook(hook)
    call.sandbox.stats.add("webhooks.created", call.store.id)
    if call.sandbox.knobs.flag("webhook.ping"):
        call.sandbox.courier.ping(hook.target_url)
    shown = webhook_object(call, hook)
    is_nested = call.sandbox.knobs.text("webhook.create_shape") == "data"
    return Answer(int(call.sandbox.knobs.text("webhook.create_status")), {"data": shown} if is_nested else shown)


def list_webhooks(call: Call) -> Answer:
    """Every subscription of this app in this store."""
    hooks = call.sandbox.world.webhooks_of(call.store.id, call.app.client_id)
    return Answer(document={"data": [webhook_object(call, hook) for hook in hooks]})


def delete_webhooks(call: Call) -> Answer:
    """Removes every subscription with this original_id at once; 404 when there is none."""
    original_id = call.query.get("original_id") or str(call.incoming.document.get("original_id", ""))
    if not original_id:
        raise InvalidError({"original_id": ["The original_id field is required."]})
    hooks = call.sandbox.world.webhooks_of(call.store.id, call.app.client_id)
    gone = [hook for hook in hooks if hook.original_id == original_id]
    if not gone:
        raise NotFoundError
    for hook in gone:
        call.sandbox.world.remove_webhook(hook)
        call.sandbox.courier.discard(hook.id)
    return Answer(200, {"status": "success"})


def delete_by_subscriber(_: Call) -> Answer:
    """Deprecated by Zid; answered 404 with an app id."""
    raise NotFoundError


def health_summary(call: Call) -> Answer:
    """Sandbox-only path (U7): how many webhooks are in which state."""
    counts = dict.fromkeys(("healthy", "degraded", "broken"), 0)
    for hook in call.sandbox.world.webhooks_of(call.store.id, call.app.client_id):
        counts[health(hook, call.sandbox.world.now())] += 1
    return Answer(document={"data": counts})


def list_broken(call: Call) -> Answer:
    """Sandbox-only path (U7): the broken webhooks."""
    hooks = call.sandbox.world.webhooks_of(call.store.id, call.app.client_id)
    return Answer(document={"data": [webhook_object(call, hook) for hook in hooks if hook.broken_at is not None]})


def recover_webhook(call: Call) -> Answer:
    """Sandbox-only path (U7): takes the webhook's UUID and a new target URL, as documented."""
    document = call.incoming.document
    hook = call.sandbox.world.webhooks.get(str(document.get("id", "")))
    if hook is None or (hook.store_id, hook.client_id) != (call.store.id, call.app.client_id):
        raise NotFoundError
    fields = _url_faults(call, document.get("target_url"))
    if fields:
        raise InvalidError(fields)
    recover(hook, document["target_url"])
    call.sandbox.world.webhooks.touch(hook.id)
    return Answer(document=webhook_object(call, hook))


def webhook_object(call: Call, hook: Webhook) -> Json:
    """All ids are strings; `store_id` is the store's UUID."""
    knobs, state = call.sandbox.knobs, health(hook, call.sandbox.world.now())
    is_silent = state == "broken" and knobs.text("webhook.broken_style") == "inactive"
    shown: Json = {"id": hook.id, "event": hook.event, "target_url": hook.target_url, "store_id": hook.store_uuid}
    shown.update(conditions=hook.conditions, original_id=hook.original_id, subscriber=hook.subscriber)
    shown.update(active=not is_silent, doc=None)
    code = "inactive" if is_silent else _STATUS_CODES[state]
    if (shape := knobs.text("webhook.status_shape")) != "absent":
        shown["status"] = {"code": code, "name": code.title()} if shape == "object" else code
    if knobs.text("webhook.broken_style") == "health":
        shown["health_status"] = state
        shown["broken_at"] = None if hook.broken_at is None else iso_micros(hook.broken_at)
    if knobs.flag("webhook.echo_credentials"):
        shown.update(username=hook.username or None, password=hook.password or None)
    return shown


def _new_hook(call: Call, document: Json) -> Webhook:
    return Webhook(
        id=call.sandbox.world.secret_uuid(),
        client_id=call.app.client_id,
        store_id=call.store.id,
        store_uuid=call.store.uuid,
        event=document["event"],
        target_url=document["target_url"],
        original_id=str(document["original_id"]),
        subscriber=hashlib.md5(call.app.client_id.encode(), usedforsecurity=False).hexdigest(),
        conditions=document.get("conditions"),
        username=str(document.get("username") or ""),
        password=str(document.get("password") or ""),
    )


def _refuse_duplicate(call: Call, hook: Webhook) -> None:
    """The same event, original_id and target once more: what Zid says is unknown (U6)."""
    policy = call.sandbox.knobs.text("webhook.duplicate")
    if policy == "second":
        return
    same = (hook.event, hook.original_id, hook.target_url)
    for other in call.sandbox.world.webhooks_of(call.store.id, call.app.client_id):
        if (other.event, other.original_id, other.target_url) == same:
            fields = {"event": ["The event has already been taken."]}
            raise ConflictError(fields) if policy == "409" else InvalidError(fields)


def _faults_in(call: Call, document: Json) -> dict[str, list[str]]:
    fields = _url_faults(call, document.get("target_url"))
    if document.get("event") not in MERCHANT_EVENTS:
        fields["event"] = ["The selected event is invalid."]
    if not isinstance(document.get("original_id"), int | str) or document.get("original_id") == "":
        fields["original_id"] = ["The original_id field is required."]
    fields |= _condition_faults(document.get("event"), document.get("conditions"))
    has_credentials = document.get("username") and document.get("password")
    if call.sandbox.knobs.flag("webhook.require_credentials") and not has_credentials:
        fields["username"] = ["The username and password fields are required."]
    return fields


def _condition_faults(event: Any, conditions: Any) -> dict[str, list[str]]:
    if not conditions:
        return {}
    if not isinstance(conditions, dict) or conditions.keys() - set(CONDITION_KEYS):
        return {"conditions": [f"The conditions may hold {', '.join(CONDITION_KEYS)}."]}
    if event not in CONDITIONAL_EVENTS:
        return {"conditions": ["This event takes no conditions."]}
    return {}


def _url_faults(call: Call, url: Any) -> dict[str, list[str]]:
    parts = urlsplit(url) if isinstance(url, str) else None
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        return {"target_url": ["The target_url format is invalid."]}
    policy = call.sandbox.knobs.text("webhook.url_policy")
    if policy != "all" and parts.scheme != "https":
        return {"target_url": ["The target_url must start with https://."]}
    if policy == "public" and _is_private(parts.hostname):
        return {"target_url": ["The target_url must be a public address."]}
    return {}


def _is_private(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return is_loopback(host)
