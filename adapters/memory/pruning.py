"""Pruning, in memory."""

from __future__ import annotations

from adapters.memory.database import MemoryDatabase
from adapters.memory.rows import EventRow
from core.domain.retention import Retention
from core.ids import Seq
from core.ports.pruning import Pruned, Pruning


class MemoryPruning(Pruning):
    """The same rule over the same dicts."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def prune(self, retention: Retention, *, after: Seq, limit: int) -> Pruned:
        now = self._database.now()
        following = sorted((e for e in self._database.events.values() if e.seq > after), key=lambda event: event.seq)
        page = following[:limit]
        gone = [event for event in page if retention.is_over(event.state, event.settled_at, now)]
        for event in gone:
            self._remove(event)
        goes_on = any(event.received_at < now - retention.settled for event in page)
        return Pruned(len(gone), page[-1].seq if goes_on else None)

    def _remove(self, event: EventRow) -> None:
        del self._database.events[event.event_id]
        for run in self._database.runs_of(event.event_id):
            del self._database.runs[run.run_id]
        self._database.attempts = [one for one in self._database.attempts if one[0] != event.event_id]
        self._database.pruned[event.store_id, event.origin, event.state] += 1
