"""Renewing tokens before they expire, many stores side by side, and saying how it goes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import structlog

from core.domain.refresh_backoff import SETTLED
from core.features.renew_due_tokens import DueRenewal, DueRun, RenewDueTokens
from core.ports.metrics import Metrics
from core.ports.refresh_reports import RefreshReports, RunReport
from core.ports.system import Clock
from entrypoints.background.loop import Loop, Work
from entrypoints.process import keep_doing, pause_or
from entrypoints.wiring import Daemon

log = structlog.get_logger()

REFRESH_EVERY = 5.0
REST_AFTER_STOP = 30.0
MEASURE_EVERY = 60.0
FORGET_EVERY = 3600.0
REPORTS_KEPT = timedelta(days=30)


def loops(parts: Daemon) -> Sequence[Work]:
    adapters, settings = parts.adapters, parts.settings
    refreshing = Refreshing(parts.features.renew_due(), batch=settings.refresh_batch, at_once=settings.refresh_at_once)
    reports, metrics, clock = adapters.refresh_reports(), adapters.metrics(), adapters.clock()
    return [
        refreshing,
        Loop("measure_tokens", lambda: measure(reports, metrics, clock), MEASURE_EVERY),
        Loop("forget_refresh_runs", lambda: reports.forget(clock.now() - REPORTS_KEPT), FORGET_EVERY),
    ]


class Refreshing:
    """Runs over what is due; the next begins at once where there was more than one run could take."""

    def __init__(self, feature: RenewDueTokens, *, batch: int, at_once: int) -> None:
        self._feature = feature
        self._batch = batch
        self._at_once = at_once

    async def work(self, stop: asyncio.Event) -> None:
        await keep_doing("refresh", lambda: self._step(stop), stop=stop)

    async def _step(self, stop: asyncio.Event) -> None:
        await pause_or(stop, pause_after(await self.run(stop), self._batch))

    async def run(self, stop: asyncio.Event) -> RunReport:
        """One claim, worked off by many hands. A stop ends it after the stores in hand; the rest is given back."""
        run = await self._feature.claim(self._batch)
        ending = asyncio.create_task(_end_with(stop, run), name="end refresh run")
        try:
            async with asyncio.TaskGroup() as hands:
                for _ in range(min(self._at_once, run.claimed)):
                    hands.create_task(self._feature.work(run))
        finally:
            ending.cancel()
        report = await self._feature.close(run)
        tell(run.done, report)
        return report


def pause_after(report: RunReport, batch: int) -> float:
    """None while more is due than a run takes; a long one where Zid meets every store the same bad way."""
    if report.stopped:
        return REST_AFTER_STOP
    return 0.0 if report.claimed == batch == report.tried else REFRESH_EVERY


async def _end_with(stop: asyncio.Event, run: DueRun) -> None:
    await stop.wait()
    run.until = run.began


def tell(done: Sequence[DueRenewal], report: RunReport) -> None:
    """A line for each store that is not well, one for the run; nothing where nothing was due."""
    for one in done:
        if one.outcome not in SETTLED or one.problem:
            log.warning("token_refresh", store_id=one.store_id, outcome=one.outcome.value, problem=one.problem)
    if report.claimed:
        log.info(
            "refresh_run",
            claimed=report.claimed,
            tried=report.tried,
            renewed=report.renewed,
            seconds=round(report.seconds, 1),
            per_second=round(report.per_second, 1),
            stopped=report.stopped.value if report.stopped else None,
        )


async def measure(reports: RefreshReports, metrics: Metrics, clock: Clock) -> None:
    now = clock.now()
    census, standing = await reports.census(now), await reports.standing(now)
    for state, number in census.stores.items():
        metrics.set("stores", number, state=state.value)
    for within, number in census.expiring.items():
        metrics.set("tokens_expiring", number, within=within.value)
    late = (now - standing.oldest_due_at).total_seconds() if standing.oldest_due_at else 0.0
    metrics.set("refreshes_due", standing.due)
    metrics.set("refresh_lag_seconds", late)
    metrics.set("refreshes_in_doubt", standing.in_doubt)
