"""The tests' hands on the memory adapters' database."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from adapters.memory.database import MemoryDatabase
from adapters.memory.rows import IntakeRow
from adapters.memory.system import ManualClock
from core.ids import EventId, InstallId, WorkerId
from tests.contract.hands import Hands


class MemoryHands(Hands):
    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def expire_lease(self, worker: WorkerId) -> None:
        self._database.workers[worker] = self._database.now()

    async def expire_dedupe(self) -> None:
        for key, row in list(self._database.dedupe.items()):
            self._database.dedupe[key] = type(row)(row.event_id, row.store_id, row.origin, self._database.now())

    async def expire_idempotency(self) -> None:
        for row in self._database.idempotency.values():
            row.expires_at = self._database.now()

    async def remove_event(self, event_id: EventId) -> None:
        del self._database.events[event_id]

    async def forget_intake(self, event_id: EventId) -> None:
        [(key, row)] = [(key, row) for key, row in self._database.dedupe.items() if row.event_id == event_id]
        del self._database.dedupe[key]
        self._database.intake.append(IntakeRow(row.store_id, row.origin, accepted=-1))

    async def swap_tokens(self, left: InstallId, right: InstallId) -> None:
        rows, keys = self._database.tokens, self._database.data_keys
        rows[left], rows[right] = rows[right], rows[left]
        keys[left], keys[right] = keys[right], keys[left]

    async def spoil_tokens(self, install_id: InstallId) -> None:
        row = self._database.tokens[install_id]
        self._database.tokens[install_id] = replace(row, sealed=row.sealed[:-1] + bytes([row.sealed[-1] ^ 1]))

    async def effects(self) -> list[str]:
        return [str(args[0]) for _, args in self._database.effects]

    async def make_backfills_due(self) -> None:
        for row in self._database.backfills.values():
            row.due_at = self._database.now()

    async def age(self, event_id: EventId, by: timedelta) -> None:
        event = self._database.events[event_id]
        event.received_at -= by
        event.settled_at = event.settled_at - by if event.settled_at else None
        for key, row in list(self._database.dedupe.items()):
            if row.event_id == event_id:
                self._database.dedupe[key] = type(row)(row.event_id, row.store_id, row.origin, row.expires_at - by)

    async def let_time_pass(self, by: timedelta) -> None:
        assert isinstance(self._database.clock, ManualClock)
        self._database.clock.advance(by.total_seconds())
        for worker in self._database.workers:
            self._database.workers[worker] += by
