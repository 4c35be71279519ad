"""The rows of the memory database; the columns are those of the migrations."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from core.domain.alerts import Alert, Change, KnownAlert
from core.domain.dead_letters import Fingerprint
from core.domain.event_states import FINISHED, MOVES, UNFINISHED, EventState, Origin
from core.domain.events import ClaimedEvent, Failure
from core.domain.idempotency import KeptAnswer
from core.domain.redrive import ItemState, JobId, JobState
from core.ids import Entity, EventId, Fence, Generation, InstallId, Lane, Seq, StoreId, WorkerId, lane_of
from core.ports.redrives import Order
from core.ports.sealed_vault import Rotation

FIRST_FENCE = Fence(0)


@dataclass(slots=True, kw_only=True)
class Stateful:
    """What events and runs share: a state that changes by legal moves only."""

    state: EventState = EventState.QUEUED
    attempts: int = 0
    reason: str | None = None
    due_at: datetime | None = None
    settled_at: datetime | None = None
    fingerprint: str | None = None
    tries: int | None = None

    @property
    def unfinished(self) -> bool:
        return self.state in UNFINISHED

    def move(self, *path: EventState, now: datetime, reason: str | None = None, due_at: datetime | None = None) -> None:
        """Through these states in one transaction; ValueError for a move that is not allowed."""
        for target in path:
            if target not in MOVES[self.state]:
                raise ValueError(f"no move from {self.state} to {target}")
            self.state = target
        self.reason, self.due_at = reason, due_at
        self.settled_at = now if self.state in FINISHED else None


@dataclass(slots=True, kw_only=True)
class EventRow(Stateful):
    """An event. `open_runs` is 0 while the mirror has not had it."""

    event_id: EventId
    seq: Seq
    store_id: StoreId
    install_id: InstallId
    origin: Origin
    topic: str
    entity: Entity | None
    received_at: datetime
    size: int
    body: bytes | None
    open_runs: int = 0
    dead_runs: int = 0
    stale: bool = False
    parent_id: UUID | None = None
    trace: str | None = None
    lane: Lane | None = field(init=False)

    def __post_init__(self) -> None:
        self.lane = lane_of(self.store_id, self.entity) if self.entity else None

    @property
    def awaits_mirror(self) -> bool:
        """Whether it stands in its lane before the mirror."""
        return self.state in {EventState.QUEUED, EventState.WAITING} and self.open_runs == 0

    def claimed(self) -> ClaimedEvent:
        assert self.entity is not None
        assert self.body is not None
        return ClaimedEvent(
            self.event_id,
            self.seq,
            self.store_id,
            self.install_id,
            self.topic,
            self.entity,
            self.body,
            self.received_at,
            self.origin,
            self.attempts,
            self.stale,
            self.tries,
            trace=self.trace,
        )


@dataclass(slots=True, kw_only=True)
class RunRow(Stateful):
    """One handler's work on one event."""

    run_id: int
    event_id: EventId
    handler: str
    store_id: StoreId
    install_id: InstallId
    lane: Lane
    seq: Seq
    worker: WorkerId | None = None
    fence: Fence = FIRST_FENCE
    failure: Failure | None = None
    started_at: datetime | None = None
    crashes: int = 0


@dataclass(slots=True)
class JobItem:
    """One letter of a job; `run_id` 0 is the event itself."""

    event_id: EventId
    run_id: int
    fingerprint: Fingerprint
    handler: str
    state: ItemState = ItemState.PENDING


@dataclass(slots=True, kw_only=True)
class JobRow:
    """A redrive or discard of many."""

    job_id: JobId
    order: Order
    actor: str
    opened_at: datetime
    starts_at: datetime
    items: list[JobItem]
    state: JobState = JobState.OPEN
    closed_at: datetime | None = None
    undone: bool = False
    turn: int = 0
    stopped: dict[Fingerprint, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DedupeRow:
    """A key that recognises a repeat, and the event it belongs to."""

    event_id: EventId
    store_id: StoreId
    origin: Origin
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class IntakeRow:
    """What was counted when it was received."""

    store_id: StoreId
    origin: Origin
    accepted: int = 0
    duplicates: int = 0


@dataclass(frozen=True, slots=True)
class TokenRow:
    """One install's sealed tokens."""

    generation: Generation
    sealed: bytes
    expires_at: datetime | None
    renewed_at: datetime | None = None


@dataclass(slots=True)
class DueRow:
    """When an install's tokens are to be renewed."""

    due_at: datetime
    failures: int = 0


@dataclass(slots=True)
class IntentRow:
    """Who exchanges a generation, and how far it got."""

    SENDING: ClassVar = "sending"
    UNKNOWN: ClassVar = "unknown"
    LAST_RESORT: ClassVar = "last_resort"
    SPENT: ClassVar = "spent"

    worker: WorkerId
    state: str = SENDING
    taken_at: datetime | None = None


@dataclass(slots=True)
class AlertRow:
    """An alert, and what was told of it."""

    alert_id: int
    alert: Alert
    raised_at: datetime
    told_at: datetime | None = None
    healed_at: datetime | None = None
    healing_told_at: datetime | None = None
    claimed_until: datetime | None = None

    def untold(self) -> list[Change]:
        """In the order in which it happened."""
        raised = [Change.RAISED] if self.told_at is None else []
        healed = [Change.HEALED] if self.healed_at and self.healing_told_at is None else []
        return raised + healed

    def known(self) -> KnownAlert:
        return KnownAlert(self.alert_id, self.alert, self.raised_at, self.healed_at, self.told_at)


@dataclass(slots=True)
class RotationRow:
    """One change of keys, and the data keys that stood when it began, as they were sealed."""

    rotation: Rotation
    stood: frozenset[bytes]
    finished_at: datetime | None = None


@dataclass(slots=True)
class IdempotencyRow:
    """One idempotency key; in progress until it has an answer."""

    claim: int
    fingerprint: bytes
    worker: WorkerId
    begun_at: datetime
    expires_at: datetime
    answer: KeptAnswer | None = None
    store_id: StoreId | None = None
