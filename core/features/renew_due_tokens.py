"""Renewing what is due before anybody notices: claims shared by any number of schedulers, runs with an end.

A run ends when its stores are tried, when its time is over, or when Zid meets every store the same bad way; what it
did not try comes back a little later, spread out.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from core.domain.refresh_backoff import PATIENCE, next_try
from core.domain.tokens import RefreshOutcome, last_try_at
from core.errors import NeedsReauthorization, TryLater, Unavailable, WaslError
from core.features.refresh_tokens import RefreshTokens, outcome_of
from core.ids import InstallId, StoreId
from core.ports.installations import DueRefresh, RefreshBook
from core.ports.refresh_reports import RefreshReports, RunReport
from core.ports.system import Chance, Clock

HOLD: Final = 300.0
"""Seconds that a claim lasts; a run gives up at half of them, so that no other run has the same stores."""
REST: Final = 60.0
"""Seconds until what a run did not try is due again, up to twice as long by chance."""


@dataclass(frozen=True, slots=True)
class DueRenewal:
    """What became of one due store. `problem` is None where nothing is wrong."""

    store_id: StoreId
    install_id: InstallId
    outcome: RefreshOutcome
    problem: str | None = None


@dataclass(slots=True, kw_only=True)
class DueRun:
    """The stores of one claim; any number of hands may take them out, one at a time."""

    began_at: datetime
    began: float
    until: float
    left: deque[DueRefresh]
    claimed: int
    done: list[DueRenewal] = field(default_factory=list)
    stopped: RefreshOutcome | None = None
    in_a_row: int = 0

    def take(self, now: float) -> DueRefresh | None:
        """The next store; None when the run is over."""
        return self.left.popleft() if self.left and self.stopped is None and now < self.until else None

    def add(self, renewal: DueRenewal) -> None:
        """Failures that concern every store alike end the run after so many in a row."""
        self.done.append(renewal)
        patience = PATIENCE.get(renewal.outcome)
        if patience is None or patience.ends_run_after is None:
            self.in_a_row = 0
            return
        self.in_a_row += 1
        if self.in_a_row >= patience.ends_run_after:
            self.stopped = renewal.outcome


@dataclass(frozen=True, kw_only=True)
class RenewDueTokens:
    """`claim`, `work` by any number of callers at once, `close`; or `run`, which is all of it by one."""

    refresh: RefreshTokens
    book: RefreshBook
    reports: RefreshReports
    clock: Clock
    chance: Chance

    async def run(self, limit: int) -> Sequence[DueRenewal]:
        """Renews up to `limit` due stores, one after the other; what fails comes back, ever more patiently."""
        run = await self.claim(limit)
        await self.work(run)
        await self.close(run)
        return run.done

    async def claim(self, limit: int) -> DueRun:
        began_at, began = self.clock.now(), self.clock.monotonic()
        due = await self.book.claim_due(began_at, limit=limit, hold=HOLD)
        return DueRun(began_at=began_at, began=began, until=began + HOLD / 2, left=deque(due), claimed=len(due))

    async def work(self, run: DueRun) -> None:
        while (due := run.take(self.clock.monotonic())) is not None:
            run.add(await self._renew(due))

    async def close(self, run: DueRun) -> RunReport:
        """Gives back what was not tried, and writes down how it went. A run of nothing leaves no trace."""
        if run.left:
            rest = timedelta(seconds=REST * (1 + self.chance.fraction()))
            await self.book.give_back(run.left, self.clock.now() + rest)
        seconds = self.clock.monotonic() - run.began
        outcomes = Counter(one.outcome for one in run.done)
        report = RunReport(run.began_at, seconds, run.claimed, outcomes, run.stopped)
        if run.claimed:
            await self.reports.note(report)
        return report

    async def _renew(self, due: DueRefresh) -> DueRenewal:
        try:
            outcome = await self._attempt(due)
        except NeedsReauthorization as problem:
            return DueRenewal(due.store_id, due.install_id, RefreshOutcome.REFUSED, problem.reason)
        except WaslError as problem:
            await self._put_off(due, problem)
            return DueRenewal(due.store_id, due.install_id, outcome_of(problem), str(problem))
        return DueRenewal(due.store_id, due.install_id, outcome)

    async def _attempt(self, due: DueRefresh) -> RefreshOutcome:
        renewal = await self.refresh.attempt_latest(due.store_id, due.install_id)
        if renewal is None:
            return RefreshOutcome.RENEWED
        if renewal.outcome is RefreshOutcome.UNKNOWN:
            rests_until = last_try_at(renewal.tokens.tokens, self.clock.now())
            await self.book.postpone(due.install_id, rests_until, failed=False)
        return renewal.outcome

    async def _put_off(self, due: DueRefresh, problem: WaslError) -> None:
        """Where that fails, or somebody is slow about it who sets the next due time himself, the claim holds it."""
        outcome = outcome_of(problem)
        if outcome is RefreshOutcome.HELD:
            return
        asked = problem.retry_after if isinstance(problem, TryLater) else 0.0
        now, chance = self.clock.now(), self.chance.fraction()
        until = next_try(now, outcome, due.failures, chance, at_least=asked)
        with suppress(Unavailable):
            await self.book.postpone(due.install_id, until, failed=True)
