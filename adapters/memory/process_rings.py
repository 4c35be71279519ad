"""What each process holds, in memory."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.memory.database import MemoryDatabase
from core.domain.rings import Holder
from core.ports.process_rings import ProcessRings


class MemoryProcessRings(ProcessRings):
    """Beside the leases of `MemoryWorkers`."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def note(self, holder: Holder) -> None:
        self._database.process_rings[holder.worker] = holder

    async def live(self) -> Sequence[Holder]:
        said, kinds = self._database.process_rings, self._database.worker_kinds
        alive = [worker for worker in sorted(self._database.workers) if self._database.is_alive(worker)]
        return [said.get(worker) or Holder(worker, kinds[worker], {}) for worker in alive]
