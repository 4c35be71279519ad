"""Who exchanges which generation, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from adapters.memory.alerts import raise_alert
from adapters.memory.database import MemoryDatabase
from adapters.memory.rows import IntentRow
from core.domain.alerts import AlertKind, about_store
from core.domain.stores import InstallState
from core.ids import Generation, InstallId, WorkerId
from core.ports.installations import DueRefresh, Intent, RefreshBook


class MemoryRefreshBook(RefreshBook):
    """Intents by (install, generation), due times by install."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def begin(self, install_id: InstallId, generation: Generation, worker: WorkerId) -> Intent:
        there = self._database.intents.get((install_id, generation))
        if there is None:
            return self._begin(install_id, generation, worker)
        at_work = there.state in {IntentRow.SENDING, IntentRow.LAST_RESORT}
        if at_work and self._database.is_alive(there.worker):
            return Intent.HELD
        if there.state in {IntentRow.LAST_RESORT, IntentRow.SPENT}:
            return Intent.SPENT
        self._doubt(install_id, there, "the process that renewed its tokens died")
        return Intent.UNKNOWN

    def _begin(self, install_id: InstallId, generation: Generation, worker: WorkerId) -> Intent:
        """HELD also when the generation is no longer the latest, or the own lease ran out: read again."""
        tokens = self._database.tokens.get(install_id)
        if tokens is None or tokens.generation != generation or not self._database.is_alive(worker):
            return Intent.HELD
        self._database.intents[install_id, generation] = IntentRow(worker, taken_at=self._database.now())
        return Intent.TAKEN

    async def drop(self, install_id: InstallId, generation: Generation, worker: WorkerId) -> None:
        own = self._own(install_id, generation, worker)
        if own and own.state == IntentRow.SENDING:
            del self._database.intents[install_id, generation]
        elif own and own.state == IntentRow.LAST_RESORT:
            own.state = IntentRow.UNKNOWN

    async def mark_unknown(self, install_id: InstallId, generation: Generation, worker: WorkerId) -> None:
        own = self._own(install_id, generation, worker)
        if own and own.state == IntentRow.SENDING:
            self._doubt(install_id, own, "the answer to its renewal was lost")
        elif own and own.state == IntentRow.LAST_RESORT:
            own.state = IntentRow.SPENT

    def _doubt(self, install_id: InstallId, intent: IntentRow, reason: str) -> None:
        if intent.state == IntentRow.SENDING:
            store_id = self._database.installs[install_id].store_id
            raise_alert(self._database, about_store(AlertKind.REFRESH_IN_DOUBT, store_id, install_id, reason))
        intent.state = IntentRow.UNKNOWN

    def _own(self, install_id: InstallId, generation: Generation, worker: WorkerId) -> IntentRow | None:
        there = self._database.intents.get((install_id, generation))
        return there if there and there.worker == worker else None

    async def take_last_resort(self, install_id: InstallId, generation: Generation, worker: WorkerId) -> bool:
        there = self._database.intents.get((install_id, generation))
        if there is None or there.state != IntentRow.UNKNOWN or not self._database.is_alive(worker):
            return False
        there.state, there.worker, there.taken_at = IntentRow.LAST_RESORT, worker, self._database.now()
        return True

    async def claim_due(self, now: datetime, *, limit: int, hold: float) -> Sequence[DueRefresh]:
        due = [install_id for install_id in self._database.refresh_due if self._is_due(install_id, now)]
        due.sort(key=lambda install_id: self._database.refresh_due[install_id].due_at)
        return [self._claimed(install_id, now + timedelta(seconds=hold)) for install_id in due[:limit]]

    def _is_due(self, install_id: InstallId, now: datetime) -> bool:
        is_active = self._database.installs[install_id].state is InstallState.ACTIVE
        return is_active and self._database.refresh_due[install_id].due_at <= now

    def _claimed(self, install_id: InstallId, back_at: datetime) -> DueRefresh:
        row = self._database.refresh_due[install_id]
        row.due_at = back_at
        return DueRefresh(self._database.installs[install_id].store_id, install_id, row.failures, back_at)

    async def give_back(self, due: Sequence[DueRefresh], until: datetime) -> None:
        for claimed in due:
            row = self._database.refresh_due.get(claimed.install_id)
            if row and row.due_at == claimed.held_until:
                row.due_at = until

    async def postpone(self, install_id: InstallId, until: datetime, *, failed: bool) -> None:
        if row := self._database.refresh_due.get(install_id):
            row.due_at = until
            row.failures += failed
