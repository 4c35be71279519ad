"""What a person does to events, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

from adapters.memory.database import MemoryDatabase, item_of
from adapters.memory.ledger_reading import matching
from adapters.memory.rows import EventRow
from core.domain.audit import AuditEntry
from core.domain.event_states import EventState, Origin
from core.domain.events import WorkItem
from core.ids import EventId
from core.ports.ledger_reading import Desk, EventFilter

REPLAY_KEPT = timedelta(days=3)


class MemoryDesk(Desk):
    """Redrive, discard and replay over the dict of events."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def redrive(self, wanted: EventFilter, ids: Sequence[EventId], *, audit: AuditEntry) -> Sequence[WorkItem]:
        self._database.note(audit)
        able = [event for event in self._dead(wanted, ids) if self._can_be_handled(event)]
        return [item for event in able for item in self._redriven(event)]

    def _dead(self, wanted: EventFilter, ids: Sequence[EventId]) -> list[EventRow]:
        found = matching(self._database, replace(wanted, state=EventState.DEAD))
        return [event for event in found if not ids or event.event_id in ids]

    def _can_be_handled(self, event: EventRow) -> bool:
        return event.entity is not None and self._database.live_install(event.install_id) is not None

    def _redriven(self, event: EventRow) -> list[WorkItem]:
        """Through the mirror again, or only through the handlers that gave up."""
        now, event.attempts, event.tries, event.fingerprint = self._database.now(), 0, None, None
        dead = [run for run in self._database.runs_of(event.event_id) if run.state is EventState.DEAD]
        if not dead:
            event.move(EventState.QUEUED, now=now)
            return [item_of(event)]
        event.move(EventState.QUEUED, EventState.RUNNING, now=now)
        event.open_runs, event.dead_runs = len(dead), 0
        for run in dead:
            run.move(EventState.QUEUED, now=now)
            run.attempts, run.tries, run.fingerprint = 0, None, None
        return [item_of(run) for run in dead]

    async def discard(self, wanted: EventFilter, ids: Sequence[EventId], *, reason: str, audit: AuditEntry) -> int:
        self._database.note(audit)
        dead, now = self._dead(wanted, ids), self._database.now()
        for event in dead:
            event.move(EventState.CANCELLED, now=now, reason=reason)
            event.dead_runs = 0
            for run in self._database.runs_of(event.event_id):
                if run.state is EventState.DEAD:
                    run.move(EventState.CANCELLED, now=now, reason=reason)
        return len(dead)

    async def replay(self, event_id: EventId, new_id: EventId, *, audit: AuditEntry) -> WorkItem | None:
        old = self._database.events.get(event_id)
        if old is None or old.body is None or not self._can_be_handled(old):
            return None
        copy = EventRow(
            event_id=new_id,
            seq=self._database.next_seq(),
            store_id=old.store_id,
            install_id=old.install_id,
            origin=Origin.REPLAY,
            topic=old.topic,
            entity=old.entity,
            received_at=self._database.now(),
            size=old.size,
            body=old.body,
            parent_id=event_id,
        )
        self._database.enter(copy, sha256(new_id.bytes).digest(), self._database.now() + REPLAY_KEPT)
        self._database.note(audit)
        return item_of(copy)

    async def count(self, wanted: EventFilter) -> int:
        return len(matching(self._database, wanted))
