"""How much work stands in the ledger in memory."""

from __future__ import annotations

from collections import Counter

from adapters.memory.database import MemoryDatabase
from core.domain.event_states import EventState
from core.ports.standing_work import Standing, StandingWork


class MemoryStandingWork(StandingWork):
    """Looks at every event: there are few."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def standing(self) -> Standing:
        events = self._database.events.values()
        counts = Counter((row.origin, row.state) for row in events if row.unfinished or row.state is EventState.DEAD)
        return Standing(counts, min((row.received_at for row in events if row.unfinished), default=None))
