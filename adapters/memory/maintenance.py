"""The sweep's work in the database, in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import MutableMapping, Sequence
from typing import TypeVar

from adapters.memory.alerts import raise_alert
from adapters.memory.attempts import keep_unsettled_attempt
from adapters.memory.database import MemoryDatabase, item_of
from adapters.memory.rows import DedupeRow, EventRow, IdempotencyRow, IntakeRow, IntentRow, RunRow
from core.domain.alerts import AlertKind, about_store
from core.domain.attempts import AttemptEnd
from core.domain.event_states import EventState, Origin
from core.domain.events import WorkItem
from core.domain.suspicion import after_crash, is_last
from core.ids import StoreId
from core.ports.event_ledger import Maintenance

_Expiring = TypeVar("_Expiring", DedupeRow, IdempotencyRow)


class MemoryMaintenance(Maintenance):
    """Releases, forgets and folds."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def release_due(self, *, limit: int) -> Sequence[WorkItem]:
        rows: list[EventRow | RunRow] = [*self._database.events.values(), *self._database.runs.values()]
        due = [row for row in rows if row.state is EventState.WAITING and self._is_due(row)][:limit]
        for row in due:
            row.move(EventState.QUEUED, now=self._database.now(), reason=row.reason)
        return [item_of(row) for row in due]

    def _is_due(self, row: EventRow | RunRow) -> bool:
        return row.due_at is not None and row.due_at <= self._database.now()

    async def release_orphans(self) -> Sequence[WorkItem]:
        alive = {worker: until for worker, until in self._database.workers.items() if self._database.is_alive(worker)}
        self._database.workers.clear()
        self._database.workers.update(alive)
        for (install_id, _), intent in self._database.intents.items():
            if intent.state == IntentRow.SENDING and intent.worker not in alive:
                intent.state = IntentRow.UNKNOWN
                store_id = self._database.installs[install_id].store_id
                reason = "the process that renewed its tokens died"
                raise_alert(self._database, about_store(AlertKind.REFRESH_IN_DOUBT, store_id, install_id, reason))
        running = (run for run in self._database.runs.values() if run.state is EventState.RUNNING)
        lost = [(run, self._database.runs_alone(run)) for run in running if run.worker not in alive]
        released = [(run, alone) for run, alone in lost if not is_last(run.crashes, alone=alone)]
        orphans = [run for run, _ in released]
        for run, alone in released:
            keep_unsettled_attempt(self._database, run, AttemptEnd.LOST)
            run.crashes = after_crash(run.crashes, alone=alone)
            run.move(EventState.QUEUED, now=self._database.now(), reason=run.reason)
        return [item_of(run) for run in orphans]

    async def forget_expired(self, *, limit: int) -> int:
        return self._forget(self._database.dedupe, limit) + self._forget(self._database.idempotency, limit)

    def _forget(self, table: MutableMapping[bytes, _Expiring], limit: int) -> int:
        expired = [key for key, row in table.items() if row.expires_at <= self._database.now()][:limit]
        for key in expired:
            del table[key]
        return len(expired)

    async def compact_intake(self) -> int:
        groups: defaultdict[tuple[StoreId, Origin], list[IntakeRow]] = defaultdict(list)
        for row in self._database.intake:
            groups[row.store_id, row.origin].append(row)
        self._database.intake = [_folded(rows) for rows in groups.values()]
        return sum(len(rows) for rows in groups.values() if len(rows) > 1)


def _folded(rows: Sequence[IntakeRow]) -> IntakeRow:
    accepted, duplicates = sum(row.accepted for row in rows), sum(row.duplicates for row in rows)
    return IntakeRow(rows[0].store_id, rows[0].origin, accepted, duplicates)
