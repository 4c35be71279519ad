"""The desk's loops beside a daemon's other work."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import structlog

from core.domain.dead_letters import AlarmLevel
from core.domain.redrive import JobState
from core.features.work_the_desk import Watched, WorkTheDesk
from core.ports.redrives import Advanced
from entrypoints.background.loop import Loop, Work
from entrypoints.process import keep_doing, pause_or
from entrypoints.wiring import Daemon

log = structlog.get_logger()

BETWEEN_STEPS: Final = 0.1
LOOK_EVERY: Final = 0.5
"""Seconds between looks while no job is open."""
WATCH_EVERY: Final = 15.0


def loops(parts: Daemon) -> Sequence[Work]:
    desk = parts.features.work_the_desk()
    return [Redriving(desk), Loop("dead_letters", lambda: _watch(desk), WATCH_EVERY)]


class Redriving:
    """Takes open jobs on, step by step; a step that is cut short is taken again by whoever comes next."""

    def __init__(self, desk: WorkTheDesk) -> None:
        self._desk = desk

    async def work(self, stop: asyncio.Event) -> None:
        await keep_doing("redrive", lambda: self._advance(stop), stop=stop)

    async def _advance(self, stop: asyncio.Event) -> None:
        advanced = await self._desk.advance()
        if advanced:
            tell(advanced)
        await pause_or(stop, BETWEEN_STEPS if advanced else LOOK_EVERY)


async def _watch(desk: WorkTheDesk) -> None:
    await desk.tidy()
    tell_growth(await desk.watch())


def tell(advanced: Advanced) -> None:
    """One line for each group that is stopped, one at the end of the job."""
    job = advanced.job
    for group in advanced.stopped:
        log.warning(
            "redrive_group_stopped",
            job_id=job.job_id,
            fingerprint=group.fingerprint,
            handler=group.handler,
            because=group.stopped,
            left_dead=group.undone,
        )
    if job.state is not JobState.OPEN:
        log.info("redrive_ended", job_id=job.job_id, action=job.action.value, state=job.state.value, letters=job.total)


def tell_growth(watched: Watched) -> None:
    """One line when the level changes, none while it stays."""
    if not watched.is_news:
        return
    alarm, growth = watched.alarm, watched.growth
    reached_at = alarm.reached_at(datetime.now(UTC)) if alarm.level is AlarmLevel.GROWING else None
    say = log.info if alarm.level is AlarmLevel.QUIET else log.warning
    say(
        "dead_letters_alarm",
        level=alarm.level.value,
        dead_letters=growth.total,
        last_hour=growth.last_hour,
        threshold_reached_at=reached_at.isoformat(timespec="minutes") if reached_at else None,
    )
