"""The flow of runs: claims what can begin at once, calls the handlers beside each other, gives the rest back.

A run that is suspect of killing its workers is begun only when nothing else runs, and nothing
is begun beside it. A handler with a concurrency of its own gets no more than that; its other
runs are set aside, and taken up as its calls end.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import structlog

from adapters.tracing.nothing import NoTracer
from core.domain.events import ClaimedRun, WorkItem
from core.errors import LostClaim, TryLater
from core.features.event_handlers.outcomes import Overran
from core.features.run_handlers import Handled, RunHandlers
from core.ids import StoreId
from core.ports.event_ledger import RunLedger
from core.ports.metrics import Metrics
from core.ports.system import Clock
from core.ports.tracing import Span, Tracer
from core.ports.work_index import Announcer, WorkIndex
from entrypoints.aside import Aside
from entrypoints.finishing import Finishing
from entrypoints.following import following, note_end
from entrypoints.lease import Lease
from entrypoints.places import Places

log = structlog.get_logger()

TAKE_WAIT: Final = 1.0
"""How long an empty index is waited for; also how long a stopping consumer may still listen."""


@dataclass(frozen=True, slots=True)
class RunServices:
    """What the flow works with."""

    run_handlers: RunHandlers
    runs: RunLedger
    index: WorkIndex
    finishing: Finishing
    announcer: Announcer
    metrics: Metrics
    clock: Clock
    concurrency: int
    tracer: Tracer = field(default_factory=NoTracer)


class RunFlow:
    """Steps are taken one after the other; what they begin goes on beside them."""

    def __init__(self, services: RunServices, lease: Lease) -> None:
        self._services = services
        self._lease = lease
        self._running: set[asyncio.Task[None]] = set()
        self._calls: Counter[str] = Counter()
        self._aside = Aside()
        self._places = Places(services.concurrency)
        self._claiming = asyncio.Lock()
        self._runs_alone = False
        self._draining = False
        self._held: set[int] = set()
        """Runs that are being handled here."""
        self._has_strays = False
        """A claim or a settling ended without an answer: the ledger may count as ours what nobody here handles."""

    async def step(self) -> None:
        """Claims no more than can start at once: what waits for a place waits in the index, for anybody."""
        if self._has_strays:
            await self._give_back_strays()
        if self._runs_alone or self._aside.suspects:
            return await self._suspect_step()
        places = await self._places.take_all(wait=TAKE_WAIT)
        started = 0
        try:
            started = await self._start_some(places) if places else 0
        finally:
            self._places.give_back(places - started)
        return None

    async def _start_some(self, places: int) -> int:
        services = self._services
        items = await services.index.take(limit=places, wait=TAKE_WAIT)
        if not items:
            return 0
        by_id = {int(item.id): item for item in items}
        async with self._claim():
            claimed = await services.runs.claim(list(by_id), self._lease.worker, room=self._room())
            for group in self._grouped(claimed):
                self._start(group)
        self._aside.forget(run.run_id for run in claimed)
        left = [by_id[run_id] for run_id in by_id.keys() - {run.run_id for run in claimed}]
        if left:
            await self._leave(items, left)
        else:
            services.finishing.finish_beside(services.index, items)
        return len(claimed)

    async def _leave(self, items: Sequence[WorkItem], left: Sequence[WorkItem]) -> None:
        """Some could not be begun: what has to wait here is set aside; of the rest somebody else was faster."""
        services, by_id = self._services, {int(item.id): item for item in left}
        kept = self._aside.put(await services.runs.look_at(sorted(by_id)), by_id, self._room())
        done_with = [item for item in items if item not in kept]
        await services.finishing.finish(services.index, done_with, left=[item for item in left if item not in kept])

    def _room(self) -> dict[str, int]:
        """How many runs more the handlers with a limit may get now."""
        handlers = self._services.run_handlers.handlers
        return {
            name: max(0, limit - self._calls[name]) * handlers.batch_of(name) for name, limit in handlers.limits.items()
        }

    def _grouped(self, claimed: Sequence[ClaimedRun]) -> list[Sequence[ClaimedRun]]:
        """Runs of one store whose handler takes them together, as many as it takes; every other for itself."""
        groups: defaultdict[tuple[str, str, StoreId], list[ClaimedRun]] = defaultdict(list)
        for run in claimed:
            groups[run.handler, run.event.topic, run.event.store_id].append(run)
        handlers = self._services.run_handlers.handlers
        return [
            group[start : start + size]
            for (name, _, _), group in groups.items()
            for size in [handlers.batch_of(name)]
            for start in range(0, len(group), size)
        ]

    @asynccontextmanager
    async def _claim(self) -> AsyncIterator[None]:
        """One claim at a time."""
        async with self._claiming:
            try:
                yield
            except BaseException:
                self._has_strays = True
                raise

    async def _give_back_strays(self) -> None:
        """While this worker lives nobody else would take them."""
        async with self._claim():
            given_back = await self._services.runs.give_back(self._lease.worker, but=self._held)
            self._has_strays = False
        self._services.announcer.announce(given_back)
        if given_back:
            log.warning("stray_runs_given_back", runs=len(given_back))

    # --- suspects ---------------------------------------------------------------

    async def _suspect_step(self) -> None:
        """Begins nothing before what runs has ended; then one suspect."""
        if self._running:
            await asyncio.wait(self._running, timeout=TAKE_WAIT, return_when=asyncio.FIRST_COMPLETED)
            return
        self._runs_alone = False
        suspects = dict(self._aside.suspects)
        if suspects:
            await self._start_suspect(suspects)

    async def _start_suspect(self, suspects: dict[int, WorkItem]) -> None:
        """It leaves the index before it begins: should it kill this process, its entry is not left with the dead."""
        services = self._services
        async with self._claim():
            run = await services.runs.claim_alone(list(suspects), self._lease.worker)
        done_with = {run.run_id: suspects[run.run_id]} if run is not None else suspects
        self._aside.forget(done_with)
        items = list(done_with.values())
        try:
            await services.finishing.finish(services.index, items, left=items if run is None else [])
        finally:
            if run is not None:
                await self._begin_alone(run)

    async def _begin_alone(self, run: ClaimedRun) -> None:
        log.warning("suspect_runs_alone", handler=run.handler, attempt=run.attempt, **_fields(run))
        self._runs_alone = True
        self._places.give_back(await self._places.take_all(wait=0) - 1)
        self._start([run])

    # --- one call, and what follows it ---------------------------------------------

    def _start(self, runs: Sequence[ClaimedRun]) -> None:
        """Each run has a place, which is given back at the end."""
        self._calls[runs[0].handler] += 1
        self._held.update(run.run_id for run in runs)
        task = asyncio.create_task(self._work(runs), name=f"run {runs[0].run_id}")
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _work(self, runs: Sequence[ClaimedRun]) -> None:
        """Hands its places on to runs of the same handler that were set aside, and gives back the others."""
        handler, handed_on = runs[0].handler, 0
        try:
            try:
                await self._handle(runs)
            finally:
                self._calls[handler] -= 1
                self._held.difference_update(run.run_id for run in runs)
            if not (self._draining or self._runs_alone or self._aside.suspects):
                handed_on = await self._take_up(handler, len(runs))
        finally:
            self._places.give_back(len(runs) - handed_on)

    async def _take_up(self, handler: str, places: int) -> int:
        """Begins what was set aside for this handler, if it still waits; how many. The index brings it anew anyhow."""
        services = self._services
        async with self._claim():
            room = {handler: min(self._room().get(handler, 0), places)}
            items = {int(item.id): item for item in self._aside.waiting_for(handler, room[handler])}
            if not items or not room[handler]:
                return 0
            try:
                claimed = await services.runs.claim(list(items), self._lease.worker, room=room)
            except TryLater as error:
                self._has_strays = True
                log.warning("set_aside_not_begun", handler=handler, reason=str(error))
                return 0
            for group in self._grouped(claimed):
                self._start(group)
        begun = {run.run_id for run in claimed}
        await self._forget(items, begun, all_tried=len(begun) < room[handler])
        return len(begun)

    async def _forget(self, items: dict[int, WorkItem], begun: set[int], *, all_tried: bool) -> None:
        """Of what was set aside: the begun, and the rest too where there was room for it, so that it is gone."""
        gone = set(items) if all_tried else begun
        self._aside.forget(gone)
        left = [items[run_id] for run_id in gone - begun]
        try:
            await self._services.finishing.finish(self._services.index, [items[run_id] for run_id in gone], left=left)
        except TryLater as error:
            log.warning("set_aside_not_finished", runs=len(gone), reason=str(error))

    async def _handle(self, runs: Sequence[ClaimedRun]) -> None:
        tracer = self._services.tracer
        if len(runs) > 1:
            with following(tracer, runs):
                if await self._handled_together(runs):
                    return
        for run in runs:
            with following(tracer, [run]) as span:
                await self._handle_one(run, span)

    async def _handled_together(self, runs: Sequence[ClaimedRun]) -> bool:
        started = self._services.clock.monotonic()
        try:
            handled = await self._services.run_handlers.handle_together(runs)
        except (LostClaim, TryLater) as error:
            log.warning("batch_not_settled", handler=runs[0].handler, runs=len(runs), reason=str(error))
            return False
        except Exception:
            log.exception("batch_broke", handler=runs[0].handler, runs=len(runs))
            return False
        for one in handled:
            self._account(one, self._services.clock.monotonic() - started)
        if not handled:
            log.warning("batch_falls_apart", handler=runs[0].handler, runs=len(runs))
        return bool(handled)

    async def _handle_one(self, run: ClaimedRun, span: Span) -> None:
        started = self._services.clock.monotonic()
        try:
            handled = await self._services.run_handlers.handle(run)
        except LostClaim:
            log.warning("run_lost", handler=run.handler, attempt=run.attempt, **_fields(run))
        except TryLater as error:
            self._has_strays = True
            log.warning("run_not_settled", handler=run.handler, reason=str(error), **_fields(run))
        except Exception:
            self._has_strays = True
            log.exception("run_broke", handler=run.handler, **_fields(run))
        else:
            note_end(span, handled.settlement)
            self._account(handled, self._services.clock.monotonic() - started)
        finally:
            self._held.discard(run.run_id)

    def _account(self, handled: Handled, seconds: float) -> None:
        run, outcome, metrics = handled.run, handled.settlement.state.value, self._services.metrics
        self._services.announcer.announce(handled.freed)
        metrics.observe("event_handle_seconds", seconds, topic=run.event.topic, outcome=outcome)
        if isinstance(handled.said, Overran):
            ending = "cancelled" if handled.said.stopped else "ignored"
            metrics.count("handler_time_limits_total", topic=run.event.topic, outcome=ending)
        log.info("run_settled", handler=run.handler, attempt=run.attempt, outcome=outcome, **_fields(run))

    # --- the end ------------------------------------------------------------------

    @property
    def running(self) -> int:
        return len(self._running)

    async def drain(self, grace: float) -> None:
        """Lets handlers finish, cancels the late ones, gives back what is still claimed."""
        self._draining = True
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


def _fields(run: ClaimedRun) -> dict[str, str | int]:
    return {"event_id": str(run.event.event_id), "store_id": run.event.store_id, "topic": run.event.topic}
