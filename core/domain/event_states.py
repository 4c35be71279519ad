"""The life of an event and of a run: states, legal moves, and the equation that must hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class EventState(StrEnum):
    """Where an event (or one handler's run of it) stands."""

    QUEUED = "queued"
    """Work is waiting to be claimed."""
    RUNNING = "running"
    """Claimed by a live worker, or its handlers' runs are open."""
    WAITING = "waiting"
    """To be tried again, or looked at, at its due time."""
    DONE = "done"
    """Every handler has finished with it."""
    DEAD = "dead"
    """Given up with a reason; a person may redrive or discard it."""
    CANCELLED = "cancelled"
    """Not to be handled: its install ended, a handler said so, or a person discarded it."""
    ERASED = "erased"
    """Its content was removed; only the count remains."""


MOVES: Final[Mapping[EventState, frozenset[EventState]]] = MappingProxyType(
    {
        EventState.QUEUED: frozenset({EventState.RUNNING, EventState.CANCELLED, EventState.ERASED}),
        EventState.RUNNING: frozenset(
            {
                EventState.DONE,
                EventState.WAITING,
                EventState.DEAD,
                EventState.CANCELLED,
                EventState.QUEUED,
            }
        ),
        EventState.WAITING: frozenset({EventState.QUEUED, EventState.CANCELLED, EventState.ERASED}),
        EventState.DONE: frozenset({EventState.ERASED}),
        EventState.DEAD: frozenset({EventState.QUEUED, EventState.CANCELLED, EventState.ERASED}),
        EventState.CANCELLED: frozenset({EventState.ERASED}),
        EventState.ERASED: frozenset(),
    }
)

FIRST_STATES: Final = frozenset({EventState.QUEUED, EventState.DEAD, EventState.CANCELLED})
UNFINISHED: Final = frozenset({EventState.QUEUED, EventState.RUNNING, EventState.WAITING})
FINISHED: Final = frozenset(EventState) - UNFINISHED


def sources_of(target: EventState) -> frozenset[EventState]:
    """The states that may be left for `target`; what an UPDATE to it must name."""
    return frozenset(state for state, targets in MOVES.items() if target in targets)


class Origin(StrEnum):
    """Where an event came from."""

    ZID = "zid"
    """Delivered by Zid."""
    DERIVED = "derived"
    """Found by comparing an entity with its mirror."""
    SYNTHETIC = "synthetic"
    """Read by backfill or reconciliation."""
    REPLAY = "replay"
    """A person asked for it again."""


@dataclass(frozen=True, slots=True)
class Books:
    """What one origin received and where it is now. `received` is counted at intake, never from states."""

    received: int = 0
    duplicates: int = 0
    states: Mapping[EventState, int] = field(default_factory=dict)

    def count(self, state: EventState) -> int:
        return self.states.get(state, 0)

    @property
    def difference(self) -> int:
        """Received minus accounted for; 0 when balanced."""
        return self.received - sum(self.states.values())


@dataclass(frozen=True, slots=True)
class Ledger:
    """The books of every origin, plus what waits in spools outside the database."""

    by_origin: Mapping[Origin, Books]
    spooled: int = 0

    @property
    def balanced(self) -> bool:
        return all(books.difference == 0 for books in self.by_origin.values())

    def of(self, origin: Origin) -> Books:
        return self.by_origin.get(origin, Books())
