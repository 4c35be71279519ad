"""Reconciliations beside a daemon's other work: several stores at once, each page by page."""

from __future__ import annotations

import asyncio
import logging

import structlog

from core.domain.backfill import BackfillState
from core.domain.reconcile_progress import ratios
from core.domain.reconciliation import ReconciliationClaim
from core.domain.topics import ZID_TOPICS
from core.features.reconcile import BEHIND, Reconcile, ReconcileTurn
from core.ports.gaps import Gaps
from core.ports.metrics import Metrics
from core.ports.reconciliations import Reconciliations
from entrypoints.places import Places
from entrypoints.process import keep_doing, pause_or

log = structlog.get_logger()

AT_ONCE = 8
"""Stores read by one process at a time; each mostly waits for Zid's allowance."""
LOOK_EVERY = 1.0
"""Seconds between looks while nothing is due."""
SCHEDULE_EVERY = 5.0
MEASURE_EVERY = 60.0


class Reconciling:
    """Runs until `stop` is set. What is being read then is left to whoever claims it next, at its page."""

    def __init__(
        self,
        reconcile: Reconcile,
        reconciliations: Reconciliations,
        gaps: Gaps,
        metrics: Metrics,
        at_once: int = AT_ONCE,
    ) -> None:
        self._reconcile = reconcile
        self._reconciliations = reconciliations
        self._gaps = gaps
        self._metrics = metrics
        self._places = Places(at_once)
        self._reading: set[asyncio.Task[None]] = set()

    async def work(self, stop: asyncio.Event) -> None:
        try:
            async with asyncio.TaskGroup() as loops:
                loops.create_task(keep_doing("reconcile", lambda: self._step(stop), stop=stop))
                loops.create_task(
                    keep_doing("schedule_reconciliations", self._schedule, every=SCHEDULE_EVERY, stop=stop)
                )
                loops.create_task(keep_doing("measure_missed", self._measure, every=MEASURE_EVERY, stop=stop))
        finally:
            for task in self._reading:
                task.cancel()
            await asyncio.gather(*self._reading, return_exceptions=True)

    async def _schedule(self) -> None:
        if queued := await self._reconcile.schedule():
            log.info("reconciliations_scheduled", stores=queued)

    async def _measure(self) -> None:
        counted = await self._reconciliations.missed()
        missed = {topic: pair[0] for topic, pair in counted.items() if topic in ZID_TOPICS}
        received = {topic: pair[1] for topic, pair in counted.items() if topic in ZID_TOPICS}
        for topic, ratio in ratios(missed, received).items():
            self._metrics.set("missed_webhooks_ratio", ratio, topic=topic)
        self._metrics.set("open_gaps", await self._gaps.count_open())

    async def _step(self, stop: asyncio.Event) -> None:
        places = await self._places.take_all(wait=LOOK_EVERY)
        started = 0
        try:
            while started < places and (claim := await self._reconcile.claim()):
                self._start(claim)
                started += 1
        finally:
            self._places.give_back(places - started)
        if places and not started:
            await pause_or(stop, LOOK_EVERY)

    def _start(self, claim: ReconciliationClaim) -> None:
        task = asyncio.create_task(self._read(claim), name=f"reconciliation of {claim.store_id}")
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)

    async def _read(self, claim: ReconciliationClaim) -> None:
        try:
            tell(await self._reconcile.read(claim))
        finally:
            self._places.give_back(1)


def tell(turn: ReconcileTurn) -> None:
    """One line per turn: what was found, and what follows."""
    decided, progress = turn.decided, turn.progress
    state = decided.state if decided else BackfillState.DONE
    is_bad = turn.lost or state is BackfillState.FAILED
    log.log(
        logging.WARNING if is_bad else logging.DEBUG if decided == BEHIND else logging.INFO,
        "reconciled",
        store_id=turn.claim.store_id,
        reconciliation_id=turn.claim.reconciliation_id,
        why=turn.claim.why.value,
        calls=progress.calls if progress else 0,
        estimate=progress.estimate if progress else None,
        missed=sum(progress.missed.values()) if progress else 0,
        outcome="lost" if turn.lost else state.value,
        reason=decided.reason if decided else None,
    )
