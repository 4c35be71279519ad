"""Time limits around work."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Final, TypeVar

import structlog

from core.features.event_handlers.outcomes import Overran

T = TypeVar("T")
log = structlog.get_logger()

STOPPING_SECONDS: Final = 5.0
"""How long cancelled work may tidy up."""
_left_behind: set[asyncio.Future[object]] = set()
"""Work that ignored its cancellation: kept until it ends, for an unreferenced task may vanish in the middle."""


async def within(seconds: float, work: Awaitable[T], *, stopping: float = STOPPING_SECONDS) -> T | Overran:
    """What the work returns or raises; Overran when it took longer, after it was cancelled.

    Never waits for work that ignores its cancellation: that is told loudly, and left behind.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=seconds)
        if task.done():
            return task.result()
    finally:
        stopped = task.done() or await _stop(task, stopping)
    return Overran(seconds, stopped)


async def _stop(task: asyncio.Future[T], seconds: float) -> bool:
    task.cancel()
    try:
        await asyncio.wait({task}, timeout=seconds)
    finally:
        if not task.done():
            _leave_behind(task)
    if task.done():
        _look_at(task)
    return task.done()


def _leave_behind(task: asyncio.Future[T]) -> None:
    log.error("work_ignores_cancellation", left_behind=len(_left_behind) + 1)
    kept: asyncio.Future[object] = task  # type: ignore[assignment]  # its result is nobody's any more
    _left_behind.add(kept)
    kept.add_done_callback(_left_behind.discard)
    kept.add_done_callback(_look_at)


def _look_at(task: asyncio.Future[T]) -> None:
    """What it raised at its end is part of having overrun."""
    if not task.cancelled():
        task.exception()
