"""Triggers, redelivery, faults, knobs."""

from __future__ import annotations

import asyncio
from dataclasses import asdict

import structlog
from aiohttp import web

from sandbox.control.errors import ControlError, as_json, count_of, known_only, number_of, read_json, text_of
from sandbox.control.world_routes import store_named
from sandbox.events.dispatch import app_event, redeliver
from sandbox.events.happenings import HAPPENINGS, happen
from sandbox.events.names import APP_EVENTS, MERCHANT_EVENTS
from sandbox.events.trigger import TriggerError
from sandbox.http import BACKGROUND, SANDBOX
from sandbox.sandbox import Sandbox
from sandbox.world.records import Json, Store

log = structlog.get_logger()

MOST_EVENTS = 100_000
_BATCH = 25
_TICK_SECONDS = 0.05


async def trigger(request: web.Request) -> web.Response:
    """`{"store_id", "event", "data"?, "count"?, "rate"?}`: changes the world, then delivers.

    Answers 202 `{"triggered": n, "ids": […]}` once the changes are made; deliveries go on by themselves. When it
    cannot happen as often as asked (no order is left to move), `stopped` says why. With
    `rate` the events are spread over time in the background, that many per real second, and `ids` is empty.
    """
    document = await read_json(request)
    known_only(document, "store_id", "event", "data", "count", "rate")
    sandbox = request.app[SANDBOX]
    event = _known_event(text_of(document, "event"))
    store = _store_of(sandbox, document)
    data = document.get("data") or {}
    if not isinstance(data, dict):
        raise ControlError("data", "data must be an object")
    count = count_of(document, "count", 1, MOST_EVENTS)
    if event in APP_EVENTS:
        return as_json({"triggered": _app_events(sandbox, store, event, data, count), "ids": []}, 202)
    if "rate" in document:
        rate = number_of(document, "rate", least=0.001)
        spread = asyncio.create_task(_spread(sandbox, store, event, data, count, rate))
        request.app[BACKGROUND].add(spread)
        spread.add_done_callback(request.app[BACKGROUND].discard)
        return as_json({"triggered": count, "ids": []}, 202)
    return as_json(await _at_once(sandbox, store, event, data, count), 202)


async def send_again(request: web.Request) -> web.Response:
    """`{"store_id"?, "event"?}`: every past delivery once more, as a duplicate."""
    document = await read_json(request)
    known_only(document, "store_id", "event")
    sandbox = request.app[SANDBOX]
    store = store_named(sandbox, document["store_id"], "store_id") if "store_id" in document else None
    event = _known_event(document["event"]) if "event" in document else None
    sent, skipped = redeliver(sandbox, store.id if store else None, event)
    return as_json({"redelivered": sent, "skipped": skipped}, 202)


async def show_knobs(request: web.Request) -> web.Response:
    """`{"knobs": {name: value}, "table": […]}`: values at a glance, and what each means."""
    table = request.app[SANDBOX].knobs.describe()
    return as_json({"knobs": {row["name"]: row["value"] for row in table}, "table": table})


async def set_knobs(request: web.Request) -> web.Response:
    """`{name: value, …}`: all of them or none."""
    sandbox = request.app[SANDBOX]
    sandbox.knobs.update(await read_json(request))
    return await show_knobs(request)


async def add_fault(request: web.Request) -> web.Response:
    """`{"route", "kind", "times"|"probability", …}`; the options are in sandbox.faults."""
    return as_json(asdict(request.app[SANDBOX].faults.add(await read_json(request))), 201)


async def list_faults(request: web.Request) -> web.Response:
    return as_json({"faults": [asdict(fault) for fault in request.app[SANDBOX].faults]})


async def remove_faults(request: web.Request) -> web.Response:
    """All of them, or `{"id": n}`."""
    document = await read_json(request)
    known_only(document, "id")
    fault_id = count_of(document, "id") if "id" in document else None
    return as_json({"removed": request.app[SANDBOX].faults.remove(fault_id)})


def _known_event(event: str) -> str:
    if event not in MERCHANT_EVENTS and event not in APP_EVENTS:
        raise ControlError("event", f"unknown event {event!r}; known: {', '.join((*MERCHANT_EVENTS, *APP_EVENTS))}")
    return event


def _store_of(sandbox: Sandbox, document: Json) -> Store:
    """The store that was named, or the only one there is."""
    stores = list(sandbox.world.stores)
    if "store_id" not in document and len(stores) == 1:
        return stores[0]
    if "store_id" not in document:
        raise ControlError("store_id", f"store_id is required; there are {len(stores)} stores")
    return store_named(sandbox, document["store_id"], "store_id")


def _app_events(sandbox: Sandbox, store: Store, event: str, data: Json, count: int) -> int:
    apps = [
        app for app in sandbox.world.apps if app.client_id in store.installs or app.client_id in store.subscriptions
    ]
    if not apps:
        raise ControlError("store_id", f"no app is installed in store {store.id}; activate one first", 409)
    return sum(app_event(sandbox, store, app, event, data) for _ in range(count) for app in apps)


async def _at_once(sandbox: Sandbox, store: Store, event: str, data: Json, count: int) -> Json:
    """Gives way every few events, so that deliveries start while the rest still happens."""
    ids: list[str] = []
    for number in range(count):
        try:
            ids.append(happen(sandbox, store, event, data))
        except TriggerError as reason:
            if not ids:
                raise
            return {"triggered": len(ids), "ids": ids, "stopped": str(reason)}
        if number % _BATCH == _BATCH - 1:
            await asyncio.sleep(0)
    return {"triggered": len(ids), "ids": ids}


async def _spread(sandbox: Sandbox, store: Store, event: str, data: Json, count: int, rate: float) -> None:
    """`rate` events per real second; a pause that came late is made up for."""
    loop = asyncio.get_running_loop()
    started, done = loop.time(), 0
    while done < count:
        due = min(count, int((loop.time() - started) * rate) + 1)
        try:
            for _ in range(due - done):
                happen(sandbox, store, event, data)
        except TriggerError as reason:
            log.warning("sandbox_trigger_stopped", topic=event, store_id=store.id, reason=str(reason), done=done)
            return
        done = due
        await asyncio.sleep(max(_TICK_SECONDS, 1 / rate if rate < 10 else 0))


assert set(HAPPENINGS) == set(MERCHANT_EVENTS)
