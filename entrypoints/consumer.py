"""The consumer daemon: takes work from the index, claims it in the ledger, does it, gives the rest back.

Flows side by side: events go through the mirror in bulk, runs go to the app's
handlers, as many at once as HANDLER_CONCURRENCY allows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

import structlog

from adapters.tracing.nothing import NoTracer
from config.settings import Settings
from core.domain.events import WorkItem, WorkKind
from core.features.consume_event import Consumed, ConsumeEvents
from core.features.run_handlers import RunHandlers
from core.ids import EventId
from core.ports.event_ledger import EventLedger, RunLedger
from core.ports.metrics import Metrics
from core.ports.system import Clock
from core.ports.tracing import Tracer
from core.ports.work_index import Announcer, WorkIndex
from entrypoints.batch_size import BatchSize
from entrypoints.finishing import Finishing
from entrypoints.lease import Lease
from entrypoints.process import keep_doing, settle_in, stop_signal
from entrypoints.run_flow import TAKE_WAIT, RunFlow, RunServices
from entrypoints.side_door import side_door
from entrypoints.wiring import Daemon, daemon

log = structlog.get_logger()

EVENT_FLOWS = 2
"""Batches under way: while one waits for the database, what came meanwhile is taken up as the next."""
GROWTH = 2
"""A batch may grow by what is queued in its lanes, up to so many times its size."""
CONSUMER_METRICS_PORT = 9101
DRAIN_SHARE = 0.7
"""Of the grace time: the rest is for giving back and leaving."""


@dataclass(frozen=True, slots=True)
class ConsumerServices:
    """What the daemon works with."""

    consume: ConsumeEvents
    run_handlers: RunHandlers
    ledger: EventLedger
    runs: RunLedger
    indexes: Mapping[WorkKind, WorkIndex]
    announcer: Announcer
    metrics: Metrics
    clock: Clock
    concurrency: int
    window: int
    tracer: Tracer = field(default_factory=NoTracer)


class Consumer:
    """Runs until `stop` is set, then finishes or gives back within the grace time."""

    def __init__(self, services: ConsumerServices, lease: Lease) -> None:
        self._services = services
        self._batch_size = BatchSize()
        self._finishing = Finishing(services.ledger, services.announcer, services.window)
        self._runs = RunFlow(_run_services(services, self._finishing), lease)

    async def work(self, stop: asyncio.Event, *, grace: float) -> None:
        async with asyncio.TaskGroup() as flows:
            for _ in range(EVENT_FLOWS):
                flows.create_task(keep_doing("events", self._events_step, stop=stop))
            flows.create_task(keep_doing("runs", self._runs.step, stop=stop))
        log.info("consumer_draining", running=self._runs.running)
        await self._runs.drain(grace)
        await self._finishing.end()

    async def _events_step(self) -> None:
        index = self._services.indexes[WorkKind.EVENT]
        items = await index.take(limit=self._batch_size.events, wait=TAKE_WAIT)
        if not items:
            return
        began = self._services.clock.monotonic()
        limit = GROWTH * self._batch_size.events
        consumed = await self._services.consume.consume([_event_id(item) for item in items], limit=limit)
        self._batch_size.note(len(consumed.settled), self._services.clock.monotonic() - began)
        self._account(consumed)
        self._services.announcer.announce([*consumed.runs, *consumed.freed])
        done = {str(event.event_id) for event in consumed.settled} | {
            str(event.event_id) for event, _ in consumed.put_off
        }
        await self._finishing.finish(index, items, left=[item for item in items if item.id not in done])

    def _account(self, consumed: Consumed) -> None:
        now = self._services.clock.now()
        metrics = self._services.metrics
        for event in consumed.settled:
            metrics.observe("event_end_to_end_seconds", max(0.0, (now - event.received_at).total_seconds()))
        for event, settlement in consumed.put_off:
            log.warning(
                "event_put_off",
                event_id=str(event.event_id),
                store_id=event.store_id,
                topic=event.topic,
                state=settlement.state.value,
                reason=settlement.reason,
            )
        if consumed.settled:
            log.debug("events_consumed", events=len(consumed.settled), derived=consumed.derived)


def _run_services(services: ConsumerServices, finishing: Finishing) -> RunServices:
    return RunServices(
        run_handlers=services.run_handlers,
        runs=services.runs,
        index=services.indexes[WorkKind.RUN],
        finishing=finishing,
        announcer=services.announcer,
        metrics=services.metrics,
        clock=services.clock,
        concurrency=services.concurrency,
        tracer=services.tracer,
    )


def _event_id(item: WorkItem) -> EventId:
    return EventId(UUID(item.id))


async def run_consumer(settings: Settings) -> None:
    """Works until SIGTERM or SIGINT, then finishes or gives back within SHUTDOWN_GRACE seconds."""
    stop = stop_signal()
    async with daemon(settings, "consumer") as parts, side_door(parts, CONSUMER_METRICS_PORT):
        consumer = Consumer(_services(parts), parts.lease)
        settle_in()
        await consumer.work(stop, grace=settings.shutdown_grace * DRAIN_SHARE)


def _services(parts: Daemon) -> ConsumerServices:
    adapters, features = parts.adapters, parts.features
    return ConsumerServices(
        consume=features.consume(),
        run_handlers=features.run_handlers(),
        ledger=adapters.ledger(),
        runs=adapters.runs(),
        indexes=adapters.indexes(),
        announcer=parts.announcer,
        metrics=adapters.metrics(),
        clock=adapters.clock(),
        concurrency=parts.settings.handler_concurrency,
        window=parts.settings.index_window,
        tracer=adapters.tracer(),
    )
