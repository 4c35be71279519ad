"""Queued events through the mirror, in memory."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from hashlib import sha256
from uuid import UUID

from adapters.memory.attempts import keep_mirror_attempt
from adapters.memory.database import MemoryDatabase, item_of
from adapters.memory.rows import EventRow, RunRow
from adapters.memory.stock_ledger import write_movement
from core.domain.event_states import EventState, Origin
from core.domain.events import BatchResult, ClaimedEvent, DerivedEvent, SettledEvent, Settlement, WorkItem, WorkKind
from core.domain.mirror import MirrorRow
from core.errors import Conflict
from core.ids import Entity, EventId, StoreId, lane_of
from core.ports.event_ledger import EventBatch, EventLedger

DERIVED_KEPT = timedelta(days=3)


class MemoryEventLedger(EventLedger):
    """Batches over the dict of events; a held event is locked as a row would be."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    def open_batch(self, ids: Sequence[EventId], *, limit: int) -> AbstractAsyncContextManager[EventBatch]:
        return self._batch(ids, limit)

    @asynccontextmanager
    async def _batch(self, ids: Sequence[EventId], limit: int) -> AsyncIterator[EventBatch]:
        held = sorted(self._next_of_lanes(ids)[:limit], key=lambda event: event.seq)
        released = asyncio.Event()
        self._database.held.update((event.event_id, released) for event in held)
        try:
            yield MemoryEventBatch(self._database, [event.claimed() for event in held])
        finally:
            for event in held:
                del self._database.held[event.event_id]
            released.set()

    def _next_of_lanes(self, ids: Sequence[EventId]) -> list[EventRow]:
        """Of each lane that an id names, the events up to the first that cannot be had: every first before a second."""
        events = (self._database.events[event_id] for event_id in ids if event_id in self._database.events)
        lanes = {event.lane for event in events if self._is_free(event) and self._database.works(event)}
        standing = defaultdict(list)
        for event in sorted(self._database.events.values(), key=lambda event: event.seq):
            if event.lane in lanes and event.awaits_mirror:
                standing[event.lane].append(event)
        found = [place for lane in standing.values() for place in enumerate(self._free_head(lane))]
        return [event for _, event in sorted(found, key=lambda place: (place[0], place[1].seq))]

    def _free_head(self, lane: Iterable[EventRow]) -> Iterable[EventRow]:
        for event in lane:
            if not self._is_free(event):
                return
            yield event

    def _is_free(self, event: EventRow) -> bool:
        return event.state is EventState.QUEUED and event.open_runs == 0 and event.event_id not in self._database.held

    async def put_off(self, event: ClaimedEvent, settlement: Settlement) -> None:
        row = self._database.events.get(event.event_id)
        if row is None:
            return
        await self._database.unlocked([row])
        if row.state is not EventState.QUEUED or row.open_runs:
            return
        row.attempts += settlement.counted
        now, due_at = self._database.now(), settlement.due_at
        row.move(EventState.RUNNING, settlement.state, now=now, reason=settlement.reason, due_at=due_at)
        keep_mirror_attempt(self._database, event, row.attempts + (not settlement.counted), settlement)

    async def claimable(self, items: Sequence[WorkItem]) -> Sequence[WorkItem]:
        return [item for item in items if self._can_be_claimed(item)]

    def _can_be_claimed(self, item: WorkItem) -> bool:
        if item.kind is WorkKind.RUN:
            run = self._database.runs.get(int(item.id))
            return run is not None and self._database.is_next_run(run)
        event = self._database.events.get(EventId(UUID(item.id)))
        return event is not None and self._database.is_next_event(event)

    async def following(self, events: Sequence[ClaimedEvent]) -> Sequence[WorkItem]:
        lanes = {lane_of(event.store_id, event.entity) for event in events}
        rows = [row for row in self._database.events.values() if row.lane in lanes]
        return [item_of(row) for row in rows if self._database.is_next_event(row)]

    async def backlog(self, store_id: StoreId | None = None, *, limit: int) -> Sequence[WorkItem]:
        rows: list[EventRow | RunRow] = [e for e in self._database.events.values() if self._database.is_next_event(e)]
        rows.extend(run for run in self._database.runs.values() if self._database.is_next_run(run))
        taken: defaultdict[StoreId, int] = defaultdict(int)
        found = []
        for row in sorted(rows, key=lambda row: row.seq):
            if store_id in {None, row.store_id} and taken[row.store_id] < limit:
                taken[row.store_id] += 1
                found.append(item_of(row))
        return found


class MemoryEventBatch(EventBatch):
    """Some events, held until the context ends."""

    def __init__(self, database: MemoryDatabase, events: Sequence[ClaimedEvent]) -> None:
        self._database = database
        self._events = events

    @property
    def events(self) -> Sequence[ClaimedEvent]:
        return self._events

    async def rows(self, wanted: Sequence[tuple[StoreId, Entity]]) -> Mapping[tuple[StoreId, Entity], MirrorRow]:
        return {key: self._database.mirror[key] for key in wanted if key in self._database.mirror}

    async def commit(self, result: BatchResult) -> Sequence[WorkItem]:
        inserts = {(store_id, row.entity): row for store_id, row in result.inserts}
        if inserts.keys() & self._database.mirror.keys():
            raise Conflict("a mirror row appeared since the batch looked")
        self._database.mirror.update(inserts)
        updates = {(store_id, row.entity): row for store_id, row in result.updates}
        self._database.mirror.update(updates)
        self._database.seen.update(dict.fromkeys([*inserts, *updates], self._database.now()))
        opened = [item for settled in result.settled for item in self._settle(settled)]
        return opened + [item for derived in result.derived for item in self._enter(derived)]

    def _settle(self, settled: SettledEvent) -> list[WorkItem]:
        event = self._database.events[settled.event_id]
        event.stale = settled.stale
        last = () if settled.handlers else (EventState.DONE,)
        event.move(EventState.RUNNING, *last, now=self._database.now())
        return [self._database.open_run(event, handler) for handler in settled.handlers]

    def _enter(self, derived: DerivedEvent) -> list[WorkItem]:
        body = json.dumps(dict(derived.data)).encode()
        event = EventRow(
            event_id=derived.event_id,
            seq=self._database.next_seq(),
            store_id=derived.parent.store_id,
            install_id=derived.parent.install_id,
            origin=Origin.DERIVED,
            topic=derived.topic,
            entity=derived.entity,
            received_at=derived.parent.received_at,
            size=len(body),
            body=body,
            parent_id=derived.parent.event_id,
            trace=derived.parent.trace,
        )
        key = sha256(event.event_id.bytes).digest()
        self._database.enter(event, key, self._database.now() + DERIVED_KEPT)
        write_movement(self._database, derived)
        return self._settle(SettledEvent(event.event_id, derived.handlers))
