"""Dead letters as people look at them: by cause, counted exactly, and how fast they grow."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.domain.dead_letters import DeadGrowth, Fingerprint
from core.ids import EventId, StoreId
from core.ports.ledger_reading import EventFilter


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A dead run, or (`handler` empty) a dead event that never reached its handlers' runs."""

    event_id: EventId
    handler: str
    fingerprint: Fingerprint
    reason: str | None
    store_id: StoreId
    topic: str
    died_at: datetime


@dataclass(frozen=True, slots=True)
class DeadGroup:
    """Dead letters of one fingerprint. `sample` is the one that arrived last."""

    fingerprint: Fingerprint
    handler: str
    topics: Sequence[str]
    count: int
    stores: int
    some_stores: Sequence[StoreId]
    first_at: datetime
    last_at: datetime
    last_hour: int
    sample: DeadLetter


@dataclass(frozen=True, slots=True)
class DeadCount:
    """How many letters match, of how many events; how many of them something can handle (their install
    lives, their body is there and readable), and how many are marked for an open job."""

    letters: int = 0
    events: int = 0
    able: int = 0
    marked: int = 0


class DeadLetters(Protocol):
    """Reads the letters of dead events. `state` of a filter is ignored: it is dead.

    Whoever looks finds every letter under a fingerprint: those that have none get one first.
    """

    @abstractmethod
    async def stamp(self, *, limit: int) -> int:
        """Gives at most `limit` letters without a fingerprint theirs; how many. Any number may do it at once."""

    @abstractmethod
    async def groups(self, wanted: EventFilter, *, limit: int = 100) -> Sequence[DeadGroup]:
        """By fingerprint, the one that died last first."""

    @abstractmethod
    async def count(self, wanted: EventFilter, ids: Sequence[EventId] = ()) -> DeadCount:
        """Exactly, now; of the events with these ids only, if there are any."""

    @abstractmethod
    async def growth(self) -> DeadGrowth:
        """How many dead events there are, and how many of them died within the last hour."""
