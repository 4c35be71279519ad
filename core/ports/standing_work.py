"""How much work stands in the ledger, cheaply enough to be asked all the time."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.domain.event_states import EventState, Origin


@dataclass(frozen=True, slots=True)
class Standing:
    """Events that are unfinished or dead, by origin and state, and when the oldest unfinished one came in."""

    events: Mapping[tuple[Origin, EventState], int]
    oldest: datetime | None = None

    def count(self, state: EventState, *origins: Origin) -> int:
        """Of these origins; of all where none is named."""
        wanted = origins or tuple(Origin)
        return sum(number for (origin, own), number in self.events.items() if own is state and origin in wanted)


class StandingWork(Protocol):
    """The part of the books that changes all the time."""

    @abstractmethod
    async def standing(self) -> Standing:
        """Agrees with the books, and reads unfinished and dead events alone, however many are settled."""
