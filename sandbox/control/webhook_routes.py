"""What becomes of subscriptions behind the app's back: removed, broken, switched off."""

from __future__ import annotations

from aiohttp import web

from sandbox.control.errors import ControlError, as_json, known_only, read_json, text_of
from sandbox.control.world_routes import store_named
from sandbox.delivery.health import BROKEN_AT, DEGRADED_AT, health, note_failure
from sandbox.http import SANDBOX
from sandbox.sandbox import Sandbox
from sandbox.world.records import Json, Webhook

FATES = ("remove", "degrade", "break")


async def list_webhooks(request: web.Request) -> web.Response:
    """`{"items": […]}`: id, event, target_url, original_id and health of every subscription of the store."""
    sandbox = request.app[SANDBOX]
    store = store_named(sandbox, request.match_info["id"], "id")
    return as_json({"items": [_shown(sandbox, hook) for hook in sandbox.world.webhooks_of(store.id)]})


async def change_webhooks(request: web.Request) -> web.Response:
    """`{"event", "do": "remove"|"degrade"|"break"}`: to every subscription of that event; answers how many."""
    document = await read_json(request)
    known_only(document, "event", "do")
    sandbox, event, fate = request.app[SANDBOX], text_of(document, "event"), text_of(document, "do")
    store = store_named(sandbox, request.match_info["id"], "id")
    if fate not in FATES:
        raise ControlError("do", f"do must be one of {', '.join(FATES)}, not {fate!r}")
    hooks = [hook for hook in sandbox.world.webhooks_of(store.id) if hook.event == event]
    for hook in hooks:
        _change(sandbox, hook, fate)
    return as_json({"changed": len(hooks)})


def _change(sandbox: Sandbox, hook: Webhook, fate: str) -> None:
    """What is broken or gone loses its pending deliveries, as at Zid."""
    if fate == "remove":
        sandbox.world.remove_webhook(hook)
    else:
        for _ in range(BROKEN_AT if fate == "break" else DEGRADED_AT):
            note_failure(hook, sandbox.world.now())
        sandbox.world.webhooks.touch(hook.id)
    if fate != "degrade":
        sandbox.courier.discard(hook.id)


def _shown(sandbox: Sandbox, hook: Webhook) -> Json:
    shown: Json = {"id": hook.id, "event": hook.event, "target_url": hook.target_url, "original_id": hook.original_id}
    return shown | {"health": health(hook, sandbox.world.now())}
