"""What every daemon opens before its work: adapters, a lease, an announcer, the features."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import structlog

from config.container import Adapters, Features
from config.handlers import load_handlers
from config.lifespan import KNOWN_DATABASE_SECONDS, open_adapters
from config.settings import Queue, Settings
from core.domain.events import ClaimedRun
from core.errors import LostClaim, Unavailable
from core.features.event_handlers.context import Log
from entrypoints.announcer import BackgroundAnnouncer
from entrypoints.http.health_services import HealthServices
from entrypoints.lease import LEASE_SECONDS, Lease
from entrypoints.limits import within
from entrypoints.own_numbers import watch_itself
from entrypoints.process import Loops, keep_doing
from entrypoints.pulses import PULSES, Pulses
from entrypoints.ring_guarding import BEAT_EVERY, RingGuarding

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Daemon:
    """One process's parts, ready to work with."""

    settings: Settings
    adapters: Adapters
    features: Features
    lease: Lease
    announcer: BackgroundAnnouncer
    kind: str
    pulses: Pulses


class Database:
    """The database's part in a start: schema, lease and keys are looked at as soon as it answers."""

    def __init__(self, adapters: Adapters, lease: Lease, rings: RingGuarding) -> None:
        self._adapters = adapters
        self._lease = lease
        self._rings = rings
        self.is_ready = False

    async def ask(self) -> None:
        """Returns when the database answers and this process may work with it.

        Raises Unavailable, SchemaTooOld, and SettingInvalid for keys that do not fit. One caller at a time.
        """
        if self.is_ready:
            await self._adapters.ping_database()()
            return
        await self._adapters.check_schema()()
        await _warn_of_powers(self._adapters)
        await self._lease.join()
        await self._rings.meet()
        self.is_ready = True


@asynccontextmanager
async def daemon(settings: Settings, kind: str, *, may_wait: bool = False) -> AsyncIterator[Daemon]:
    """Everything opened and kept alive. On the way out: renewals drained, announcements flushed, lease left.

    With `may_wait` a database that does not answer now is waited for by whoever asks it; `presence` says it is away.
    """
    handlers = load_handlers(settings.wasl_handlers)
    pulses = Pulses()
    PULSES.set(pulses)
    async with open_adapters(settings, kind, may_wait=may_wait) as adapters:
        lease = Lease(adapters.workers(), kind)
        rings = RingGuarding(adapters.guard_rings(), lease, kind)
        database = Database(adapters, lease, rings)
        announcer = BackgroundAnnouncer(adapters.indexes())
        features = Features(
            settings=settings,
            adapters=adapters,
            handlers=handlers,
            announcer=announcer,
            worker=lambda: lease.worker,
            ask_database=database.ask,
            within=within,
            log_for=log_for,
        )
        features.check_dependencies()
        await _meet(database, features, may_wait=may_wait)
        async with Loops() as loops:
            loops.start("lease", keep_doing("lease", lambda: _renew(lease, pulses), every=lease.every))
            loops.start("rings", keep_doing("rings", rings.beat, every=BEAT_EVERY))
            loops.start("announcer", announcer.run())
            loops.start("own numbers", watch_itself(adapters.metrics(), adapters.pool_usage()))
            yield Daemon(settings, adapters, features, lease, announcer, kind, pulses)
            await _leave(features, announcer, lease)


async def _renew(lease: Lease, pulses: Pulses) -> None:
    await lease.renew()
    pulses.note_answer("postgres")


async def _warn_of_powers(adapters: Adapters) -> None:
    """The audit shows what was altered; with a role of few powers a process that was taken over alters nothing."""
    role = await adapters.database_role()()
    if role.powers:
        fix = "DATABASE_URL should name a role that owns nothing, MIGRATE_DATABASE_URL the owner: see SECURITY.md"
        log.warning("database_role_too_powerful", role=role.name, because="; ".join(role.powers), fix=fix)


async def _meet(database: Database, features: Features, *, may_wait: bool) -> None:
    """The database's part in the start; with `may_wait` it may come later."""
    if not may_wait:
        return await database.ask()
    try:
        async with asyncio.timeout(KNOWN_DATABASE_SECONDS):
            await database.ask()
    except (Unavailable, TimeoutError) as error:
        features.presence().note_away(str(error) or "it does not answer")
    return None


LEAVING_SECONDS = 10.0


async def _leave(features: Features, announcer: BackgroundAnnouncer, lease: Lease) -> None:
    """Each step is best effort: what is not done here is done by the sweep or by the lease's end."""
    with suppress(TimeoutError):
        async with asyncio.timeout(LEAVING_SECONDS):
            await features.tokens().drain()
            await announcer.flush()
            await lease.leave()


def log_for(run: ClaimedRun) -> Log:
    """A handler's logger: carries the run's ids."""
    bound: Log = structlog.get_logger().bind(
        event_id=str(run.event.event_id), store_id=run.event.store_id, topic=run.event.topic, handler=run.handler
    )
    return bound


def health_services(parts: Daemon) -> HealthServices:
    """What this process says about itself: its numbers, and whether what it needs answers."""
    adapters = parts.adapters
    indexes = adapters.indexes()

    async def work_index() -> None:
        for index in indexes.values():
            await index.depth()

    async def lease() -> None:
        """Work is claimed under it: without it others take the work, and this process commits nothing."""
        beat = parts.pulses.beats().get("lease")
        age = beat.since_success if beat else None
        if (age or 0.0) > LEASE_SECONDS or (age is None and beat and beat.problem):
            raise LostClaim

    works = parts.kind != "http"
    queue = parts.settings.work_queue
    return HealthServices(
        clock=adapters.clock(),
        ids=adapters.ids(),
        metrics=adapters.metrics(),
        render_metrics=adapters.metrics().render_for,
        metrics_allow=parts.settings.metrics_allow,
        trusted_proxies=parts.settings.trusted_proxies,
        checks={
            "postgres": adapters.ping_database(),
            "work_index" if queue is Queue.POSTGRES else "redis": work_index,
            **({"lease": lease} if works else {}),
        },
        process=parts.kind,
        pulses=parts.pulses,
        loops_decide=works,
        install_checks={"zid_client": adapters.client_standing().check},
        tracer=adapters.tracer(),
    )
