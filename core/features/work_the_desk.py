"""The desk's work in the background: jobs go on, letters get their fingerprints, growth is watched."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from core.domain.dead_letters import AlarmLevel, DeadGrowth, GrowthAlarm, growth_alarm
from core.domain.redrive import ItemState, Pace, next_window
from core.ports.dead_letters import DeadLetters
from core.ports.metrics import Metrics
from core.ports.redrives import Advanced, Redrives
from core.ports.work_index import Announcer

STAMPED_AT_ONCE: Final = 1000
KEEP_JOBS: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Watched:
    """How dead letters grow; `is_news` when the level is another than at the look before."""

    growth: DeadGrowth
    alarm: GrowthAlarm
    is_news: bool


class WorkTheDesk:
    """Safe to run in any number of processes: each step takes its job, and its letters, for itself."""

    def __init__(
        self,
        *,
        letters: DeadLetters,
        redrives: Redrives,
        announcer: Announcer,
        metrics: Metrics,
        threshold: int,
        pace: Pace | None = None,
    ) -> None:
        self._letters = letters
        self._redrives = redrives
        self._announcer = announcer
        self._metrics = metrics
        self._threshold = threshold
        self._pace = pace or Pace()
        self._window = self._pace.least
        self._level = AlarmLevel.QUIET

    async def advance(self) -> Advanced | None:
        """One step of one job; None when none is open."""
        advanced = await self._redrives.advance(replace(self._pace, in_flight=self._window))
        if advanced:
            self._announcer.announce(advanced.work)
            left = advanced.job.count(ItemState.IN_FLIGHT) - len(advanced.work)
            self._window = next_window(self._window, left, self._pace)
        return advanced

    async def tidy(self) -> None:
        """Fingerprints for what died without passing a handler, and an end to old jobs."""
        while await self._letters.stamp(limit=STAMPED_AT_ONCE):
            pass
        await self._redrives.forget(KEEP_JOBS)

    async def watch(self) -> Watched:
        """Measures the growth and says what it means."""
        growth = await self._letters.growth()
        alarm = growth_alarm(growth, self._threshold)
        self._metrics.set("dead_letters_last_hour", growth.last_hour)
        left = float("inf") if alarm.reached_in is None else alarm.reached_in.total_seconds()
        self._metrics.set("dead_letters_alarm_seconds", left)
        watched = Watched(growth, alarm, alarm.level is not self._level)
        self._level = alarm.level
        return watched
