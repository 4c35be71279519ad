"""Which reconciliations there are and who works on them; and what the mirror holds of the rows they read."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from core.domain.audit import AuditEntry
from core.domain.backfill import PutOff
from core.domain.reconcile_plan import Span
from core.domain.reconcile_progress import Progress
from core.domain.reconcile_rows import Mirrored
from core.domain.reconciliation import ReconciliationClaim, ReconciliationId, ReconciliationStatus
from core.ids import EntityKind, InstallId, StoreId, WorkerId


class Reconciliations(Protocol):
    """Reconciliations of installs. Times are the database's. All raise Unavailable."""

    @abstractmethod
    async def request(self, install_id: InstallId, progress: Progress, *, audit: AuditEntry) -> ReconciliationId | None:
        """One that a person asked for, planned already and due now; None when the install is over.

        One that was asked for and not begun yet is planned anew instead of being joined by another.
        """

    @abstractmethod
    async def schedule(self, *, every: timedelta, gap_age: timedelta, limit: int) -> int:
        """Queues what is due: one per active install whose last is longer ago than `every`, spread by a tenth.

        And one for each install with an open gap on record for `gap_age`. Never beside one that
        is open. How many. `every` of zero leaves gaps only. Reports older than a day are forgotten, those a
        person asked for after thirty; the latest of an install stays.
        """

    @abstractmethod
    async def claim(self, worker: WorkerId) -> ReconciliationClaim | None:
        """The one longest due, of an active install that is not paused and has its backfills behind it, now fenced.

        Also one whose worker's lease ran out. Never a second one of a store; none for a worker
        without a lease. None when there is nothing to do.
        """

    @abstractmethod
    async def advance(self, claim: ReconciliationClaim, progress: Progress, *, done: bool = False) -> None:
        """What was found up to here is in the ledger. Raises LostClaim."""

    @abstractmethod
    async def put_off(self, claim: ReconciliationClaim, decided: PutOff) -> None:
        """Lays it aside where it is; it is due again when the wait is over. Raises LostClaim."""

    @abstractmethod
    async def of_store(self, store_id: StoreId, *, limit: int = 20) -> Sequence[ReconciliationStatus]:
        """Those of its current install, newest first; cancelled where it ended."""

    @abstractmethod
    async def missed(self) -> Mapping[str, tuple[int, int]]:
        """Over the latest one of every live install: topic → webhooks missed, and webhooks received."""


class Comparison(Protocol):
    """The mirror beside a list that is being read. All raise Unavailable."""

    @abstractmethod
    async def known(self, store_id: StoreId, kind: EntityKind, ids: Sequence[str]) -> Mapping[str, Mirrored]:
        """What we hold of these; every id is answered. Bodies are left out."""

    @abstractmethod
    async def mark(
        self, store_id: StoreId, kind: EntityKind, by: ReconciliationId, seen: Mapping[str, bytes | None]
    ) -> None:
        """This reconciliation has seen these, with this hash; None keeps the hash of before."""

    @abstractmethod
    async def unseen(
        self, store_id: StoreId, span: Span, by: ReconciliationId, *, before: datetime, limit: int
    ) -> Sequence[str]:
        """Living rows of the span, written before that moment, which this reconciliation has not seen; by id."""

    @abstractmethod
    async def rows(self, store_id: StoreId, span: Span) -> int:
        """How many living rows of the span the mirror holds."""

    @abstractmethod
    async def received(self, install_id: InstallId, since: datetime) -> Mapping[str, int]:
        """Webhooks taken in since then, by topic."""
