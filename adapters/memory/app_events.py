"""App events and subscriptions of stores in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count

from adapters.memory.database import MemoryDatabase
from core.domain.app_events import AppEvent, AppEventOutcome, StoreSubscription
from core.domain.audit import AuditEntry
from core.ids import InstallId, StoreId
from core.ports.app_events import AppEventBook, AppEventClaim, AppEventRecord, StoreSubscriptions


@dataclass
class _Row:
    claim: AppEventClaim
    due_at: datetime | None
    why: str | None = None
    outcome: AppEventOutcome | None = None
    settled_at: datetime | None = None


class MemoryAppEventBook(AppEventBook):
    """A dict by key."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database
        self._rows: dict[bytes, _Row] = {}
        self._numbers = count(1)

    async def note(self, event: AppEvent, *, hold: timedelta) -> AppEventClaim | None:
        if event.key in self._rows:
            return None
        claim = AppEventClaim(next(self._numbers), event, self._database.now(), tries=1)
        self._rows[event.key] = _Row(claim, self._database.now() + hold)
        return claim

    async def claim_due(self, *, limit: int, hold: timedelta) -> Sequence[AppEventClaim]:
        now = self._database.now()
        due = sorted((row.due_at, row.claim.number, row) for row in self._rows.values() if row.due_at)
        found = [row for due_at, _, row in due if due_at <= now][:limit]
        for row in found:
            row.due_at, row.claim = now + hold, replace(row.claim, tries=row.claim.tries + 1)
        return [row.claim for row in found]

    async def settle(self, claim: AppEventClaim, outcome: AppEventOutcome) -> None:
        if (row := self._open(claim)) is not None:
            row.due_at, row.why, row.outcome, row.settled_at = None, None, outcome, self._database.now()

    async def look_again(self, claim: AppEventClaim, wait: timedelta, why: str, install_id: InstallId | None) -> None:
        if (row := self._open(claim)) is not None:
            row.due_at, row.why = self._database.now() + wait, why
            if row.claim.install_id is None:
                row.claim = replace(row.claim, install_id=install_id)

    async def of_store(self, store_id: StoreId, *, limit: int = 20) -> Sequence[AppEventRecord]:
        mine = [row for row in self._rows.values() if row.claim.event.store_id == store_id]
        newest_first = sorted(mine, key=lambda row: -row.claim.number)[:limit]
        return [
            AppEventRecord(row.claim.event, row.claim.received_at, row.outcome, row.due_at, row.why)
            for row in newest_first
        ]

    async def forget(self, *, older_than: timedelta) -> int:
        until = self._database.now() - older_than
        old = [key for key, row in self._rows.items() if row.settled_at and row.settled_at < until]
        for key in old:
            del self._rows[key]
        return len(old)

    def _open(self, claim: AppEventClaim) -> _Row | None:
        row = self._rows.get(claim.event.key)
        return row if row and row.outcome is None else None


class MemoryStoreSubscriptions(StoreSubscriptions):
    """A dict by store."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database
        self._kept: dict[StoreId, StoreSubscription] = {}

    async def keep(self, found: StoreSubscription, *, audit: AuditEntry) -> bool:
        before = self._kept.get(found.store_id)
        if before is not None and before.verified and not found.verified:
            return False
        self._kept[found.store_id] = found
        if before is not None and _said(before) == _said(found):
            return False
        self._database.note(audit)
        return True

    async def of_stores(self, store_ids: Sequence[StoreId]) -> Sequence[StoreSubscription]:
        return [self._kept[store_id] for store_id in sorted(self._kept) if store_id in store_ids]


def _said(found: StoreSubscription) -> tuple[object, ...]:
    return (found.plan, found.is_usage_based, found.verified)
