"""The consumer daemon: takes work from the index, claims it in the ledger, does it, gives the rest back.

Two flows side by side. Events go through the mirror in bulk. Runs go to the app's
handlers, as many at once as HANDLER_CONCURRENCY allows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog

from config.settings import Settings
from core.domain.events import ClaimedRun, WorkItem, WorkKind
from core.errors import LostClaim, TryLater
from core.features.consume_event import Consumed, ConsumeEvents
from core.features.run_handlers import RunHandlers
from core.ids import EventId
from core.ports.event_ledger import EventLedger, RunLedger
from core.ports.metrics import Metrics
from core.ports.system import Clock
from core.ports.work_index import Announcer, WorkIndex
from entrypoints.lease import Lease
from entrypoints.places import Places
from entrypoints.process import keep_doing, stop_signal
from entrypoints.side_door import side_door
from entrypoints.wiring import Daemon, daemon

log = structlog.get_logger()

EVENT_BATCH = 200
EVENT_LIMIT = 400
"""A batch may grow by what is queued in its lanes, up to this many."""
TAKE_WAIT = 1.0
"""How long an empty index is waited for; also how long a stopping consumer may still listen."""
CONSUMER_METRICS_PORT = 9101
DRAIN_SHARE = 0.7
"""Of the grace time: the rest is for giving back and leaving."""
BLOCKED_PAUSE = 0.05
"""When all that was taken is held by somebody else: their transaction ends soon."""


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


class Consumer:
    """Runs until `stop` is set, then finishes or gives back within the grace time."""

    def __init__(self, services: ConsumerServices, lease: Lease) -> None:
        self._services = services
        self._lease = lease
        self._running: set[asyncio.Task[None]] = set()
        self._places = Places(services.concurrency)

    async def work(self, stop: asyncio.Event, *, grace: float) -> None:
        async with asyncio.TaskGroup() as flows:
            flows.create_task(keep_doing("events", self._events_step, stop=stop))
            flows.create_task(keep_doing("runs", self._runs_step, stop=stop))
        log.info("consumer_draining", running=len(self._running))
        await self._drain(grace)

    # --- events -----------------------------------------------------------------

    async def _events_step(self) -> None:
        index = self._services.indexes[WorkKind.EVENT]
        items = await index.take(limit=EVENT_BATCH, wait=TAKE_WAIT)
        if not items:
            return
        consumed = await self._services.consume.consume([_event_id(item) for item in items], limit=EVENT_LIMIT)
        self._account(consumed)
        self._services.announcer.announce([*consumed.runs, *consumed.freed])
        done = {str(event.event_id) for event in consumed.settled} | {
            str(event.event_id) for event, _ in consumed.put_off
        }
        await self._finish(index, items, left=[item for item in items if item.id not in done])

    async def _finish(self, index: WorkIndex, items: Sequence[WorkItem], *, left: Sequence[WorkItem]) -> None:
        """Takes the items out of the index. What was left undone is looked at again only after that:

        whoever finishes the work before it in its lane publishes it too, and one of
        the two always comes second.
        """
        with_room = await index.finish(items)
        for store_id in with_room:
            backlog = await self._services.ledger.backlog(store_id, limit=self._services.window)
            self._services.announcer.announce(backlog)
        if not left:
            return
        claimable = await self._services.ledger.claimable(left)
        self._services.announcer.announce(claimable)
        if len(left) == len(items):
            await asyncio.sleep(BLOCKED_PAUSE)

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

    # --- runs -------------------------------------------------------------------

    async def _runs_step(self) -> None:
        """Claims no more than can start at once: what waits for a place waits in the index, for anybody."""
        places = await self._places.take_all(wait=TAKE_WAIT)
        started = 0
        try:
            started = await self._start_runs(places) if places else 0
        finally:
            self._places.give_back(places - started)

    async def _start_runs(self, places: int) -> int:
        index = self._services.indexes[WorkKind.RUN]
        items = await index.take(limit=places, wait=TAKE_WAIT)
        if not items:
            return 0
        claimed = await self._services.runs.claim([int(item.id) for item in items], self._lease.worker)
        for run in claimed:
            task = asyncio.create_task(self._run(run), name=f"run {run.run_id}")
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        ids = {str(run.run_id) for run in claimed}
        await self._finish(index, items, left=[item for item in items if item.id not in ids])
        return len(claimed)

    async def _run(self, run: ClaimedRun) -> None:
        fields = {"event_id": str(run.event.event_id), "store_id": run.event.store_id, "topic": run.event.topic}
        started = self._services.clock.monotonic()
        try:
            handled = await self._services.run_handlers.handle(run)
        except LostClaim:
            log.warning("run_lost", handler=run.handler, attempt=run.attempt, **fields)
        except TryLater as error:
            log.warning("run_not_settled", handler=run.handler, reason=str(error), **fields)
        except Exception:
            log.exception("run_broke", handler=run.handler, **fields)
        else:
            self._services.announcer.announce(handled.freed)
            outcome = handled.settlement.state.value
            seconds = self._services.clock.monotonic() - started
            self._services.metrics.observe("event_handle_seconds", seconds, topic=run.event.topic, outcome=outcome)
            log.info("run_settled", handler=run.handler, attempt=run.attempt, outcome=outcome, **fields)
        finally:
            self._places.give_back(1)

    # --- the end ----------------------------------------------------------------

    async def _drain(self, grace: float) -> None:
        """Lets handlers finish, cancels the late ones, gives back what is still claimed."""
        if self._running:
            await asyncio.wait(self._running, timeout=grace)
        late = list(self._running)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        try:
            given_back = await self._services.runs.give_back(self._lease.worker)
        except TryLater as error:
            log.warning("runs_not_given_back", reason=str(error))
            return
        self._services.announcer.announce(given_back)
        log.info("consumer_drained", cancelled=len(late), given_back=len(given_back))


def _event_id(item: WorkItem) -> EventId:
    return EventId(UUID(item.id))


async def run_consumer(settings: Settings) -> None:
    """Works until SIGTERM or SIGINT, then finishes or gives back within SHUTDOWN_GRACE seconds."""
    stop = stop_signal()
    async with daemon(settings, "consumer") as parts, side_door(parts, CONSUMER_METRICS_PORT):
        consumer = Consumer(_services(parts), parts.lease)
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
    )
