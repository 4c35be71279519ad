"""The control API as a table."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web

from sandbox.control import event_routes, report_routes, webhook_routes, world_routes
from sandbox.control.errors import answering, as_json
from sandbox.http import BACKGROUND

PREFIX = "/__sandbox"

ROUTES = (
    ("POST", "/reset", world_routes.reset),
    ("GET", "/apps", world_routes.list_apps),
    ("POST", "/apps", world_routes.register_app),
    ("GET", "/stores", world_routes.list_stores),
    ("POST", "/stores", world_routes.create_store),
    ("GET", "/stores/{id}/entities/{kind}", world_routes.show_entities),
    ("GET", "/stores/{id}/webhooks", webhook_routes.list_webhooks),
    ("POST", "/stores/{id}/webhooks", webhook_routes.change_webhooks),
    ("POST", "/stores/{id}/uninstall", world_routes.uninstall),
    ("GET", "/clock", world_routes.show_clock),
    ("POST", "/clock", world_routes.move_clock),
    ("POST", "/trigger", event_routes.trigger),
    ("POST", "/redeliver", event_routes.send_again),
    ("GET", "/knobs", event_routes.show_knobs),
    ("PUT", "/knobs", event_routes.set_knobs),
    ("GET", "/faults", event_routes.list_faults),
    ("POST", "/faults", event_routes.add_fault),
    ("DELETE", "/faults", event_routes.remove_faults),
    ("GET", "/requests", report_routes.show_requests),
    ("GET", "/deliveries", report_routes.show_deliveries),
    ("GET", "/stats", report_routes.show_stats),
)


def add_routes(app: web.Application) -> None:
    for method, path, handler in ROUTES:
        app.router.add_route(method, PREFIX + path, answering(handler))
    app.router.add_route("*", PREFIX + "/{rest:.*}", _unknown)
    app[BACKGROUND] = set()
    app.cleanup_ctx.append(_background)


async def _unknown(request: web.Request) -> web.Response:
    known = sorted({f"{method} {PREFIX}{path}" for method, path, _ in ROUTES})
    error = f"there is no {request.method} {request.path}; there is {', '.join(known)}"
    return as_json({"error": error, "field": "path"}, 404)


async def _background(app: web.Application) -> AsyncIterator[None]:
    """Triggers that are still spreading their events stop with the server."""
    yield
    running: set[asyncio.Task[None]] = app[BACKGROUND]
    tasks = list(running)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
