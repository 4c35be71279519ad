"""Reconciliations in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from adapters.memory.database import MemoryDatabase
from core.domain.audit import AuditEntry
from core.domain.backfill import OPEN, BackfillState, PutOff
from core.domain.event_states import Origin
from core.domain.reconcile_plan import Scan, Span, Why
from core.domain.reconcile_progress import Progress
from core.domain.reconcile_rows import Mirrored
from core.domain.reconciliation import ReconciliationClaim, ReconciliationId, ReconciliationStatus
from core.domain.stores import InstallState
from core.errors import LostClaim
from core.ids import Entity, EntityKind, Fence, InstallId, StoreId, WorkerId, lane_of
from core.ports.reconciliations import Comparison, Reconciliations


@dataclass
class ReconciliationRow:
    """One reconciliation."""

    id: ReconciliationId
    install_id: InstallId
    store_id: StoreId
    why: Why
    due_at: datetime
    requested_at: datetime
    progress: Progress | None = None
    state: BackfillState = BackfillState.QUEUED
    worker: WorkerId | None = None
    fence: Fence = field(default=Fence(0))
    failures: int = 0
    reason: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.state in OPEN


class MemoryReconciliations(Reconciliations):
    """A dict by id."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database
        self._rows: dict[ReconciliationId, ReconciliationRow] = {}

    async def request(self, install_id: InstallId, progress: Progress, *, audit: AuditEntry) -> ReconciliationId | None:
        install = self._database.live_install(install_id)
        if install is None:
            return None
        self._database.note(audit)
        for row in self._of(install_id):
            if row.why is Why.REQUESTED and row.state is BackfillState.QUEUED and row.started_at is None:
                row.progress, row.due_at = progress, self._database.now()
                return row.id
        return self._add(install_id, install.store_id, Why.REQUESTED, progress).id

    async def schedule(self, *, every: timedelta, gap_age: timedelta, limit: int) -> int:
        """Old reports go at the same time."""
        self._forget()
        now, count = self._database.now(), 0
        for install_id, install in list(self._database.installs.items()):
            if install.state is not InstallState.ACTIVE or self._database.live_install(install_id) is None:
                continue
            if count == limit or any(row.is_open for row in self._of(install_id)):
                continue
            gaps = [one for one in self._database.gaps.values() if one.gap.install_id == install_id]
            has_gap = any(one.closed_at is None and one.opened_at <= now - gap_age for one in gaps)
            latest = [row.requested_at for row in self._of(install_id) if row.why is not Why.GAP]
            is_due = bool(every) and max(latest, default=install.installed_at) <= now - every * 1.1
            if has_gap or is_due:
                self._add(install_id, install.store_id, Why.SCHEDULED if is_due else Why.GAP, None)
                count += 1
        return count

    async def claim(self, worker: WorkerId) -> ReconciliationClaim | None:
        if not self._database.is_alive(worker):
            return None
        while row := min(filter(self._is_claimable, self._rows.values()), default=None, key=_turn):
            row.fence = Fence(row.fence + 1)
            if self._database.live_install(row.install_id) is not None:
                return self._run(row, worker)
            row.state, row.finished_at = BackfillState.CANCELLED, self._database.now()
        return None

    async def advance(self, claim: ReconciliationClaim, progress: Progress, *, done: bool = False) -> None:
        row = self._held(claim)
        row.progress, row.failures, row.reason = progress, 0, None
        if self._database.live_install(row.install_id) is None:
            row.state, row.finished_at, row.worker = BackfillState.CANCELLED, self._database.now(), None
            raise _lost(claim)
        if done:
            row.state, row.finished_at, row.worker = BackfillState.DONE, self._database.now(), None

    async def put_off(self, claim: ReconciliationClaim, decided: PutOff) -> None:
        row, now = self._held(claim), self._database.now()
        row.state, row.reason, row.failures, row.worker = decided.state, decided.reason, decided.failures, None
        row.due_at = now + decided.wait
        row.finished_at = None if row.is_open else now

    async def of_store(self, store_id: StoreId, *, limit: int = 20) -> Sequence[ReconciliationStatus]:
        current = self._database.latest.get(store_id)
        found = [row for row in self._rows.values() if row.install_id == current]
        return [self._status(row) for row in sorted(found, key=lambda row: -row.id)[:limit]]

    async def missed(self) -> Mapping[str, tuple[int, int]]:
        found: dict[str, tuple[int, int]] = {}
        for install_id in self._database.installs:
            done = [row.progress for row in self._of(install_id) if row.state is BackfillState.DONE]
            latest = done[-1] if done and self._database.live_install(install_id) else None
            for topic in {*latest.missed, *latest.received} if latest else ():
                missed, received = found.get(topic, (0, 0))
                assert latest is not None
                found[topic] = (missed + latest.missed.get(topic, 0), received + latest.received.get(topic, 0))
        return found

    def _forget(self) -> None:
        """The newest finished one of an install stays: it says how far the install was read."""
        for row in list(self._rows.values()):
            kept_for = timedelta(days=30 if row.why is Why.REQUESTED else 1)
            is_old = row.finished_at is not None and row.finished_at < self._database.now() - kept_for
            later = [one for one in self._of(row.install_id) if one.id > row.id and one.state is BackfillState.DONE]
            if is_old and later:
                del self._rows[row.id]

    def _of(self, install_id: InstallId) -> list[ReconciliationRow]:
        return [row for row in self._rows.values() if row.install_id == install_id]

    def _add(self, install_id: InstallId, store_id: StoreId, why: Why, progress: Progress | None) -> ReconciliationRow:
        now = self._database.now()
        number = ReconciliationId(next(self._database.numbers))
        self._rows[number] = ReconciliationRow(number, install_id, store_id, why, now, now, progress)
        return self._rows[number]

    def _is_claimable(self, row: ReconciliationRow) -> bool:
        install = self._database.installs[row.install_id]
        if not row.is_open or row.due_at > self._database.now():
            return False
        if install.state is InstallState.NEEDS_REAUTHORIZATION or row.store_id in self._database.paused:
            return False
        if self._is_backfilled(row.install_id):
            return False
        running = [one for one in self._of(row.install_id) if one.state is BackfillState.RUNNING]
        return not self._database.is_alive(row.worker) if row in running else not running

    def _is_backfilled(self, install_id: InstallId) -> bool:
        is_live = self._database.live_install(install_id) is not None
        return is_live and any(row.is_open for key, row in self._database.backfills.items() if key[0] == install_id)

    def _run(self, row: ReconciliationRow, worker: WorkerId) -> ReconciliationClaim:
        row.state, row.worker, row.reason = BackfillState.RUNNING, worker, None
        row.started_at = row.started_at or self._database.now()
        done = [one for one in self._of(row.install_id) if one.state is BackfillState.DONE]
        before = done[-1].progress if done else None
        return ReconciliationClaim(
            row.id, row.install_id, row.store_id, row.why, worker, row.fence, row.progress, before, row.failures
        )

    def _held(self, claim: ReconciliationClaim) -> ReconciliationRow:
        row = self._rows[claim.reconciliation_id]
        if row.state is not BackfillState.RUNNING or (row.worker, row.fence) != (claim.worker, claim.fence):
            raise _lost(claim)
        return row

    def _status(self, row: ReconciliationRow) -> ReconciliationStatus:
        is_over = row.is_open and self._database.live_install(row.install_id) is None
        return ReconciliationStatus(
            row.id,
            row.store_id,
            row.install_id,
            row.why,
            BackfillState.CANCELLED if is_over else row.state,
            row.progress,
            row.reason,
            row.requested_at,
            row.started_at,
            row.finished_at,
        )


class MemoryComparison(Comparison):
    """The mirror of a memory database, and dicts beside it."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database
        self._hashes: dict[tuple[StoreId, Entity], bytes | None] = {}
        self._seen_by: dict[tuple[StoreId, Entity], ReconciliationId] = {}

    async def known(self, store_id: StoreId, kind: EntityKind, ids: Sequence[str]) -> Mapping[str, Mirrored]:
        lanes = {event.lane for event in self._database.events.values() if event.awaits_mirror}
        found = {}
        for entity_id in ids:
            key = (store_id, Entity(kind, entity_id))
            is_pending = lane_of(store_id, key[1]) in lanes
            found[entity_id] = Mirrored(self._database.mirror.get(key), self._hashes.get(key), is_pending)
        return found

    async def mark(
        self, store_id: StoreId, kind: EntityKind, by: ReconciliationId, seen: Mapping[str, bytes | None]
    ) -> None:
        for entity_id, listed in seen.items():
            key = (store_id, Entity(kind, entity_id))
            self._seen_by[key] = by
            self._hashes[key] = self._hashes.get(key) if listed is None else listed

    async def unseen(
        self, store_id: StoreId, span: Span, by: ReconciliationId, *, before: datetime, limit: int
    ) -> Sequence[str]:
        keys = [key for key in self._living(store_id, span) if self._seen_by.get(key) != by]
        return sorted(key[1].id for key in keys if self._database.seen.get(key, before) <= before)[:limit]

    async def rows(self, store_id: StoreId, span: Span) -> int:
        return len(self._living(store_id, span))

    async def received(self, install_id: InstallId, since: datetime) -> Mapping[str, int]:
        topics = [
            event.topic
            for event in self._database.events.values()
            if event.install_id == install_id and event.origin is Origin.ZID and event.received_at >= since
        ]
        return {topic: topics.count(topic) for topic in sorted(set(topics))}

    def _living(self, store_id: StoreId, span: Span) -> list[tuple[StoreId, Entity]]:
        return [
            key
            for key, row in self._database.mirror.items()
            if key[0] == store_id and key[1].kind is span.kind and not row.deleted and _is_in(span, row.version)
        ]


def _is_in(span: Span, version: datetime | None) -> bool:
    if span.scan is Scan.FULL or span.since is None:
        return True
    return version is not None and version >= span.since and (span.until is None or version <= span.until)


def _turn(row: ReconciliationRow) -> tuple[datetime, ReconciliationId]:
    return row.due_at, row.id


def _lost(claim: ReconciliationClaim) -> LostClaim:
    return LostClaim(f"reconciliation {claim.reconciliation_id} of store {claim.store_id} is no longer ours")
