"""Events and runs as values: what came in, what is claimed, what is decided about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final

from core.domain.attempts import AttemptEnd
from core.domain.event_states import EventState, Origin
from core.domain.mirror import MirrorRow
from core.domain.topics import ZID_TOPICS
from core.ids import Entity, EventId, Fence, InstallId, Seq, StoreId, WorkerId


class WorkKind(StrEnum):
    """Which table a work item points into."""

    EVENT = "event"
    RUN = "run"


@dataclass(frozen=True, slots=True, order=True)
class WorkItem:
    """What the work index carries: ids only, no personal data."""

    kind: WorkKind
    id: str
    store_id: StoreId


@dataclass(frozen=True, slots=True)
class Delivery:
    """A genuine webhook on its way into the ledger.

    `state` is QUEUED, or DEAD with a `reason` when it cannot be handled; `entity` is
    None only for the dead. `keep_for` is how long a repeat is recognised.
    """

    event_id: EventId
    store_id: StoreId
    install_id: InstallId
    topic: str
    body: bytes
    received_at: datetime
    dedupe_key: bytes
    keep_for: timedelta
    entity: Entity | None = None
    state: EventState = EventState.QUEUED
    reason: str | None = None
    origin: Origin = Origin.ZID
    trace: str | None = None
    """The traceparent under which it came in."""


class Receipt(StrEnum):
    """What became of a delivery. All are answered 200."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    CANCELLED = "cancelled"
    """Recorded without its body: the install is over."""
    SPOOLED = "spooled"
    """Kept outside the database, to be taken in when that is back."""


SHORT_DEDUPE: Final = timedelta(hours=1)


def dedupe_key(store_id: StoreId, install_id: InstallId, topic: str, body: bytes) -> bytes:
    """32 bytes that equal deliveries share; Zid sends no delivery id."""
    return sha256(f"{store_id}\0{install_id}\0{topic}\0".encode() + body).digest()


def dedupe_period(topic: str, days: int) -> timedelta:
    """How long a repeat counts as a repeat: an unversioned topic says the same thing anew very soon."""
    known = ZID_TOPICS.get(topic)
    return timedelta(days=days) if known and known.mirrored else SHORT_DEDUPE


@dataclass(frozen=True, slots=True)
class ClaimedEvent:
    """An event held by an open batch."""

    event_id: EventId
    seq: Seq
    store_id: StoreId
    install_id: InstallId
    topic: str
    entity: Entity
    body: bytes
    received_at: datetime
    origin: Origin
    attempts: int
    stale: bool = False
    tries: int | None = None
    """How often it may be tried; None leaves that to the policy."""
    claimed_at: datetime | None = None
    trace: str | None = None
    """The traceparent under which it came in; a derived event has its parent's."""


@dataclass(frozen=True, slots=True)
class SettledEvent:
    """A claimed event after the mirror: its handlers' runs are opened, or it is done. `stale` is recorded."""

    event_id: EventId
    handlers: tuple[str, ...] = ()
    stale: bool = False


@dataclass(frozen=True, slots=True)
class DerivedEvent:
    """An event found by comparing: enters the ledger with its handlers' runs in the same transaction."""

    event_id: EventId
    parent: ClaimedEvent
    topic: str
    entity: Entity
    data: Mapping[str, str | int | None]
    handlers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BatchResult:
    """All that one bulk transaction writes. `inserts` are rows that were absent when the batch looked."""

    settled: Sequence[SettledEvent]
    inserts: Sequence[tuple[StoreId, MirrorRow]] = ()
    updates: Sequence[tuple[StoreId, MirrorRow]] = ()
    derived: Sequence[DerivedEvent] = ()


@dataclass(frozen=True, slots=True)
class ClaimedRun:
    """One handler's run of one event, held under a lease. `attempt` counts from 1 and includes this one."""

    run_id: int
    handler: str
    attempt: int
    worker: WorkerId
    fence: Fence
    event: ClaimedEvent
    tries: int | None = None
    """How often it may be tried; None leaves that to the handler's policy."""

    @property
    def idempotency_key(self) -> str:
        """Stable over every attempt of this run: event id and handler."""
        return f"{self.event.event_id}:{self.handler}"


@dataclass(frozen=True, slots=True)
class QueuedRun:
    """A run that could be claimed now, and what stands in the way of claiming it like any other."""

    run_id: int
    handler: str
    suspect: bool


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt failed: the exception's type and message, and a traceback without locals."""

    type: str
    message: str
    traceback: str = ""


@dataclass(frozen=True, slots=True)
class Settlement:
    """Where a run or event goes next. `counted` is False where the attempt is given back."""

    state: EventState
    due_at: datetime | None = None
    reason: str | None = None
    failure: Failure | None = None
    counted: bool = True
    details: Mapping[str, str] = field(default_factory=dict)
    fingerprint: str | None = None
    """Of a death: what it has in common with others of the same cause."""
    ended_as: AttemptEnd | None = None
    """Where the rest does not tell how the attempt ended."""

    @property
    def end(self) -> AttemptEnd:
        """How the attempt ended."""
        return self.ended_as or self._end_by_state()

    def _end_by_state(self) -> AttemptEnd:
        match self.state:
            case EventState.DONE:
                return AttemptEnd.DONE
            case EventState.CANCELLED:
                return AttemptEnd.CANCELLED
            case EventState.QUEUED:
                return AttemptEnd.GIVEN_BACK
            case EventState.WAITING if self.failure is None:
                return AttemptEnd.RETRY if self.counted else AttemptEnd.SNOOZED
            case _:
                return AttemptEnd.FAILED
