"""The web application: every route in one table, and what every request passes on the way to it."""

from __future__ import annotations

import asyncio

from aiohttp import web

from entrypoints.http import app_events, embedded, health, install_pages, webhooks
from entrypoints.http.api import (
    alerts,
    api_keys,
    audit,
    auth,
    backfill,
    carts,
    categories,
    customer_changes,
    customer_records,
    customers,
    dead_letter_jobs,
    dead_letters,
    description,
    embedded_tokens,
    erasures,
    events,
    inventory,
    ledger,
    order_changes,
    orders,
    pauses,
    product_changes,
    products,
    reconciliation,
    rejected,
    segments,
    static_lists,
    store_changes,
    stores,
    subscriptions,
)
from entrypoints.http.arrival import PROXIES, ProxyWatch, arrive
from entrypoints.http.console import alerts as console_alerts
from entrypoints.http.console import audit as console_audit
from entrypoints.http.console import (
    catalog,
    catalog_people,
    dead,
    dead_group,
    dead_jobs,
    events_actions,
    events_one,
    login,
    settings,
    settings_keys,
    store,
    store_actions,
    store_endings,
    streaming,
    views,
)
from entrypoints.http.console import events as console_events
from entrypoints.http.console import stores as console_stores
from entrypoints.http.console.overview import Lookout
from entrypoints.http.guarding import guard
from entrypoints.http.health_services import HEALTH
from entrypoints.http.keyed import keyed
from entrypoints.http.limits import limit_addresses
from entrypoints.http.pages import assets
from entrypoints.http.routing import Route, add_routes
from entrypoints.http.services import SERVICES, HttpServices
from entrypoints.http.tracing import insist_on_https, stamp, trace

ALL_ROUTES: tuple[Route, ...] = (
    *webhooks.ROUTES,
    *app_events.ROUTES,
    *install_pages.ROUTES,
    *embedded.ROUTES,
    *auth.ROUTES,
    *ledger.ROUTES,
    *audit.ROUTES,
    *alerts.ROUTES,
    *stores.ROUTES,
    *products.ROUTES,
    *product_changes.ROUTES,
    *categories.ROUTES,
    *store_changes.ROUTES,
    *inventory.ROUTES,
    *orders.ROUTES,
    *order_changes.ROUTES,
    *customers.ROUTES,
    *customer_changes.ROUTES,
    *customer_records.ROUTES,
    *segments.ROUTES,
    *carts.ROUTES,
    *static_lists.ROUTES,
    *subscriptions.ROUTES,
    *backfill.ROUTES,
    *reconciliation.ROUTES,
    *pauses.ROUTES,
    *embedded_tokens.ROUTES,
    *erasures.ROUTES,
    *rejected.ROUTES,  # before the events, whose ids match anything
    *events.ROUTES,
    *dead_letters.ROUTES,
    *dead_letter_jobs.ROUTES,
    *api_keys.ROUTES,
    *health.ROUTES,
    *health.INSTALL_ROUTES,
    *description.ROUTES,
    *login.ROUTES,
    *views.ROUTES,
    *dead.ROUTES,
    *dead_jobs.ROUTES,
    *dead_group.ROUTES,
    *console_events.ROUTES,
    *events_one.ROUTES,
    *events_actions.ROUTES,
    *console_stores.ROUTES,
    *store.ROUTES,
    *store_actions.ROUTES,
    *store_endings.ROUTES,
    *catalog.ROUTES,
    *catalog_people.ROUTES,
    *console_alerts.ROUTES,
    *console_audit.ROUTES,
    *settings.ROUTES,
    *settings_keys.ROUTES,
    *assets.ROUTES,
)


def create_app(services: HttpServices) -> web.Application:
    """The application, ready for a runner. Does no I/O; streams to the console end when the runner shuts down."""
    app = web.Application(
        middlewares=[trace, guard, arrive, limit_addresses, keyed],
        client_max_size=services.doors.largest_body,
    )
    app[SERVICES] = services
    app[PROXIES] = ProxyWatch()
    app[HEALTH] = services.health
    app[webhooks.INTAKE] = webhooks.Intake()
    app.cleanup_ctx.append(webhooks.watch_lag)
    app[streaming.STREAMS] = streaming.Streams()
    app[views.LOOKOUT] = Lookout(services)
    app[settings.EXAMINING] = asyncio.Lock()
    add_routes(app, embedded.in_frames(ALL_ROUTES, services.settings.frames))
    app.on_response_prepare.append(stamp)
    if services.settings.secure:
        app.on_response_prepare.append(insist_on_https)
    app.on_shutdown.append(streaming.end_streams)
    return app
