"""Letting go of what is old."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Protocol

from core.domain.retention import Retention
from core.ids import Seq


@dataclass(frozen=True, slots=True)
class Pruned:
    """What one batch did. `seen` is the last event that was looked at, None when nothing behind it can be old."""

    removed: int
    seen: Seq | None


class Pruning(Protocol):
    """Removes settled events whose time is over; the books stay balanced. Any number may do it at once."""

    @abstractmethod
    async def prune(self, retention: Retention, *, after: Seq, limit: int) -> Pruned:
        """Of the `limit` events that follow `after` in arrival order: removes those whose time is over.

        An event goes with its runs and attempts, and its number is added to the pruned
        ones of its store, origin and state in the same transaction. Unfinished events
        stay whatever their age. Raises Unavailable.
        """
