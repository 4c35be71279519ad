"""How the renewal of tokens goes, counted from the labels beside what is sealed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import asyncpg

from adapters.postgres.connection import Pool, acquire
from adapters.postgres.orphans import ALIVE
from core.domain.refresh_census import STEPS, DaysLeft, Within
from core.domain.stores import InstallState
from core.domain.tokens import RefreshOutcome
from core.ports.refresh_reports import RefreshReports, RefreshStanding, RunReport, VaultCensus

IN_DOUBT: Final = f"(i.state <> 'sending' OR NOT EXISTS ({ALIVE.format('i')}))"
"""Of a refresh intent `i`: it was sent, and nobody waits for the answer any more."""

_NOTE: Final = """
    INSERT INTO refresh_runs (began_at, seconds, claimed, outcomes, stopped) VALUES ($1, $2, $3, $4, $5)
"""
# Parked rows stand at infinity, so that what is counted here is active.
_STANDING: Final = f"""
    SELECT (SELECT count(*) FROM refresh_due WHERE due_at <= $1) AS due,
           (SELECT min(due_at) FROM refresh_due WHERE due_at <= $1) AS oldest_due_at,
           (SELECT min(due_at) FROM refresh_due WHERE due_at > $1 AND due_at < 'infinity') AS next_due_at,
           (SELECT count(*) FROM refresh_intents i WHERE {IN_DOUBT}) AS in_doubt
"""
_LAST_RUN: Final = "SELECT began_at, seconds, claimed, outcomes, stopped FROM refresh_runs ORDER BY run_id DESC LIMIT 1"
_STORES: Final = "SELECT state, count(*) FROM stores GROUP BY state"
# One look at each row, whatever the number of steps.
_EXPIRING: Final = "SELECT {} FROM tokens".format(
    ", ".join(f"count(*) FILTER (WHERE expires_at <= ${number})" for number, _ in enumerate(Within, start=1))
)
# What nobody said to end ends last.
_DAYS_LEFT: Final = """
    SELECT coalesce(width_bucket(expires_at - $1, $2::interval[]), cardinality($2::interval[])) AS step,
           count(*) AS number
    FROM tokens GROUP BY 1
"""
_FORGET: Final = """
    DELETE FROM refresh_runs WHERE began_at < $1 AND run_id < (SELECT max(run_id) FROM refresh_runs)
"""


class PostgresRefreshReports(RefreshReports):
    """The table refresh_runs, and counts over the vault's tables."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def note(self, report: RunReport) -> None:
        outcomes = {outcome.value: number for outcome, number in report.outcomes.items()}
        stopped = report.stopped.value if report.stopped else None
        async with acquire(self._pool) as conn:
            await conn.execute(_NOTE, report.began_at, report.seconds, report.claimed, outcomes, stopped)

    async def standing(self, now: datetime) -> RefreshStanding:
        async with acquire(self._pool) as conn:
            found = await conn.fetchrow(_STANDING, now)
            last = await conn.fetchrow(_LAST_RUN)
        assert found is not None  # counts are always one row
        return RefreshStanding(**dict(found), last_run=_report(last) if last else None)

    async def census(self, now: datetime) -> VaultCensus:
        async with acquire(self._pool) as conn:
            stores = {row[0]: row[1] for row in await conn.fetch(_STORES)}
            expiring = await conn.fetchrow(_EXPIRING, *(now + within.period for within in Within))
        assert expiring is not None  # counts are always one row
        return VaultCensus(
            stores={state: stores.get(state.value, 0) for state in InstallState},
            expiring=dict(zip(Within, expiring.values(), strict=True)),
        )

    async def days_left(self, now: datetime) -> Mapping[DaysLeft, int]:
        async with acquire(self._pool) as conn:
            found = {row["step"]: row["number"] for row in await conn.fetch(_DAYS_LEFT, now, list(STEPS))}
        return {step: found.get(place, 0) for place, step in enumerate(DaysLeft)}

    async def forget(self, before: datetime) -> int:
        async with acquire(self._pool) as conn:
            return int((await conn.execute(_FORGET, before)).rpartition(" ")[2])


def _report(row: asyncpg.Record) -> RunReport:
    return RunReport(
        row["began_at"],
        row["seconds"],
        row["claimed"],
        {RefreshOutcome(name): number for name, number in row["outcomes"].items()},
        RefreshOutcome(row["stopped"]) if row["stopped"] else None,
    )
