"""Looking at the ledger: the books, lists for people, and the desk for dead events."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.domain.attempts import AttemptEnd
from core.domain.audit import AuditEntry
from core.domain.event_states import EventState, Ledger, Origin
from core.domain.events import Failure, WorkItem
from core.ids import EntityKind, EventId, InstallId, Seq, StoreId, WorkerId


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events; every field that is set must match. `since` and `until` (which is outside) are times of receipt.

    `fingerprint` (with its version, or without one for all versions) and `handler`
    choose events with such a dead letter; the empty handler those that died before any had them.
    """

    store_id: StoreId | None = None
    topic: str | None = None
    state: EventState | None = None
    origin: Origin | None = None
    since: datetime | None = None
    entity_id: str | None = None
    fingerprint: str | None = None
    handler: str | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One handler's run as shown to people."""

    handler: str
    state: EventState
    attempts: int
    due_at: datetime | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class AttemptSummary:
    """One attempt at a handler's run, or at the mirror's work, as shown to people."""

    handler: str
    number: int
    worker: WorkerId | None
    started_at: datetime | None
    ended_at: datetime
    end: AttemptEnd
    reason: str | None
    failure: Failure | None


@dataclass(frozen=True, slots=True)
class EventSummary:
    """One event as shown in lists."""

    event_id: EventId
    seq: Seq
    store_id: StoreId
    install_id: InstallId
    topic: str
    entity_kind: EntityKind | None
    entity_id: str | None
    origin: Origin
    state: EventState
    reason: str | None
    attempts: int
    received_at: datetime
    settled_at: datetime | None
    due_at: datetime | None
    size: int
    stale: bool


@dataclass(frozen=True, slots=True)
class EventDetail:
    """One event with its body (None when dropped), runs, and every attempt at them in order of their ends."""

    summary: EventSummary
    body: bytes | None
    runs: Sequence[RunSummary]
    attempts: Sequence[AttemptSummary] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that does not add up: an event id that intake counted and the ledger lacks, or the reverse."""

    store_id: StoreId
    origin: Origin
    problem: str
    event_id: EventId | None


class LedgerReader(Protocol):
    """Reads the ledger."""

    @abstractmethod
    async def books(self, store_id: StoreId | None = None) -> Ledger:
        """Received against accounted for, in one snapshot."""

    @abstractmethod
    async def differences(self, *, limit: int = 1000) -> Sequence[Difference]:
        """What makes the books differ, with ids where they are known."""

    @abstractmethod
    async def events(
        self, wanted: EventFilter, *, before: Seq | None = None, limit: int = 50
    ) -> Sequence[EventSummary]:
        """Newest first."""

    @abstractmethod
    async def event(self, event_id: EventId) -> EventDetail | None: ...

    @abstractmethod
    async def mirror_counts(self, store_id: StoreId) -> Mapping[EntityKind, int]:
        """How many living entities of each kind the mirror holds."""


class Desk(Protocol):
    """What a person does to events. Each action is audited in its own transaction."""

    @abstractmethod
    async def redrive(self, wanted: EventFilter, ids: Sequence[EventId], *, audit: AuditEntry) -> Sequence[WorkItem]:
        """Dead events (all that match, or the given ones) become queued again with fresh attempts."""

    @abstractmethod
    async def discard(self, wanted: EventFilter, ids: Sequence[EventId], *, reason: str, audit: AuditEntry) -> int:
        """Dead events become cancelled; how many."""

    @abstractmethod
    async def replay(self, event_id: EventId, new_id: EventId, *, audit: AuditEntry) -> WorkItem | None:
        """A copy with origin replay is queued; None when there is no such event or its body is gone."""

    @abstractmethod
    async def count(self, wanted: EventFilter) -> int:
        """How many events match, exactly."""
