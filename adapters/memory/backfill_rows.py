"""The rows of backfills in memory."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.domain.backfill import BACKFILLED, OPEN, BackfillState
from core.ids import EntityKind, Fence, InstallId, StoreId, WorkerId

FIRST_FENCE = Fence(0)


@dataclass(slots=True, kw_only=True)
class BackfillRow:
    """One kind's backfill of one install."""

    install_id: InstallId
    store_id: StoreId
    kind: EntityKind
    due_at: datetime
    requested_at: datetime
    state: BackfillState = BackfillState.QUEUED
    page: str | None = None
    pages: int = 0
    read: int = 0
    total: int | None = None
    failures: int = 0
    reason: str | None = None
    worker: WorkerId | None = None
    fence: Fence = FIRST_FENCE
    started_at: datetime | None = None
    progressed_at: datetime | None = None
    finished_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.state in OPEN


def first_rows(
    store_id: StoreId, install_id: InstallId, now: datetime, wait: timedelta
) -> dict[tuple[InstallId, EntityKind], BackfillRow]:
    """One of every kind, as an install begins with."""
    return {
        (install_id, kind): BackfillRow(
            install_id=install_id, store_id=store_id, kind=kind, due_at=now + wait, requested_at=now
        )
        for kind in BACKFILLED
    }
