"""The scheduler: background work in loops that end after their current step. Any number of schedulers may run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Final

from config.settings import Settings
from entrypoints.background import (
    alerting,
    app_event_deciding,
    backfilling,
    desk_work,
    embedding,
    erasing,
    key_healing,
    measuring,
    posting,
    pruning,
    reconciling,
    refreshing,
    sealing,
    sweeping,
    webhook_checking,
)
from entrypoints.background.loop import Work, work_together
from entrypoints.process import settle_in, stop_signal
from entrypoints.side_door import side_door
from entrypoints.wiring import Daemon, daemon

SCHEDULER_METRICS_PORT = 9102

BACKGROUND: Final[Sequence[Callable[[Daemon], Sequence[Work]]]] = (
    sweeping.loops,
    refreshing.loops,
    alerting.loops,
    app_event_deciding.loops,
    backfilling.loops,
    reconciling.loops,
    webhook_checking.loops,
    embedding.loops,
    desk_work.loops,
    pruning.loops,
    erasing.loops,
    sealing.loops,
    key_healing.loops,
    measuring.loops,
    posting.loops,
)
"""All background work. Whatever is listed here claims what it works on, row by row."""


async def run_scheduler(settings: Settings) -> None:
    """Works until SIGTERM or SIGINT; its steps are short, and a page being read is left to somebody else."""
    stop = stop_signal()
    async with daemon(settings, "scheduler") as parts, side_door(parts, SCHEDULER_METRICS_PORT):
        settle_in()
        await work_together(chain.from_iterable(loops(parts) for loops in BACKGROUND), stop)
        await parts.adapters.inbox().aclose()
