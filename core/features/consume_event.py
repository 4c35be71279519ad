"""Queued events through the mirror: in bulk, in one transaction, exactly once.

Reads top-down: take a batch, plan what it means (pure), write it all, announce the
handlers' runs. A batch that fails is taken again one event at a time, so that one
bad event costs only itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from core.domain.documents import as_document
from core.domain.entities.catalogue import READERS, unwrap
from core.domain.event_states import EventState
from core.domain.events import (
    BatchResult,
    ClaimedEvent,
    DerivedEvent,
    Failure,
    SettledEvent,
    Settlement,
    WorkItem,
)
from core.domain.mirror import Applied, Arrival, MirrorRow, apply
from core.domain.retry import DEFAULT_POLICY
from core.domain.topics import Topic, mirrored_topic
from core.errors import Conflict, TryLater, UnknownShape
from core.features.event_handlers.outcomes import decide
from core.features.event_handlers.registry import Handlers
from core.ids import Entity, EventId, StoreId
from core.ports.event_ledger import EventBatch, EventLedger
from core.ports.system import Chance, Clock, Ids

Key = tuple[StoreId, Entity]
Decode = Callable[[bytes], object]
CONFLICT_TRIES = 3


@dataclass(frozen=True, slots=True)
class Consumed:
    """What one call did: events settled, events put off with why, runs opened for handlers.

    `freed` are events that stood behind these in their lanes and can be claimed now.
    """

    settled: Sequence[ClaimedEvent] = ()
    put_off: Sequence[tuple[ClaimedEvent, Settlement]] = ()
    runs: Sequence[WorkItem] = ()
    derived: int = 0
    freed: Sequence[WorkItem] = ()

    def plus(self, other: Consumed) -> Consumed:
        return Consumed(
            [*self.settled, *other.settled],
            [*self.put_off, *other.put_off],
            [*self.runs, *other.runs],
            self.derived + other.derived,
            [*self.freed, *other.freed],
        )


class ConsumeEvents:
    """Applies queued events to the mirror and opens the runs of the app's handlers."""

    def __init__(
        self,
        *,
        ledger: EventLedger,
        handlers: Handlers,
        clock: Clock,
        chance: Chance,
        ids: Ids,
        decode: Decode,
        describe: Callable[[BaseException], Failure],
    ) -> None:
        self._ledger = ledger
        self._handlers = handlers
        self._clock = clock
        self._chance = chance
        self._ids = ids
        self._decode = decode
        self._describe = describe

    async def consume(self, event_ids: Sequence[EventId], *, limit: int) -> Consumed:
        """Handles these events and what is queued in their lanes, up to `limit`. Raises Unavailable."""
        try:
            return await self._consume_bulk(event_ids, limit)
        except TryLater:
            raise
        except Exception:  # noqa: BLE001 - one bad event must cost only itself: each gets its own try below
            return await self._consume_singly(event_ids)

    async def _consume_bulk(self, event_ids: Sequence[EventId], limit: int) -> Consumed:
        for _ in range(CONFLICT_TRIES):
            try:
                return await self._consume_batch(event_ids, limit)
            except Conflict:
                continue
        return Consumed()

    async def _consume_batch(self, event_ids: Sequence[EventId], limit: int) -> Consumed:
        async with self._ledger.open_batch(event_ids, limit=limit) as batch:
            if not batch.events:
                return Consumed()
            plan = await self._plan(batch)
            runs = await batch.commit(plan.result)
        return await self._after_commit(plan, runs)

    async def _after_commit(self, plan: Plan, runs: Sequence[WorkItem]) -> Consumed:
        """Another worker may have been turned away from a lane while we held it, so its next event is ours to tell."""
        for event, settlement in plan.unreadable:
            await self._ledger.put_off(event, settlement)
        handled = [*plan.settled, *(event for event, _ in plan.unreadable)]
        freed = await self._ledger.following(handled)
        return Consumed(plan.settled, plan.unreadable, runs, len(plan.result.derived), freed)

    async def _plan(self, batch: EventBatch) -> Plan:
        arrivals = read_arrivals(batch.events, self._decode)
        wanted = {(event.store_id, event.entity) for event in batch.events if event.event_id in arrivals.by_event}
        rows = await batch.rows(sorted(wanted))
        return plan_batch(batch.events, arrivals, rows, self._handlers, self._ids.event_id)

    async def _consume_singly(self, event_ids: Sequence[EventId]) -> Consumed:
        total = Consumed()
        for event_id in event_ids:
            total = total.plus(await self._consume_one(event_id))
        return total

    async def _consume_one(self, event_id: EventId) -> Consumed:
        """The event, or the one before it in its lane; a failure counts as its attempt."""
        claimed: ClaimedEvent | None = None
        try:
            async with self._ledger.open_batch([event_id], limit=1) as batch:
                if not batch.events:
                    return Consumed()
                claimed = batch.events[0]
                plan = await self._plan(batch)
                runs = await batch.commit(plan.result)
        except TryLater:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a body provokes is this event's failure, not the daemon's
            return await self._put_off(claimed, error) if claimed else Consumed()
        return await self._after_commit(plan, runs)

    async def _put_off(self, event: ClaimedEvent, error: Exception) -> Consumed:
        settlement = decide(
            self._describe(error),
            event.attempts + 1,
            DEFAULT_POLICY.at_most(event.tries),
            self._clock.now(),
            self._chance.fraction(),
        )
        await self._ledger.put_off(event, settlement)
        return Consumed(put_off=[(event, settlement)], freed=await self._ledger.following([event]))


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The mirrored events of a batch as arrivals, and those that no reader understands."""

    by_event: Mapping[EventId, Arrival]
    unreadable: Mapping[EventId, str]


@dataclass(frozen=True, slots=True)
class Plan:
    """A batch thought through: what to write, and what cannot be handled."""

    result: BatchResult
    settled: Sequence[ClaimedEvent]
    unreadable: Sequence[tuple[ClaimedEvent, Settlement]]


def read_arrivals(events: Sequence[ClaimedEvent], decode: Decode) -> Arrivals:
    """Each mirrored event read once; unreadable ones keep their reason."""
    arrivals: dict[EventId, Arrival] = {}
    unreadable: dict[EventId, str] = {}
    for event in events:
        topic = mirrored_topic(event.topic)
        if topic is None:
            continue
        try:
            arrivals[event.event_id] = _read(event, topic, decode)
        except UnknownShape as error:
            unreadable[event.event_id] = error.reason
        except ValueError:
            unreadable[event.event_id] = "not JSON"
    return Arrivals(arrivals, unreadable)


def _read(event: ClaimedEvent, topic: Topic, decode: Decode) -> Arrival:
    if topic.deletes:
        return Arrival(event.entity, event.received_at, b"", None)
    document = unwrap(event.entity.kind, as_document(decode(event.body)))
    reading = READERS[event.entity.kind](document)
    return Arrival(event.entity, event.received_at, event.body, reading, quiet=topic.quiet)


@dataclass(slots=True)
class _Draft:
    """The mirror as it changes while a batch is walked through."""

    known: Mapping[Key, MirrorRow]
    changed: dict[Key, MirrorRow] = field(default_factory=dict)

    def apply(self, event: ClaimedEvent, arrival: Arrival) -> Applied:
        key = (event.store_id, event.entity)
        applied = apply(self.changed.get(key, self.known.get(key)), arrival)
        if not applied.stale:
            self.changed[key] = applied.row
        return applied

    def rows(self, *, new: bool) -> list[tuple[StoreId, MirrorRow]]:
        return [(key[0], row) for key, row in self.changed.items() if (key not in self.known) == new]


def plan_batch(
    events: Sequence[ClaimedEvent],
    arrivals: Arrivals,
    rows: Mapping[Key, MirrorRow],
    handlers: Handlers,
    new_id: Callable[[], EventId],
) -> Plan:
    """What a batch means, in arrival order: rows to write, events derived, runs to open. Pure but for `new_id`."""
    draft = _Draft(rows)
    settled: list[SettledEvent] = []
    derived: list[DerivedEvent] = []
    readable = [event for event in events if event.event_id not in arrivals.unreadable]
    for event in readable:
        arrival = arrivals.by_event.get(event.event_id)
        applied = draft.apply(event, arrival) if arrival else None
        settled.append(
            SettledEvent(event.event_id, handlers.names_for(event.topic), stale=bool(applied and applied.stale))
        )
        derived += _derive(event, applied, handlers, new_id) if applied else []
    unreadable = [
        (event, Settlement(EventState.DEAD, reason=arrivals.unreadable[event.event_id]))
        for event in events
        if event.event_id in arrivals.unreadable
    ]
    result = BatchResult(settled, draft.rows(new=True), draft.rows(new=False), derived)
    return Plan(result, readable, unreadable)


def _derive(
    event: ClaimedEvent, applied: Applied, handlers: Handlers, new_id: Callable[[], EventId]
) -> list[DerivedEvent]:
    """Changes always enter the ledger; a first sight only where a handler asked for snapshots."""
    found = []
    for change in applied.changes:
        names = handlers.names_for(change.topic, snapshot=change.snapshot)
        if names or not change.snapshot:
            found.append(DerivedEvent(new_id(), event, change.topic, change.entity, change.data, names))
    return found
