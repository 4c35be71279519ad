"""The http process: serves the application on sockets that listen already."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from typing import Final

import structlog
from aiohttp import web

from config.container import Adapters
from config.in_force import in_force
from config.settings import Settings
from config.version import running_version
from config.ways_in import limits, own_hosts
from entrypoints.examining import examination
from entrypoints.http.app import create_app
from entrypoints.http.connections import Patience
from entrypoints.http.services import (
    Customers,
    Doors,
    Erasing,
    HttpServices,
    HttpSettings,
    Inside,
    Keys,
    Mirror,
    Overlook,
    StoreSights,
)
from entrypoints.http.serving import allow_many_connections, make_runner
from entrypoints.known_database import is_known, remember
from entrypoints.listening import BACKLOG
from entrypoints.process import Loops, settle_in, stop_signal
from entrypoints.spool_keeping import SpoolKeeper, SpoolServices
from entrypoints.wiring import Daemon, daemon, health_services

log = structlog.get_logger()

LEAST_DRAIN_SECONDS: Final = 1.0
"""For the spool, where answering took the whole grace time."""


async def run_http(settings: Settings, listening: Sequence[socket.socket]) -> None:
    """Serves until SIGTERM or SIGINT; then answers what has begun and empties the spool, within SHUTDOWN_GRACE seconds.

    It also starts while a database that it knows is away: what Zid delivers is spooled.
    """
    stop = stop_signal()
    async with daemon(settings, "http", may_wait=is_known(settings)) as parts:
        keeper = spool_keeper(parts)
        if parts.features.presence().is_there:
            remember(settings)
        patience = Patience(connections=allow_many_connections())
        app = create_app(http_services(parts))
        runner = make_runner(app, grace=settings.shutdown_grace, patience=patience)
        await runner.setup()
        async with Loops() as loops:
            keeper.start(loops)
            for one in listening:
                # Without it the event loop would listen again, with a backlog of 128.
                await web.SockSite(runner, one, backlog=BACKLOG).start()
            settle_in()
            log.info("http_serving", addresses=[str(one.getsockname()) for one in listening])
            await stop.wait()
            until = time.monotonic() + settings.shutdown_grace
            log.info("http_draining")
            await runner.cleanup()
        await keeper.drain(max(LEAST_DRAIN_SECONDS, until - time.monotonic()))
        await _close(parts)


async def _close(parts: Daemon) -> None:
    """In the order in which they hand on to each other."""
    adapters = parts.adapters
    await adapters.prompt_inbox().aclose()
    await adapters.inbox().aclose()
    await adapters.spool().aclose()
    await adapters.gap_notes().aclose()


def spool_keeper(parts: Daemon) -> SpoolKeeper:
    """What replays this process's spool."""
    adapters, features = parts.adapters, parts.features
    return SpoolKeeper(
        SpoolServices(
            spool=adapters.spool(),
            replay=features.replay_spool(),
            inbox=features.spooling(),
            presence=features.presence(),
            gaps=features.note_gaps(),
            metrics=adapters.metrics(),
            rejected=features.log_rejections(),
            monotonic=adapters.clock().monotonic,
            watch=features.watch_symptoms(),
            machine=socket.gethostname(),
        )
    )


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
        check_tokens=adapters.check_tokens(),
        app_events=features.app_events(),
        store_subscriptions=adapters.store_subscriptions(),
        installations=adapters.installations(),
        token_statuses=adapters.token_statuses(),
        reader=adapters.reader(),
        search=adapters.search(),
        desk=adapters.desk(),
        dead=adapters.decide_dead_letters(),
        announcer=parts.announcer,
        keys=Keys(features.api_keys(), adapters.key_book(), features.keeping_keys(), features.console()),
        idempotency=adapters.idempotency_keys(),
        gateway=features.gateway(),
        trail=adapters.audit_trail(),
        audit=adapters.audit_trail(),
        alerts=adapters.alerts(),
        inside=_inside(parts),
        worker=lambda: parts.lease.worker,
        mirror=_mirror(adapters),
        customers=Customers(adapters.customer_records(), adapters.segments(), adapters.audience()),
        backfill=features.ask_for_backfill(),
        reconciliation=features.ask_for_reconciliation(),
        pausing=features.pausing(),
        webhooks=features.check_webhooks(),
        webhook_checks=adapters.webhook_checks(),
        cache=adapters.cache(),
        rejected=features.log_rejections(),
        rejections=adapters.rejections(),
        erasing=Erasing(features.erase(), adapters.erasures(), adapters.personal_data()),
        stores=StoreSights(adapters.store_directory(), adapters.store_life()),
        overlook=_overlook(adapters),
        embedded=features.embedded_visits() if settings.zid_embedded else None,
        doors=_doors(parts),
    )


def _overlook(adapters: Adapters) -> Overlook:
    return Overlook(
        adapters.standing_work(),
        adapters.bulletins(),
        lambda: adapters.breakers().standing,
        adapters.limiter().held_back,
    )


def _inside(parts: Daemon) -> Inside:
    handlers = parts.features.handlers()
    return Inside(
        examine=examination(parts.adapters, parts.settings, handlers),
        key_status=parts.adapters.key_status(),
        handlers=handlers,
        configuration=in_force(parts.settings),
        seals=parts.adapters.audit_seals(),
    )


def _doors(parts: Daemon) -> Doors:
    settings = parts.settings
    return Doors(
        keeper=parts.adapters.door_keeper(),
        limits=limits(settings),
        hosts=own_hosts(settings),
        force_https=settings.force_https,
        largest_body=settings.api_max_bytes,
    )


def _mirror(adapters: Adapters) -> Mirror:
    return Mirror(
        orders=adapters.mirrored_orders(),
        products=adapters.mirrored_products(),
        customers=adapters.mirrored_customers(),
        categories=adapters.mirrored_categories(),
        carts=adapters.mirrored_carts(),
        stock=adapters.stock_ledger(),
    )


def _http_settings(settings: Settings) -> HttpSettings:
    return HttpSettings(
        public_url=settings.public_url,
        version=running_version(),
        app_events_secrets=settings.app_events_secret,
        session_keys=settings.session_key,
        webhook_max_bytes=settings.webhook_max_bytes,
        app_id=settings.zid_app_id,
        frames=settings.frames,
        handler_modules=settings.wasl_handlers,
    )
