"""A reconciliation as it is kept, claimed and shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NewType

from core.domain.backfill import OPEN, BackfillState
from core.domain.reconcile_plan import Why
from core.domain.reconcile_progress import Progress
from core.ids import Fence, InstallId, StoreId, WorkerId

ReconciliationId = NewType("ReconciliationId", int)


@dataclass(frozen=True, slots=True)
class ReconciliationClaim:
    """One held under a worker's lease. `progress` is None before it was planned.

    `before` is how far earlier ones of the install came, None for the first.
    """

    reconciliation_id: ReconciliationId
    install_id: InstallId
    store_id: StoreId
    why: Why
    worker: WorkerId
    fence: Fence
    progress: Progress | None
    before: Progress | None
    failures: int = 0


@dataclass(frozen=True, slots=True)
class ReconciliationStatus:
    """One as people see it: how far it is, and in the end its report."""

    reconciliation_id: ReconciliationId
    store_id: StoreId
    install_id: InstallId
    why: Why
    state: BackfillState
    progress: Progress | None
    reason: str | None
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def is_open(self) -> bool:
        return self.state in OPEN
