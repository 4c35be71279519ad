"""Asking for a reconciliation: what it would read and cost, begun when a person wants it, and what it found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from core.domain.audit import SYSTEM, AuditEntry
from core.domain.backfill import BACKFILLED, BackfillState
from core.domain.gaps import KnownGap
from core.domain.reconcile_plan import Known, Scan, Span, Why, allowance, cost, plan
from core.domain.reconcile_progress import Progress, SpanReport
from core.domain.reconciliation import ReconciliationStatus
from core.domain.stores import LIVE, Install
from core.ids import StoreId
from core.ports.gaps import Gaps
from core.ports.installations import Installations
from core.ports.reconciliations import Comparison, Reconciliations
from core.ports.system import Clock

HISTORY: Final = 100


@dataclass(frozen=True, slots=True)
class ReconcilePolicy:
    """How often. `every` is between two of one store, `full_every` between two readings of whole lists.

    What changed within `grace` is left to the webhook that may still be on its way.
    """

    every: timedelta = timedelta(hours=1)
    full_every: timedelta = timedelta(days=1)
    grace: timedelta = timedelta(minutes=30)
    gap_age: timedelta = timedelta(seconds=20)
    """A gap is read when it stands for this long: more may belong to it."""


@dataclass(frozen=True, kw_only=True)
class PlanReconciliation:
    """What is to be read of a store now."""

    comparison: Comparison
    gaps: Gaps
    clock: Clock
    policy: ReconcilePolicy
    webhook_calls: int
    """What a look at the webhooks may cost: who asks for a reconciliation gets one first."""

    async def plan(self, install: Install, why: Why, before: Progress | None) -> Progress:
        """A reconciliation that has not begun. `before` is how far earlier ones came."""
        now = self.clock.now()
        open_gaps = await self.gaps.of_install(install.install_id)
        whole = {kind: await self._rows(install, Span(kind, Scan.FULL)) for kind in BACKFILLED}
        known = Known(
            now=now,
            installed_at=install.installed_at,
            covered=before.covered if before else {},
            full=before.full if before else {},
            counts=whole,
            full_every=self.policy.full_every,
        )
        spans = plan(why, known, [one.gap for one in open_gaps])
        reports = [await self._report(install, span) for span in spans]
        gaps = tuple(one.gap_id for one in open_gaps)
        others = self.webhook_calls if why is Why.REQUESTED else 0
        return Progress(now, tuple(reports), gaps=gaps, covered=known.covered, full=known.full, others_allowed=others)

    async def _report(self, install: Install, span: Span) -> SpanReport:
        rows = await self._rows(install, span)
        return SpanReport(span, estimate=cost(span, rows), allowed=allowance(rows))

    async def _rows(self, install: Install, span: Span) -> int:
        return await self.comparison.rows(install.store_id, span)


@dataclass(frozen=True, slots=True)
class ReconciliationRefused:
    """Nothing was queued: the store has no live install."""


@dataclass(frozen=True, kw_only=True)
class AskForReconciliation:
    """Queues reconciliations and tells what they found. Reading is `Reconcile`'s work, in any process."""

    reconciliations: Reconciliations
    planning: PlanReconciliation
    gaps: Gaps
    installations: Installations

    async def estimate(self, store_id: StoreId) -> Progress | ReconciliationRefused:
        """What one would read if it were asked for now."""
        install = await self._live(store_id)
        return await self._planned(install) if install else ReconciliationRefused()

    async def request(self, store_id: StoreId, *, actor: str = SYSTEM) -> ReconciliationStatus | ReconciliationRefused:
        """One over whole lists, due now, with its estimate. One not begun yet is planned anew."""
        install = await self._live(store_id)
        if install is None:
            return ReconciliationRefused()
        planned = await self._planned(install)
        details = {"estimate": planned.estimate}
        entry = AuditEntry("reconciliation.requested", store_id, install.install_id, actor, details=details)
        number = await self.reconciliations.request(install.install_id, planned, audit=entry)
        found = [one for one in await self.history(store_id) if one.reconciliation_id == number]
        return found[0] if found else ReconciliationRefused()

    async def history(self, store_id: StoreId, *, limit: int = HISTORY) -> Sequence[ReconciliationStatus]:
        """Newest first."""
        return await self.reconciliations.of_store(store_id, limit=limit)

    async def known_gaps(self, store_id: StoreId) -> Sequence[KnownGap]:
        """Open ones first."""
        return await self.gaps.of_store(store_id)

    async def _live(self, store_id: StoreId) -> Install | None:
        install = await self.installations.current(store_id)
        return install if install and install.state in LIVE else None

    async def _planned(self, install: Install) -> Progress:
        done = [one for one in await self.history(install.store_id) if one.state is BackfillState.DONE]
        return await self.planning.plan(install, Why.REQUESTED, done[0].progress if done else None)
