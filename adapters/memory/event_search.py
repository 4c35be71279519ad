"""Events page by page, in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from adapters.memory.database import MemoryDatabase
from adapters.memory.ledger_reading import event_summary, matching
from adapters.memory.rows import EventRow
from core.domain.event_states import UNFINISHED, Origin
from core.ids import EventId, Seq
from core.ports.event_search import Consequence, EventSearch, EventsFound, EventStory
from core.ports.ledger_reading import EventFilter, EventSummary


class MemoryEventSearch(EventSearch):
    """Walks over all events, which are few."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def page(
        self, wanted: EventFilter, *, before: Seq | None = None, after: Seq | None = None, limit: int = 50
    ) -> EventsFound:
        found = sorted(matching(self._database, wanted), key=lambda event: -event.seq)
        within = [e for e in found if (before is None or e.seq < before) and (after is None or e.seq > after)]
        page = [event_summary(event) for event in within[:limit]]
        return EventsFound(page, page[-1].seq if len(within) > limit else None)

    async def story(self, event_id: EventId, *, neighbours: int = 3) -> EventStory | None:
        event = self._database.events.get(event_id)
        if event is None:
            return None
        own = self._of_parent(event)
        if event.entity is None:
            return own
        lane = sorted((e for e in self._database.events.values() if e.lane == event.lane), key=lambda e: e.seq)
        before, later = [e for e in lane if e.seq < event.seq], [e for e in lane if e.seq > event.seq]
        came_of = [e for e in later if e.parent_id == event_id]
        blocks = [e for e in before if e.unfinished] if event.state in UNFINISHED else []
        return replace(
            own,
            derived=[Consequence(event_summary(e), e.body) for e in came_of if e.origin is Origin.DERIVED],
            replays=_told(e for e in came_of if e.origin is Origin.REPLAY),
            earlier=_told(before[::-1][:neighbours]),
            later=_told(later[:neighbours]),
            blockers=_told(blocks[:neighbours]),
        )

    def _of_parent(self, event: EventRow) -> EventStory:
        if event.parent_id is None:
            return EventStory()
        parent_id = EventId(event.parent_id)
        parent = self._database.events.get(parent_id)
        return EventStory(parent_id, event_summary(parent) if parent else None)


def _told(events: Iterable[EventRow]) -> Sequence[EventSummary]:
    return [event_summary(event) for event in events]
