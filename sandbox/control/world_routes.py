"""Apps, stores, reset, uninstall, clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from aiohttp import web

from sandbox.control.errors import ControlError, as_json, count_of, known_only, number_of, read_json, text_of
from sandbox.control.seeding import fill
from sandbox.events.dispatch import app_event
from sandbox.events.opening import open_shop
from sandbox.generation.stores import new_store
from sandbox.http import BACKGROUND, SANDBOX
from sandbox.sandbox import Sandbox
from sandbox.settings import DEFAULT_SCOPES, AppRegistration
from sandbox.world.records import Json, Store
from sandbox.world.shelves import KINDS, SHOP_KINDS

_APP_KEYS = (
    "client_id", "client_secret", "app_id", "callback_url", "redirection_url", "application_url", "name",
    "app_event_urls", "scopes", "event_username", "event_password",
)  # fmt: skip


async def reset(request: web.Request) -> web.Response:
    """`{"seed"?: n, "now"?: RFC 3339}`: an empty world, default knobs, no faults; the configured app stays."""
    document = await read_json(request)
    known_only(document, "seed", "now")
    sandbox = request.app[SANDBOX]
    seed = count_of(document, "seed", sandbox.settings.seed, most=2**53)
    now = _moment(document.get("now"))
    for spreading in request.app[BACKGROUND]:
        spreading.cancel()
    sandbox.reset(seed, now)
    return as_json({"seed": seed, "now": sandbox.clock.now()})


async def register_app(request: web.Request) -> web.Response:
    """Registers an app, or changes one; changed scopes end every store's authorization, as at Zid.

    `{"client_id", "client_secret", "app_id", "callback_url", "redirection_url", "application_url"?, "name"?,
    "app_event_urls"?: URL | {event or "*": URL}, "scopes"?: […], "event_username"?, "event_password"?}`
    """
    document = await read_json(request)
    known_only(document, *_APP_KEYS)
    sandbox = request.app[SANDBOX]
    app = _app(document)
    clash = sandbox.world.app_by_id(app.app_id)
    if clash is not None and clash.client_id != app.client_id:
        raise ControlError("app_id", f"app_id {app.app_id} belongs to client {clash.client_id}; choose another", 409)
    before = sandbox.world.apps.get(app.client_id)
    sandbox.world.apps.put(app.client_id, app)
    if before is not None and set(before.scopes) != set(app.scopes):
        for store in sandbox.world.stores:
            sandbox.world.revoke(app.client_id, store.id, "scopes")
    return as_json(_app_shown(app), 201 if before is None else 200)


async def list_apps(request: web.Request) -> web.Response:
    return as_json({"apps": [_app_shown(app) for app in request.app[SANDBOX].world.apps]})


async def create_store(request: web.Request) -> web.Response:
    """Creates a store with that many generated entities; answers its ids.

    `{"store_id"?, "title"?, "has_multi_product_inventory"?, "products"?, "orders"?, "customers"?, "categories"?,
    "carts"?, "denied_permissions"?: […]}`. Orders and carts bring ten products along when none were asked for.
    `denied_permissions` are what the merchant's own user may not do, such as `orders.status.change`.
    """
    document = await read_json(request)
    known_only(document, "store_id", "title", "has_multi_product_inventory", "denied_permissions", *KINDS)
    sandbox = request.app[SANDBOX]
    store = new_store(sandbox.world, _new_store_id(sandbox, document), document.get("title"))
    store.has_multi_product_inventory = bool(document.get("has_multi_product_inventory", True))
    counts = {kind: count_of(document, kind) for kind in KINDS}
    if (counts["orders"] or counts["carts"]) and not counts["products"]:
        counts["products"] = 10
    store.denied_permissions = _names(document, "denied_permissions")
    if not store.has_multi_product_inventory:
        del store.location_ids[1:]
    sandbox.world.stores.put(str(store.id), store)
    open_shop(sandbox, store)
    ids = await fill(sandbox, store, counts)
    return as_json(_store_shown(sandbox, store) | {"ids": ids}, 201)


async def list_stores(request: web.Request) -> web.Response:
    sandbox = request.app[SANDBOX]
    return as_json({"stores": [_store_shown(sandbox, store) for store in sandbox.world.stores]})


async def show_entities(request: web.Request) -> web.Response:
    """`{"items": […]}`: the store's orders, products … coupons or reverse orders as they are now, whole."""
    sandbox, kind = request.app[SANDBOX], request.match_info["kind"]
    store = store_named(sandbox, request.match_info["id"], "id")
    if kind not in KINDS + SHOP_KINDS:
        raise ControlError("kind", f"kind must be one of {', '.join(KINDS + SHOP_KINDS)}, not {kind!r}", 404)
    bodies = [entity.body for entity in sandbox.world.shelves.alive(store.id, kind)]
    return web.Response(body=b'{"items":[' + b",".join(bodies) + b"]}", content_type="application/json")


async def uninstall(request: web.Request) -> web.Response:
    """`{"app_id"?}`: kills the app's tokens in the store and sends the uninstall event (U36 says in which order)."""
    document = await read_json(request)
    known_only(document, "app_id")
    sandbox = request.app[SANDBOX]
    store = store_named(sandbox, request.match_info["id"], "id")
    app = _app_named(sandbox, document.get("app_id"))
    when = sandbox.knobs.value("uninstall.kill_tokens")
    later = sandbox.world.now() + float(when) if isinstance(when, int | float) else None
    sandbox.world.revoke(app.client_id, store.id, "uninstalled", at=later)
    _drop_webhooks(sandbox, store, app)
    is_sent = app_event(sandbox, store, app, "app.market.application.uninstall")
    store.subscriptions.pop(app.client_id, None)
    store.embedded.pop(app.client_id, None)
    store.installs[app.client_id] = "uninstalled"
    sandbox.world.stores.touch(str(store.id))
    return as_json({"store_id": store.id, "app_id": app.app_id, "event_sent": is_sent})


async def move_clock(request: web.Request) -> web.Response:
    """`{"advance_seconds": n}`: what is due by then happens at once."""
    document = await read_json(request)
    known_only(document, "advance_seconds")
    clock = request.app[SANDBOX].clock
    clock.advance(number_of(document, "advance_seconds"))
    return as_json({"now": clock.now(), "time_scale": clock.scale})


async def show_clock(request: web.Request) -> web.Response:
    clock = request.app[SANDBOX].clock
    return as_json({"now": clock.now(), "time_scale": clock.scale})


def store_named(sandbox: Sandbox, store_id: object, field: str) -> Store:
    """The store with that id; raises ControlError (404) naming the ones there are."""
    store = sandbox.world.stores.get(str(store_id))
    if store is None:
        known = ", ".join(str(other.id) for other in list(sandbox.world.stores)[:10]) or "none yet"
        raise ControlError(
            field, f"there is no store {store_id}; POST /__sandbox/stores creates one. Known: {known}", 404
        )
    return store


def _app_named(sandbox: Sandbox, app_id: object) -> AppRegistration:
    app = sandbox.default_app() if app_id is None else sandbox.world.app_by_id(_as_int(app_id))
    if app is None:
        raise ControlError("app_id", "name a registered app with app_id; GET /__sandbox/apps lists them", 404)
    return app


def _as_int(value: object) -> int:
    return int(str(value)) if str(value).isdecimal() else -1


def _drop_webhooks(sandbox: Sandbox, store: Store, app: AppRegistration) -> None:
    if sandbox.knobs.text("uninstall.webhooks") == "keep":
        return
    for hook in sandbox.world.webhooks_of(store.id, app.client_id):
        sandbox.world.remove_webhook(hook)
        sandbox.courier.discard(hook.id)


def _new_store_id(sandbox: Sandbox, document: Json) -> int | None:
    if "store_id" not in document:
        return None
    store_id = count_of(document, "store_id", most=2**53)
    if str(store_id) in sandbox.world.stores:
        raise ControlError("store_id", f"store {store_id} exists already; leave store_id out to get a free one", 409)
    return store_id


def _app(document: Json) -> AppRegistration:
    app_id = document.get("app_id")
    if not isinstance(app_id, int) or isinstance(app_id, bool):
        raise ControlError("app_id", "app_id is required and must be a number (the App id, not the client id)")
    return AppRegistration(
        client_id=str(document.get("client_id") or _missing("client_id")),
        client_secret=text_of(document, "client_secret"),
        app_id=app_id,
        callback_url=text_of(document, "callback_url"),
        redirection_url=text_of(document, "redirection_url"),
        application_url=text_of(document, "application_url", ""),
        name=text_of(document, "name", "Sandbox app"),
        app_event_urls=event_urls(document.get("app_event_urls", {})),
        scopes=tuple(_names(document, "scopes", DEFAULT_SCOPES)),
        event_username=text_of(document, "event_username", ""),
        event_password=text_of(document, "event_password", ""),
    )


def _names(document: Json, name: str, default: Sequence[str] = ()) -> list[str]:
    value = document.get(name, list(default))
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ControlError(name, f"{name} must be a list of names")
    return value


def event_urls(value: Any) -> dict[str, str]:
    """One URL for all app events, or an object that maps events (or `*`) to URLs."""
    if isinstance(value, str):
        return {"*": value}
    if isinstance(value, dict) and all(isinstance(url, str) for url in value.values()):
        return value
    raise ControlError("app_event_urls", 'app_event_urls must be a URL or an object like {"*": "https://…"}')


def _missing(name: str) -> str:
    raise ControlError(name, f"{name} is required")


def _app_shown(app: AppRegistration) -> Json:
    """Everything but the secrets."""
    return {name: getattr(app, name) for name in _APP_KEYS if name not in ("client_secret", "event_password")}


def _store_shown(sandbox: Sandbox, store: Store) -> Json:
    shelves = sandbox.world.shelves
    counts = {kind: sum(1 for _ in shelves.alive(store.id, kind)) for kind in KINDS}
    shown: Json = {"store_id": store.id, "uuid": store.uuid, "title": store.title, "installs": store.installs}
    shown["activate_url"] = f"/__sandbox/stores/{store.id}/activate"
    return shown | {"webhooks": len(sandbox.world.webhooks_of(store.id)), "counts": counts}


def _moment(value: object) -> float | None:
    if value is None:
        return None
    try:
        return datetime.fromisoformat(str(value)).timestamp()
    except ValueError:
        raise ControlError("now", f"now must be a time like 2026-01-31T12:00:00Z, not {value!r}") from None
