"""The ledger as numbers: what stands in it all the time, and now and then whether the books balance.

Balancing them counts every event there is, so it takes its time in proportion: what a count took is
rested from a hundred times. What stands is read by indexes, however many events are settled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import structlog

from core.domain.event_states import UNFINISHED, EventState, Origin
from core.domain.events import WorkKind
from core.features.watch_symptoms import WatchSymptoms, books
from core.ports.bulletins import Bulletins
from core.ports.ledger_reading import LedgerReader
from core.ports.metrics import Metrics
from core.ports.standing_work import StandingWork
from core.ports.system import Clock
from core.ports.work_index import WorkIndex
from entrypoints import sheets
from entrypoints.background.loop import Loop, Work
from entrypoints.http.api.ledger import ledger_view
from entrypoints.wiring import Daemon

log = structlog.get_logger()

MEASURE_EVERY: Final = 15.0
IDLE_SHARE: Final = 100


def loops(parts: Daemon) -> Sequence[Work]:
    adapters = parts.adapters
    indexes, metrics, clock = adapters.indexes(), adapters.metrics(), adapters.clock()
    balance = Balance(adapters.reader(), metrics, clock, parts.features.watch_symptoms(), adapters.bulletins())
    standing = adapters.standing_work()

    async def measure() -> None:
        await measure_standing(standing, metrics, clock)
        await _measure_indexes(indexes, metrics)
        await balance.step()

    return [Loop("measure", measure, MEASURE_EVERY)]


class Balance:
    """Counts everything, writes it down for the console, and rests from it."""

    def __init__(
        self, reader: LedgerReader, metrics: Metrics, clock: Clock, watch: WatchSymptoms, board: Bulletins
    ) -> None:
        self._reader = reader
        self._metrics = metrics
        self._clock = clock
        self._watch = watch
        self._board = board
        self._rests_until = float("-inf")

    async def step(self) -> None:
        began = self._clock.monotonic()
        if began < self._rests_until:
            return
        ledger = await self._reader.books()
        ended = self._clock.monotonic()
        self._rests_until = ended + IDLE_SHARE * (ended - began)
        for state in EventState:
            if state not in UNFINISHED:
                self._metrics.set("events", ledger.of(Origin.ZID).count(state), state=state.value)
        imbalance = sum(abs(one.difference) for one in ledger.by_origin.values())
        self._metrics.set("ledger_imbalance", imbalance)
        if imbalance:
            log.error("ledger_unbalanced", imbalance=imbalance)
        await self._watch.see(books(imbalance))
        await sheets.post(self._board, sheets.LEDGER, ledger_view(ledger), self._clock.now())


async def measure_standing(work: StandingWork, metrics: Metrics, clock: Clock) -> None:
    standing = await work.standing()
    for state in (*UNFINISHED, EventState.DEAD):
        metrics.set("events", standing.count(state, Origin.ZID), state=state.value)
    metrics.set("dead_letters", standing.count(EventState.DEAD))
    age = (clock.now() - standing.oldest).total_seconds() if standing.oldest else 0.0
    metrics.set("event_age_seconds", max(0.0, age))


async def _measure_indexes(indexes: Mapping[WorkKind, WorkIndex], metrics: Metrics) -> None:
    metrics.set("queue_depth", sum([await index.depth() for index in indexes.values()]))
