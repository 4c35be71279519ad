"""Reconciliations beside a daemon's other work: several stores at once, each page by page."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import structlog

from core.domain.backfill import BackfillState
from core.domain.reconcile_progress import ratios
from core.domain.reconciliation import ReconciliationClaim
from core.domain.topics import ZID_TOPICS
from core.features.reconcile import BEHIND, Reconcile, ReconcileTurn
from core.ports.gaps import Gaps
from core.ports.metrics import Metrics
from core.ports.reconciliations import Reconciliations
from entrypoints.background.claimed_turns import ClaimedTurns
from entrypoints.background.loop import Loop, Work
from entrypoints.wiring import Daemon

log = structlog.get_logger()

AT_ONCE = 8
"""Stores read by one process at a time; each mostly waits for Zid's allowance."""
LOOK_EVERY = 1.0
"""Seconds between looks while nothing is due."""
SCHEDULE_EVERY = 5.0
MEASURE_EVERY = 60.0


def loops(parts: Daemon) -> Sequence[Work]:
    adapters = parts.adapters
    reconcile, books = parts.features.reconcile(), adapters.reconciliations()
    return Reconciling(reconcile, books, adapters.gaps(), adapters.metrics()).loops()


class Reconciling:
    """Reads what is due, queues what falls due, and exports what was missed."""

    def __init__(self, reconcile: Reconcile, reconciliations: Reconciliations, gaps: Gaps, metrics: Metrics) -> None:
        self._reconcile = reconcile
        self._reconciliations = reconciliations
        self._gaps = gaps
        self._metrics = metrics

    def loops(self) -> Sequence[Work]:
        """What is being read at a stop is left to whoever claims it next, at its page."""
        return [
            ClaimedTurns(
                "reconcile", claim=self._reconcile.claim, turn=self._read, at_once=AT_ONCE, look_every=LOOK_EVERY
            ),
            Loop("schedule_reconciliations", self._schedule, SCHEDULE_EVERY),
            Loop("measure_missed", self.measure, MEASURE_EVERY),
        ]

    async def _read(self, claim: ReconciliationClaim) -> None:
        tell(await self._reconcile.read(claim))

    async def _schedule(self) -> None:
        if queued := await self._reconcile.schedule():
            log.info("reconciliations_scheduled", stores=queued)

    async def measure(self) -> None:
        """The share of webhooks that never came, by topic, and the gaps that are still open."""
        counted = await self._reconciliations.missed()
        missed = {topic: pair[0] for topic, pair in counted.items() if topic in ZID_TOPICS}
        received = {topic: pair[1] for topic, pair in counted.items() if topic in ZID_TOPICS}
        for topic, ratio in ratios(missed, received).items():
            self._metrics.set("missed_webhooks_ratio", ratio, topic=topic)
        self._metrics.set("open_gaps", await self._gaps.count_open())


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
