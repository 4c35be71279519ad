"""Backfills in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from adapters.memory.backfill_rows import BackfillRow
from adapters.memory.database import MemoryDatabase
from core.domain.audit import AuditEntry
from core.domain.backfill import BACKFILLED, BackfillClaim, BackfillState, BackfillStatus, PageDone, PutOff
from core.domain.event_states import EventState
from core.domain.stores import InstallState
from core.errors import LostClaim
from core.ids import EntityKind, Fence, InstallId, StoreId, WorkerId
from core.ports.backfills import Backfills


class MemoryBackfills(Backfills):
    """A dict by install and kind."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def request(self, install_id: InstallId, kinds: Sequence[EntityKind], *, audit: AuditEntry) -> bool:
        install = self._database.live_install(install_id)
        if install is None:
            return False
        for kind in kinds:
            known = self._database.backfills.get((install_id, kind))
            if known is None or known.state is not BackfillState.RUNNING:
                self._database.backfills[install_id, kind] = _asked_for(
                    known, install_id, install.store_id, kind, self._database.now()
                )
        self._database.note(audit)
        return True

    async def begin(self, install_id: InstallId) -> None:
        now = self._database.now()
        for row in self._rows():
            if row.install_id == install_id and row.state is BackfillState.QUEUED:
                row.due_at = min(row.due_at, now)

    async def claim(self, worker: WorkerId) -> BackfillClaim | None:
        if not self._database.is_alive(worker):
            return None
        while row := min(filter(self._is_claimable, self._rows()), default=None, key=_turn):
            row.fence = Fence(row.fence + 1)
            if self._database.live_install(row.install_id) is not None:
                return self._run(row, worker)
            _close(row, BackfillState.CANCELLED, self._database.now())
        return None

    async def advance(self, claim: BackfillClaim, page: PageDone) -> None:
        row = self._held(claim)
        row.page, row.pages, row.read = page.next, row.pages + 1, page.read
        row.total = row.total if page.total is None else page.total
        row.failures, row.reason, row.progressed_at = 0, None, self._database.now()
        if self._database.live_install(row.install_id) is None:
            _close(row, BackfillState.CANCELLED, self._database.now())
            raise _lost(claim)
        if page.next is None:
            row.total = row.read if row.total is None else row.total
            _close(row, BackfillState.DONE, self._database.now())

    async def put_off(self, claim: BackfillClaim, decided: PutOff) -> None:
        row, now = self._held(claim), self._database.now()
        row.state, row.reason, row.failures, row.worker = decided.state, decided.reason, decided.failures, None
        row.due_at = now + decided.wait
        row.finished_at = None if row.is_open else now

    async def of_stores(self, store_ids: Sequence[StoreId]) -> Sequence[BackfillStatus]:
        current = {self._database.latest[store_id] for store_id in store_ids if store_id in self._database.latest}
        rows = [row for row in self._rows() if row.install_id in current]
        return [self._status(row) for row in sorted(rows, key=_shelf)]

    async def backlog(self, store_id: StoreId, *, limit: int) -> int:
        waiting = (
            event
            for event in self._database.events.values()
            if event.store_id == store_id and event.state is EventState.QUEUED and event.open_runs == 0
        )
        return min(limit, sum(1 for _ in waiting))

    def _rows(self) -> list[BackfillRow]:
        return list(self._database.backfills.values())

    def _is_claimable(self, row: BackfillRow) -> bool:
        install = self._database.installs[row.install_id]
        if not row.is_open or row.due_at > self._database.now():
            return False
        if install.state is InstallState.NEEDS_REAUTHORIZATION:
            return False
        running = [
            one for one in self._rows() if one.install_id == row.install_id and one.state is BackfillState.RUNNING
        ]
        return not self._database.is_alive(row.worker) if row in running else not running

    def _run(self, row: BackfillRow, worker: WorkerId) -> BackfillClaim:
        row.state, row.worker, row.reason = BackfillState.RUNNING, worker, None
        row.started_at = row.started_at or self._database.now()
        return BackfillClaim(row.install_id, row.store_id, row.kind, worker, row.fence, row.page, row.failures)

    def _held(self, claim: BackfillClaim) -> BackfillRow:
        row = self._database.backfills[claim.install_id, claim.kind]
        if row.state is not BackfillState.RUNNING or (row.worker, row.fence) != (claim.worker, claim.fence):
            raise _lost(claim)
        return row

    def _status(self, row: BackfillRow) -> BackfillStatus:
        is_cancelled = row.is_open and self._database.live_install(row.install_id) is None
        return BackfillStatus(
            store_id=row.store_id,
            install_id=row.install_id,
            kind=row.kind,
            state=BackfillState.CANCELLED if is_cancelled else row.state,
            read=row.read,
            total=row.total,
            pages=row.pages,
            reason=row.reason,
            requested_at=row.requested_at,
            started_at=row.started_at,
            progressed_at=row.progressed_at,
            finished_at=row.finished_at,
            due_at=row.due_at if row.is_open else None,
        )


def _asked_for(
    known: BackfillRow | None, install_id: InstallId, store_id: StoreId, kind: EntityKind, now: datetime
) -> BackfillRow:
    """An open one goes on at its page; any other begins."""
    if known is None or not known.is_open:
        fence = known.fence if known else Fence(0)
        return BackfillRow(
            install_id=install_id, store_id=store_id, kind=kind, due_at=now, requested_at=now, fence=fence
        )
    known.state, known.due_at, known.reason, known.failures = BackfillState.QUEUED, now, None, 0
    return known


def _close(row: BackfillRow, state: BackfillState, now: datetime) -> None:
    row.state, row.worker, row.finished_at = state, None, now


def _lost(claim: BackfillClaim) -> LostClaim:
    return LostClaim(f"the backfill of {claim.kind} of store {claim.store_id} is no longer ours")


def _place(row: BackfillRow) -> int:
    return BACKFILLED.index(row.kind)


def _shelf(row: BackfillRow) -> tuple[StoreId, int]:
    return row.store_id, _place(row)


def _turn(row: BackfillRow) -> tuple[datetime, int]:
    return row.due_at, _place(row)
