"""Runs under leases, in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from adapters.memory.database import MemoryDatabase, item_of
from adapters.memory.rows import EventRow, RunRow
from core.domain.event_states import FINISHED, EventState
from core.domain.events import ClaimedRun, Settlement, WorkItem
from core.errors import LostClaim
from core.ids import Fence, WorkerId
from core.ports.event_ledger import AppTransaction, RunLedger, RunScope


class MemoryRunLedger(RunLedger):
    """Claims are a worker and a fence on the run's row."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def claim(self, run_ids: Sequence[int], worker: WorkerId) -> Sequence[ClaimedRun]:
        if not self._database.is_alive(worker):
            return []
        known = [self._database.runs[run_id] for run_id in run_ids if run_id in self._database.runs]
        return [self._claimed(run, worker) for run in known if self._database.is_next_run(run)]

    def _claimed(self, run: RunRow, worker: WorkerId) -> ClaimedRun:
        run.move(EventState.RUNNING, now=self._database.now(), reason=run.reason)
        run.attempts += 1
        run.worker, run.fence = worker, Fence(run.fence + 1)
        event = self._database.events[run.event_id].claimed()
        return ClaimedRun(run.run_id, run.handler, run.attempts, worker, run.fence, event)

    @asynccontextmanager
    async def _scope(self, run: ClaimedRun) -> AsyncIterator[RunScope]:
        yield MemoryRunScope(self._database, run)

    def open(self, run: ClaimedRun) -> AbstractAsyncContextManager[RunScope]:
        return self._scope(run)

    async def give_back(self, worker: WorkerId) -> Sequence[WorkItem]:
        held = [run for run in self._database.runs.values() if run.worker == worker]
        held = [run for run in held if run.state is EventState.RUNNING]
        for run in held:
            run.attempts -= 1
            run.move(EventState.QUEUED, now=self._database.now(), reason=run.reason)
        return [item_of(run) for run in held]


class MemoryAppTransaction(AppTransaction):
    """Remembers what was executed; `fetch` finds nothing."""

    def __init__(self) -> None:
        self.executed: list[tuple[str, tuple[object, ...]]] = []

    async def execute(self, sql: str, *args: object) -> str:
        self.executed.append((sql, args))
        return "OK"

    async def fetch(self, sql: str, *args: object) -> Sequence[Mapping[str, object]]:
        self.executed.append((sql, args))
        return []


class MemoryRunScope(RunScope):
    """One run being handled."""

    def __init__(self, database: MemoryDatabase, run: ClaimedRun) -> None:
        self._database = database
        self._claim = run
        self._transaction = MemoryAppTransaction()
        self._inside = False

    @property
    def unit_of_work(self) -> AbstractAsyncContextManager[AppTransaction]:
        return self._unit_of_work()

    @asynccontextmanager
    async def _unit_of_work(self) -> AsyncIterator[AppTransaction]:
        self._inside = True
        try:
            yield self._transaction
        except BaseException:
            self._transaction.executed.clear()
            raise
        finally:
            self._inside = False

    @property
    def in_unit_of_work(self) -> bool:
        return self._inside

    async def settle(self, settlement: Settlement) -> Sequence[WorkItem]:
        run = self._database.runs.get(self._claim.run_id)
        if run is None or not self._is_ours(run):
            raise LostClaim(f"run {self._claim.run_id} is no longer ours")
        self._move(run, settlement)
        if run.state in FINISHED:
            self._close(self._database.events[run.event_id], run)
        if run.state is EventState.DONE:
            self._database.effects.extend(self._transaction.executed)
        following = self._database.next_run(run.lane)
        return [item_of(following)] if following and following.state is EventState.QUEUED else []

    def _is_ours(self, run: RunRow) -> bool:
        return (run.state, run.worker, run.fence) == (EventState.RUNNING, self._claim.worker, self._claim.fence)

    def _move(self, run: RunRow, settlement: Settlement) -> None:
        now = self._database.now()
        run.move(settlement.state, now=now, reason=settlement.reason, due_at=settlement.due_at)
        run.failure = settlement.failure
        run.attempts -= not settlement.counted

    def _close(self, event: EventRow, run: RunRow) -> None:
        """One run fewer; the last one decides: dead if any died, done if any was done, else cancelled."""
        event.open_runs -= 1
        if run.state is EventState.DEAD:
            event.dead_runs += 1
            event.reason = run.reason
        if event.open_runs:
            return
        ends = {other.state for other in self._database.runs_of(event.event_id)}
        end = next(state for state in (EventState.DEAD, EventState.DONE, EventState.CANCELLED) if state in ends)
        reasons = {EventState.DEAD: event.reason, EventState.CANCELLED: run.reason}
        event.move(end, now=self._database.now(), reason=reasons.get(end))
