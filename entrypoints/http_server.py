"""The http process: serves the application on sockets that listen already."""

from __future__ import annotations

import socket
from collections.abc import Sequence

import structlog
from aiohttp import web

from config.container import running_version
from config.settings import Settings
from entrypoints.http.api_keys import BootstrapKeys
from entrypoints.http.app import create_app
from entrypoints.http.services import HttpServices, HttpSettings, Mirror
from entrypoints.http.serving import make_runner
from entrypoints.listening import BACKLOG
from entrypoints.process import stop_signal
from entrypoints.wiring import Daemon, daemon, health_services

log = structlog.get_logger()


async def run_http(settings: Settings, listening: Sequence[socket.socket]) -> None:
    """Serves until SIGTERM or SIGINT; then answers what has begun, within SHUTDOWN_GRACE seconds."""
    stop = stop_signal()
    async with daemon(settings, "http") as parts:
        runner = make_runner(create_app(http_services(parts)), grace=settings.shutdown_grace)
        await runner.setup()
        for one in listening:
            # Without it the event loop would listen again, with a backlog of 128.
            await web.SockSite(runner, one, backlog=BACKLOG).start()
        log.info("http_serving", addresses=[str(one.getsockname()) for one in listening])
        await stop.wait()
        log.info("http_draining")
        await runner.cleanup()
        await parts.adapters.inbox().aclose()


def http_services(parts: Daemon) -> HttpServices:
    """What the routes work with, made of an opened process."""
    adapters, features, settings = parts.adapters, parts.features, parts.settings
    return HttpServices(
        settings=_http_settings(settings),
        health=health_services(parts),
        ingest=features.ingest(),
        install=features.install(),
        refresh=features.refresh(),
        uninstall=features.uninstall(),
        app_events=features.app_events(),
        store_subscriptions=adapters.store_subscriptions(),
        installations=adapters.installations(),
        token_statuses=adapters.token_statuses(),
        reader=adapters.reader(),
        desk=adapters.desk(),
        announcer=parts.announcer,
        api_keys=BootstrapKeys((settings.admin_api_key,) if settings.admin_api_key else ()),
        idempotency=adapters.idempotency_keys(),
        gateway=features.gateway(),
        trail=adapters.audit_trail(),
        worker=lambda: parts.lease.worker,
        mirror=Mirror(
            orders=adapters.mirrored_orders(),
            products=adapters.mirrored_products(),
            customers=adapters.mirrored_customers(),
            categories=adapters.mirrored_categories(),
            carts=adapters.mirrored_carts(),
            stock=adapters.stock_ledger(),
        ),
        records=adapters.customer_records(),
        segments=adapters.segments(),
        audience=adapters.audience(),
        backfill=features.ask_for_backfill(),
        subscribe=features.webhooks(),
        topics=features.topics(),
        cache=adapters.cache(),
    )


def _http_settings(settings: Settings) -> HttpSettings:
    return HttpSettings(
        public_url=settings.public_url,
        version=running_version(),
        admin_keys=(settings.admin_api_key,) if settings.admin_api_key else (),
        app_events_secrets=settings.app_events_secret,
        session_keys=(settings.session_key,) if settings.session_key else (),
        webhook_max_bytes=settings.webhook_max_bytes,
        app_id=settings.zid_app_id,
    )
