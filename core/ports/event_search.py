"""Finding events among a million, and what stands around one of them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from core.ids import EventId, Seq
from core.ports.ledger_reading import EventFilter, EventSummary


@dataclass(frozen=True, slots=True)
class EventsFound:
    """One page, newest first. `before` is where the next page begins; None where nothing older is left.

    Fewer events than were asked for, and a `before`: so far the look went, and older ones may match.
    """

    events: Sequence[EventSummary] = ()
    before: Seq | None = None


@dataclass(frozen=True, slots=True)
class Consequence:
    """An event that came out of another, with its content (None when dropped)."""

    event: EventSummary
    body: bytes | None


@dataclass(frozen=True, slots=True)
class EventStory:
    """What stands around an event.

    `parent_id` is the event it is a copy or a consequence of; `parent` is None when that one is pruned.
    `earlier` (newest first) and `later` (oldest first) are its neighbours about the same entity;
    `blockers` the unfinished ones before it, oldest first, none where the event itself is finished.
    """

    parent_id: EventId | None = None
    parent: EventSummary | None = None
    derived: Sequence[Consequence] = ()
    replays: Sequence[EventSummary] = ()
    earlier: Sequence[EventSummary] = ()
    later: Sequence[EventSummary] = ()
    blockers: Sequence[EventSummary] = ()


class EventSearch(Protocol):
    """Each answer costs a bounded amount of work, however many events there are."""

    @abstractmethod
    async def page(
        self, wanted: EventFilter, *, before: Seq | None = None, after: Seq | None = None, limit: int = 50
    ) -> EventsFound:
        """At most `limit` that match, of those that arrived before the one and after the other.

        Going on from `before` until there is none finds every event that matches, each once. The one
        exception: of a filter's `until`, what was taken in more than ten minutes after it was received.
        """

    @abstractmethod
    async def story(self, event_id: EventId, *, neighbours: int = 3) -> EventStory | None:
        """None when there is no such event."""
