"""Leases in memory."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from adapters.memory.database import MemoryDatabase
from core.ids import WorkerId
from core.ports.event_ledger import Workers

LEASE: Final = timedelta(seconds=10)


class MemoryWorkers(Workers):
    """A lease is a time in the database's clock."""

    def __init__(self, database: MemoryDatabase, lease: timedelta = LEASE) -> None:
        self._database = database
        self._lease = lease

    async def join(self, kind: str) -> WorkerId:
        worker = WorkerId(next(self._database.numbers))
        self._database.workers[worker] = self._database.now() + self._lease
        self._database.worker_kinds[worker] = kind
        return worker

    async def renew(self, worker: WorkerId) -> bool:
        if not self._database.is_alive(worker):
            return False
        self._database.workers[worker] = self._database.now() + self._lease
        return True

    async def leave(self, worker: WorkerId) -> None:
        self._database.workers.pop(worker, None)
