"""Runs under leases, in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from adapters.memory.attempts import keep_run_attempt, keep_unsettled_attempt
from adapters.memory.database import MemoryDatabase, item_of
from adapters.memory.rows import EventRow, RunRow
from core.domain.attempts import AttemptEnd
from core.domain.event_states import FINISHED, EventState
from core.domain.events import ClaimedRun, QueuedRun, Settlement, WorkItem
from core.domain.suspicion import is_last, is_suspect
from core.errors import LostClaim
from core.ids import Fence, WorkerId
from core.ports.event_ledger import AppTransaction, RunLedger, RunScope


class MemoryRunLedger(RunLedger):
    """Claims are a worker and a fence on the run's row."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def claim(
        self, run_ids: Sequence[int], worker: WorkerId, *, room: Mapping[str, int] | None = None
    ) -> Sequence[ClaimedRun]:
        if not self._database.is_alive(worker) or any(is_suspect(run.crashes) for run in self._held(worker)):
            return []
        free = sorted(self._claimable(run_ids), key=lambda run: (run.seq, run.run_id))
        left = dict(room or {})
        claimed = []
        for run in free:
            if is_suspect(run.crashes) or left.get(run.handler, 1) <= 0:
                continue
            if run.handler in left:
                left[run.handler] -= 1
            claimed.append(self._claimed(run, worker))
        return claimed

    async def claim_alone(self, run_ids: Sequence[int], worker: WorkerId) -> ClaimedRun | None:
        if not self._database.is_alive(worker) or self._held(worker):
            return None
        suspects = [run for run in self._claimable(run_ids) if is_suspect(run.crashes)]
        return self._claimed(min(suspects, key=_by_number), worker) if suspects else None

    async def look_at(self, run_ids: Sequence[int]) -> Sequence[QueuedRun]:
        found = sorted(self._claimable(run_ids), key=_by_number)
        return [QueuedRun(run.run_id, run.handler, is_suspect(run.crashes)) for run in found]

    async def poison(self, *, limit: int) -> Sequence[ClaimedRun]:
        running = (run for run in self._database.runs.values() if run.state is EventState.RUNNING)
        lost = [run for run in running if not self._database.is_alive(run.worker)]
        found = [run for run in lost if is_last(run.crashes, alone=self._database.runs_alone(run))]
        return [self._claim(run, run.worker) for run in sorted(found, key=_by_number)[:limit] if run.worker is not None]

    def _claimable(self, run_ids: Sequence[int]) -> list[RunRow]:
        known = {run_id: self._database.runs[run_id] for run_id in run_ids if run_id in self._database.runs}
        return [run for run in known.values() if self._database.is_next_run(run)]

    def _held(self, worker: WorkerId) -> list[RunRow]:
        return [run for run in self._database.runs.values() if run.worker == worker and run.state is EventState.RUNNING]

    def _claimed(self, run: RunRow, worker: WorkerId) -> ClaimedRun:
        run.move(EventState.RUNNING, now=self._database.now(), reason=run.reason)
        run.attempts += 1
        run.worker, run.fence, run.started_at = worker, Fence(run.fence + 1), self._database.now()
        return self._claim(run, worker)

    def _claim(self, run: RunRow, worker: WorkerId) -> ClaimedRun:
        event = self._database.events[run.event_id].claimed()
        return ClaimedRun(run.run_id, run.handler, run.attempts, worker, run.fence, event, tries=run.tries)

    @asynccontextmanager
    async def _scope(self, runs: Sequence[ClaimedRun]) -> AsyncIterator[RunScope]:
        scope = MemoryRunScope(self._database, runs)
        try:
            yield scope
        finally:
            scope.close()

    def open(self, *runs: ClaimedRun) -> AbstractAsyncContextManager[RunScope]:
        return self._scope(runs)

    async def give_back(self, worker: WorkerId, *, but: Collection[int] = ()) -> Sequence[WorkItem]:
        held = [run for run in self._held(worker) if run.run_id not in but]
        for run in held:
            keep_unsettled_attempt(self._database, run, AttemptEnd.GIVEN_BACK)
            run.attempts -= 1
            run.move(EventState.QUEUED, now=self._database.now(), reason=run.reason)
        return [item_of(run) for run in held]


def _by_number(run: RunRow) -> int:
    return run.run_id


class MemoryAppTransaction(AppTransaction):
    """Remembers what was executed; `fetch` finds nothing."""

    def __init__(self) -> None:
        self.executed: list[tuple[str, tuple[object, ...]]] = []
        self._revoked = False

    async def execute(self, sql: str, *args: object) -> str:
        self._remember(sql, args)
        return "OK"

    async def fetch(self, sql: str, *args: object) -> Sequence[Mapping[str, object]]:
        self._remember(sql, args)
        return []

    def _remember(self, sql: str, args: tuple[object, ...]) -> None:
        if self._revoked:
            raise RuntimeError("the unit of work is over: use its transaction inside `async with` only")
        self.executed.append((sql, args))

    def revoke(self) -> None:
        """Keeps nothing, and takes nothing more."""
        self._revoked = True
        self.executed.clear()


class MemoryRunScope(RunScope):
    """One run being handled, or several at once."""

    def __init__(self, database: MemoryDatabase, runs: Sequence[ClaimedRun]) -> None:
        self._database = database
        self._claims = runs
        self._transaction = MemoryAppTransaction()
        self._inside = False
        self._over = False

    @property
    def unit_of_work(self) -> AbstractAsyncContextManager[AppTransaction]:
        return self._unit_of_work()

    @asynccontextmanager
    async def _unit_of_work(self) -> AsyncIterator[AppTransaction]:
        if self._over:
            raise RuntimeError("the run is over: its unit of work cannot be opened any more")
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

    def close(self) -> None:
        self._over = True

    async def revoke(self) -> None:
        self._over, self._inside = True, False
        self._transaction.revoke()

    async def settle(self, settlement: Settlement) -> Sequence[WorkItem]:
        self._over = True
        rows = [self._ours(claim) for claim in self._claims]
        for run in rows:
            self._move(run, settlement)
            if run.state in FINISHED:
                self._close(self._database.events[run.event_id], run)
        if settlement.state is EventState.DONE:
            self._database.effects.extend(self._transaction.executed)
        following = [self._database.next_run(run.lane) for run in rows]
        return [item_of(run) for run in following if run is not None and run.state is EventState.QUEUED]

    def _ours(self, claim: ClaimedRun) -> RunRow:
        run = self._database.runs.get(claim.run_id)
        held = (EventState.RUNNING, claim.worker, claim.fence)
        if run is None or (run.state, run.worker, run.fence) != held:
            raise LostClaim(f"run {claim.run_id} is no longer ours")
        return run

    def _move(self, run: RunRow, settlement: Settlement) -> None:
        keep_run_attempt(self._database, run, settlement)
        run.crashes = run.crashes if settlement.state is EventState.QUEUED else 0
        now = self._database.now()
        run.move(settlement.state, now=now, reason=settlement.reason, due_at=settlement.due_at)
        run.failure, run.fingerprint = settlement.failure, settlement.fingerprint
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
