"""What came in and was done of late, in memory."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from adapters.memory.database import MemoryDatabase
from core.domain.event_states import EventState
from core.domain.traffic import Arrivals, Latency, Settled, minute_of
from core.ids import Seq
from core.ports.traffic_counts import TrafficCounts


class MemoryTrafficCounts(TrafficCounts):
    """Looks at every event: there are few."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def arrivals(self, above: Seq, *, limit: int) -> Mapping[datetime, Arrivals]:
        newest = sorted((row for row in self._database.events.values() if row.seq > above), key=lambda row: -row.seq)
        found: defaultdict[datetime, list[Seq]] = defaultdict(list)
        for row in newest[:limit]:
            found[minute_of(row.received_at)].append(row.seq)
        return {at: Arrivals(len(numbers), min(numbers)) for at, numbers in found.items()}

    async def settled(self, since: datetime) -> Settled:
        rows = [row for row in self._database.events.values() if row.state is EventState.DONE]
        ends = [(row.settled_at, row.received_at) for row in rows if row.settled_at and row.settled_at >= since]
        seconds = sorted((settled - received).total_seconds() for settled, received in ends)
        latency = Latency(*(_percentile(seconds, share) for share in (0.5, 0.95, 0.99))) if seconds else None
        return Settled(Counter(minute_of(settled) for settled, _ in ends), latency)


def _percentile(ordered: Sequence[float], share: float) -> float:
    """Between the two neighbours, as SQL's percentile_cont has it."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
