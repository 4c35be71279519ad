"""Leases in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping
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

    async def join(self, kind: str, process: str = "") -> WorkerId:
        worker = WorkerId(next(self._database.numbers))
        self._database.workers[worker] = self._database.now() + self._lease
        self._database.worker_kinds[worker] = kind
        self._database.worker_processes[worker] = process
        return worker

    async def processes(self) -> Mapping[WorkerId, str]:
        database = self._database
        return {worker: database.worker_processes[worker] for worker in database.workers if database.is_alive(worker)}

    async def end(self, workers: Collection[WorkerId]) -> None:
        for worker in self._database.workers.keys() & set(workers):
            self._database.workers[worker] = min(self._database.workers[worker], self._database.now())

    async def renew(self, worker: WorkerId) -> bool:
        if not self._database.is_alive(worker):
            return False
        self._database.workers[worker] = self._database.now() + self._lease
        return True

    async def leave(self, worker: WorkerId) -> None:
        self._database.workers.pop(worker, None)
