"""How many events came in and were done of late, minute by minute, counted without looking at older ones."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from core.domain.traffic import Arrivals, Settled
from core.ids import Seq


class TrafficCounts(Protocol):
    """Reads the newest end of the ledger. All of it raises Unavailable."""

    @abstractmethod
    async def arrivals(self, above: Seq, *, limit: int) -> Mapping[datetime, Arrivals]:
        """The events above `above`, at most the newest `limit` of them, by the minute in which they came in."""

    @abstractmethod
    async def settled(self, since: datetime) -> Settled:
        """The events that were done since then, by minute, and how long all of them took from their receipt."""
