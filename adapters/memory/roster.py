"""Which processes are alive, in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from adapters.memory.database import MemoryDatabase
from core.ports.roster import Roster


class MemoryRoster(Roster):
    """The leases of MemoryWorkers."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def alive(self) -> Mapping[str, int]:
        kinds = self._database.worker_kinds
        return Counter(kinds[worker] for worker in self._database.workers if self._database.is_alive(worker))
