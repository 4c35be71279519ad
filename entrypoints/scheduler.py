"""The scheduler: sweeps, renews tokens that are due, reads backfills, and measures. Any number may run."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from config.settings import Settings
from core.domain.app_events import Settled
from core.domain.event_states import EventState, Origin
from core.domain.events import WorkKind
from core.features.backfill import ReadBackfills
from core.features.bury_poison import BuryPoison
from core.features.erase_data import EraseData
from core.features.handle_app_events import HandleAppEvents
from core.features.log_rejections import LogRejections
from core.features.prune_events import PruneEvents
from core.features.refresh_tokens import RefreshTokens
from core.features.sweep import Sweep
from core.features.work_the_desk import WorkTheDesk
from core.ports.ledger_reading import LedgerReader
from core.ports.metrics import Metrics
from core.ports.work_index import WorkIndex
from entrypoints.backfilling import Backfilling
from entrypoints.desk_work import DeskWork
from entrypoints.erasing import Erasing
from entrypoints.process import keep_doing, stop_signal
from entrypoints.reconciling import Reconciling
from entrypoints.side_door import side_door
from entrypoints.webhook_checking import LOOK_EVERY, WebhookChecking
from entrypoints.webhook_checking import MEASURE_EVERY as WEBHOOKS_MEASURED_EVERY
from entrypoints.wiring import daemon

log = structlog.get_logger()

SCHEDULER_METRICS_PORT = 9102
SWEEP_EVERY = 0.5
POISON_EVERY = 1.0
REFRESH_EVERY = 5.0
REFRESH_AT_ONCE = 100
FORGET_REJECTED_EVERY = 300.0
MEASURE_EVERY = 15.0
PRUNE_EVERY = 1.0
APP_EVENTS_EVERY = 5.0
APP_EVENTS_AT_ONCE = 20
FORGET_APP_EVENTS_EVERY = 3600.0


@dataclass(frozen=True, slots=True)
class SchedulerServices:
    """What the scheduler works with."""

    sweep: Sweep
    poison: BuryPoison
    refresh: RefreshTokens
    backfills: ReadBackfills
    reconciling: Reconciling
    webhooks: WebhookChecking
    desk: WorkTheDesk
    prune: PruneEvents
    rejected: LogRejections
    erase: EraseData
    app_events: HandleAppEvents
    reader: LedgerReader
    indexes: Mapping[WorkKind, WorkIndex]
    metrics: Metrics


class Scheduler:
    """Runs until `stop` is set; each loop ends after its current step."""

    def __init__(self, services: SchedulerServices) -> None:
        self._services = services

    async def work(self, stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as loops:
            loops.create_task(keep_doing("sweep", self._sweep, every=SWEEP_EVERY, stop=stop))
            loops.create_task(keep_doing("refresh", self._refresh, every=REFRESH_EVERY, stop=stop))
            loops.create_task(keep_doing("app_events", self._app_events, every=APP_EVENTS_EVERY, stop=stop))
            forget = self._services.app_events.forget
            loops.create_task(keep_doing("forget_app_events", forget, every=FORGET_APP_EVENTS_EVERY, stop=stop))
            loops.create_task(Backfilling(self._services.backfills).work(stop))
            loops.create_task(self._services.reconciling.work(stop))
            webhooks = self._services.webhooks
            loops.create_task(keep_doing("check_webhooks", webhooks.step, every=LOOK_EVERY, stop=stop))
            loops.create_task(
                keep_doing("measure_webhooks", webhooks.measure, every=WEBHOOKS_MEASURED_EVERY, stop=stop)
            )
            loops.create_task(DeskWork(self._services.desk).work(stop))
            loops.create_task(keep_doing("poison", self._poison, every=POISON_EVERY, stop=stop))
            forget_rejected = self._services.rejected.prune
            loops.create_task(keep_doing("forget_rejected", forget_rejected, every=FORGET_REJECTED_EVERY, stop=stop))
            loops.create_task(keep_doing("prune", self._prune, every=PRUNE_EVERY, stop=stop))
            loops.create_task(Erasing(self._services.erase).work(stop))
            loops.create_task(keep_doing("measure", self._measure, every=MEASURE_EVERY, stop=stop))

    async def _sweep(self) -> None:
        swept = await self._services.sweep.tick()
        if swept.due or swept.orphaned or swept.republished:
            log.info("swept", due=swept.due, orphaned=swept.orphaned, republished=swept.republished)

    async def _poison(self) -> None:
        for run in await self._services.poison.tick():
            ids = {"event_id": str(run.event.event_id), "store_id": run.event.store_id, "topic": run.event.topic}
            log.error("run_is_poison", handler=run.handler, attempt=run.attempt, **ids)

    async def _refresh(self) -> None:
        for renewed in await self._services.refresh.run_due(limit=REFRESH_AT_ONCE):
            log.info("token_refresh", store_id=renewed.store_id, outcome=renewed.outcome.value, problem=renewed.problem)

    async def _app_events(self) -> None:
        for handled in await self._services.app_events.run_due(limit=APP_EVENTS_AT_ONCE):
            settled = isinstance(handled.verdict, Settled)
            outcome = handled.verdict.outcome.value if isinstance(handled.verdict, Settled) else handled.verdict.why
            log.info("app_event_decided", store_id=handled.event.store_id, settled=settled, outcome=outcome)

    async def _prune(self) -> None:
        if removed := await self._services.prune.tick():
            log.info("pruned", events=removed)

    async def _measure(self) -> None:
        ledger = await self._services.reader.books()
        books = ledger.of(Origin.ZID)
        for state in EventState:
            self._services.metrics.set("events", books.count(state), state=state.value)
        imbalance = sum(abs(one.difference) for one in ledger.by_origin.values())
        self._services.metrics.set("ledger_imbalance", imbalance)
        self._services.metrics.set("dead_letters", sum(one.count(EventState.DEAD) for one in ledger.by_origin.values()))
        if imbalance:
            log.error("ledger_unbalanced", imbalance=imbalance)
        depth = sum([await index.depth() for index in self._services.indexes.values()])
        self._services.metrics.set("queue_depth", depth)


async def run_scheduler(settings: Settings) -> None:
    """Works until SIGTERM or SIGINT; its steps are short, and a page being read is left to somebody else."""
    stop = stop_signal()
    async with daemon(settings, "scheduler") as parts, side_door(parts, SCHEDULER_METRICS_PORT):
        services = SchedulerServices(
            sweep=parts.features.sweep(),
            poison=parts.features.bury_poison(),
            refresh=parts.features.refresh(),
            backfills=parts.features.read_backfills(),
            reconciling=Reconciling(
                parts.features.reconcile(),
                parts.adapters.reconciliations(),
                parts.adapters.gaps(),
                parts.adapters.metrics(),
            ),
            desk=parts.features.work_the_desk(),
            webhooks=WebhookChecking(
                parts.features.check_webhooks(), parts.adapters.webhook_checks(), parts.adapters.metrics()
            ),
            prune=parts.features.prune(),
            rejected=parts.features.log_rejections(),
            erase=parts.features.erase(),
            app_events=parts.features.app_events(),
            reader=parts.adapters.reader(),
            indexes=parts.adapters.indexes(),
            metrics=parts.adapters.metrics(),
        )
        await Scheduler(services).work(stop)
        await parts.adapters.inbox().aclose()
