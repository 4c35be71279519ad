"""The books as numbers: how much stands in each state, and whether they balance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import structlog

from core.domain.event_states import EventState, Origin
from core.domain.events import WorkKind
from core.ports.ledger_reading import LedgerReader
from core.ports.metrics import Metrics
from core.ports.work_index import WorkIndex
from entrypoints.background.loop import Loop, Work
from entrypoints.wiring import Daemon

log = structlog.get_logger()

MEASURE_EVERY = 15.0


def loops(parts: Daemon) -> Sequence[Work]:
    adapters = parts.adapters
    reader, indexes, metrics = adapters.reader(), adapters.indexes(), adapters.metrics()

    async def measure() -> None:
        await _measure_books(reader, metrics)
        await _measure_indexes(indexes, metrics)

    return [Loop("measure", measure, MEASURE_EVERY)]


async def _measure_books(reader: LedgerReader, metrics: Metrics) -> None:
    ledger = await reader.books()
    books = ledger.of(Origin.ZID)
    for state in EventState:
        metrics.set("events", books.count(state), state=state.value)
    imbalance = sum(abs(one.difference) for one in ledger.by_origin.values())
    metrics.set("ledger_imbalance", imbalance)
    metrics.set("dead_letters", sum(one.count(EventState.DEAD) for one in ledger.by_origin.values()))
    if imbalance:
        log.error("ledger_unbalanced", imbalance=imbalance)


async def _measure_indexes(indexes: Mapping[WorkKind, WorkIndex], metrics: Metrics) -> None:
    metrics.set("queue_depth", sum([await index.depth() for index in indexes.values()]))
