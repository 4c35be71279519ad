"""How the renewal of tokens goes, in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from adapters.memory.database import MemoryDatabase
from core.domain.refresh_census import DaysLeft, Within, days_left
from core.domain.stores import InstallState
from core.ports.refresh_reports import RefreshReports, RefreshStanding, RunReport, VaultCensus


class MemoryRefreshReports(RefreshReports):
    """Counts the rows of the vault; reports are a list, oldest first."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def note(self, report: RunReport) -> None:
        self._database.refresh_runs.append(report)

    async def standing(self, now: datetime) -> RefreshStanding:
        times = [row.due_at for key, row in self._database.refresh_due.items() if self._is_active(key)]
        due, later = [at for at in times if at <= now], [at for at in times if at > now]
        runs = self._database.refresh_runs
        return RefreshStanding(
            due=len(due),
            oldest_due_at=min(due, default=None),
            next_due_at=min(later, default=None),
            in_doubt=len([key for key in self._database.intents if self._database.in_doubt_since(*key)]),
            last_run=runs[-1] if runs else None,
        )

    def _is_active(self, install_id: object) -> bool:
        return any(
            install.install_id == install_id and install.state is InstallState.ACTIVE
            for install in self._database.installs.values()
        )

    async def census(self, now: datetime) -> VaultCensus:
        current = [self._database.current_install(store_id) for store_id in self._database.latest]
        states = Counter(install.state for install in current if install)
        ends = [row.expires_at for row in self._database.tokens.values() if row.expires_at]
        return VaultCensus(
            stores={state: states[state] for state in InstallState},
            expiring={within: len([at for at in ends if at <= now + within.period]) for within in Within},
        )

    async def days_left(self, now: datetime) -> Mapping[DaysLeft, int]:
        ends = [row.expires_at for row in self._database.tokens.values()]
        found = Counter(days_left(at - now if at else None) for at in ends)
        return {step: found[step] for step in DaysLeft}

    async def forget(self, before: datetime) -> int:
        runs = self._database.refresh_runs
        gone = [run for run in runs[:-1] if run.began_at < before]
        for run in gone:
            runs.remove(run)
        return len(gone)
