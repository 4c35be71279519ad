"""Looking at the ledger, in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from adapters.memory.attempts import attempts_of
from adapters.memory.database import MemoryDatabase
from adapters.memory.letters import letter_matches, letters_of
from adapters.memory.rows import EventRow, IntakeRow
from core.domain.event_states import Books, Ledger, Origin
from core.ids import EntityKind, EventId, Seq, StoreId
from core.ports.ledger_reading import Difference, EventDetail, EventFilter, EventSummary, LedgerReader, RunSummary


class MemoryLedgerReader(LedgerReader):
    """Sums, lists and differences over the same dicts."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def books(self, store_id: StoreId | None = None) -> Ledger:
        return Ledger({origin: self._books(origin, {store_id}) for origin in Origin})

    def _books(self, origin: Origin, stores: set[StoreId | None]) -> Books:
        everywhere = None in stores
        counts = [i for i in self._database.intake if i.origin is origin and (everywhere or i.store_id in stores)]
        events = (e for e in self._database.events.values() if e.origin is origin)
        states = Counter(event.state for event in events if everywhere or event.store_id in stores)
        for (store_id, of_origin, state), number in self._database.pruned.items():
            if of_origin is origin and (everywhere or store_id in stores):
                states[state] += number
        return Books(sum(row.accepted for row in counts), sum(row.duplicates for row in counts), dict(states))

    async def differences(self, *, limit: int = 1000) -> Sequence[Difference]:
        found = [difference for group in self._groups() for difference in self._differences(*group)]
        return found[:limit]

    def _groups(self) -> Iterable[tuple[StoreId, Origin]]:
        rows: list[IntakeRow | EventRow] = [*self._database.intake, *self._database.events.values()]
        pruned = {(store_id, origin) for store_id, origin, _ in self._database.pruned}
        return sorted({(row.store_id, row.origin) for row in rows} | pruned)

    def _differences(self, store_id: StoreId, origin: Origin) -> Iterable[Difference]:
        events = [e for e in self._database.events.values() if (e.store_id, e.origin) == (store_id, origin)]
        pruned = sum(n for key, n in self._database.pruned.items() if key[:2] == (store_id, origin))
        keys = [k for k in self._database.dedupe.values() if (k.store_id, k.origin) == (store_id, origin)]
        known = {key.event_id for key in keys}
        living = {key.event_id for key in keys if key.expires_at > self._database.now()}
        lost = living - {event.event_id for event in events}
        for event_id in sorted(lost):
            yield Difference(store_id, origin, "counted at intake, missing from the ledger", event_id)
        received = sum(i.accepted for i in self._database.intake if (i.store_id, i.origin) == (store_id, origin))
        unnamed = received - len(events) - pruned - len(lost)
        if unnamed > 0:
            yield Difference(store_id, origin, f"{unnamed} more missing, their ids are forgotten", None)
        for event in [event for event in events if event.event_id not in known][: max(0, -unnamed)]:
            yield Difference(store_id, origin, "in the ledger, never counted at intake", event.event_id)

    async def events(
        self, wanted: EventFilter, *, before: Seq | None = None, limit: int = 50
    ) -> Sequence[EventSummary]:
        found = [event for event in matching(self._database, wanted) if before is None or event.seq < before]
        return [event_summary(event) for event in sorted(found, key=lambda event: -event.seq)[:limit]]

    async def event(self, event_id: EventId) -> EventDetail | None:
        event = self._database.events.get(event_id)
        if event is None:
            return None
        runs = self._database.runs_of(event_id)
        shown = [RunSummary(run.handler, run.state, run.attempts, run.due_at, run.reason) for run in runs]
        return EventDetail(event_summary(event), event.body, shown, attempts_of(self._database, event_id))

    async def mirror_counts(self, store_id: StoreId) -> Mapping[EntityKind, int]:
        living = (key for key, row in self._database.mirror.items() if not row.deleted)
        return dict(Counter(entity.kind for owner, entity in living if owner == store_id))


def matching(database: MemoryDatabase, wanted: EventFilter) -> list[EventRow]:
    """The events that every set field of the filter matches."""
    return [event for event in database.events.values() if _matches(database, event, wanted)]


def _matches(database: MemoryDatabase, event: EventRow, wanted: EventFilter) -> bool:
    pairs = (
        (wanted.store_id, event.store_id),
        (wanted.topic, event.topic),
        (wanted.state, event.state),
        (wanted.origin, event.origin),
        (wanted.entity_id, event.entity.id if event.entity else None),
    )
    if wanted.since is not None and event.received_at < wanted.since:
        return False
    if wanted.until is not None and event.received_at >= wanted.until:
        return False
    return all(want in {None, has} for want, has in pairs) and _has_letter(database, event, wanted)


def _has_letter(database: MemoryDatabase, event: EventRow, wanted: EventFilter) -> bool:
    if wanted.fingerprint is None and wanted.handler is None:
        return True
    return any(letter_matches(letter, wanted) for letter in letters_of(database, event))


def event_summary(event: EventRow) -> EventSummary:
    return EventSummary(
        event_id=event.event_id,
        seq=event.seq,
        store_id=event.store_id,
        install_id=event.install_id,
        topic=event.topic,
        entity_kind=event.entity.kind if event.entity else None,
        entity_id=event.entity.id if event.entity else None,
        origin=event.origin,
        state=event.state,
        reason=event.reason,
        attempts=event.attempts,
        received_at=event.received_at,
        settled_at=event.settled_at,
        due_at=event.due_at,
        size=event.size,
        stale=event.stale,
    )
