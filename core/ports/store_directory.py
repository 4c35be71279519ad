"""Finding stores among many, and how each was heard of last."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.domain.event_states import EventState
from core.domain.stores import Install, InstallState
from core.ids import EventId, StoreId


@dataclass(frozen=True, slots=True)
class StoreFilter:
    """Which stores; every field that is set must match.

    Each word of `text` begins a word of the store's title, regardless of spelling, or its id; punctuation alone is
    no condition. `paused` says whether the store's work is held back.
    """

    text: str | None = None
    state: InstallState | None = None
    paused: bool | None = None


@dataclass(frozen=True, slots=True)
class LastEvent:
    """What arrived last of a store, of whatever origin."""

    event_id: EventId
    topic: str
    state: EventState
    received_at: datetime


class StoreDirectory(Protocol):
    """Every store that was ever installed. All raise Unavailable."""

    @abstractmethod
    async def find(self, wanted: StoreFilter, *, after: StoreId | None = None, limit: int = 50) -> Sequence[Install]:
        """The current installs of matching stores by ascending id, after the given one."""

    @abstractmethod
    async def last_events(self, store_ids: Sequence[StoreId]) -> Mapping[StoreId, LastEvent]:
        """What arrived last of each; stores without any event are left out."""
