"""Letting go of what has been kept long enough."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from core.features.prune_events import PruneEvents
from entrypoints.background.loop import Loop, Work
from entrypoints.wiring import Daemon

log = structlog.get_logger()

PRUNE_EVERY = 1.0
FORGET_REJECTED_EVERY = 300.0


def loops(parts: Daemon) -> Sequence[Work]:
    prune, rejected = parts.features.prune(), parts.features.log_rejections()
    return [
        Loop("prune", lambda: _prune(prune), PRUNE_EVERY),
        Loop("forget_rejected", rejected.prune, FORGET_REJECTED_EVERY),
    ]


async def _prune(prune: PruneEvents) -> None:
    if removed := await prune.tick():
        log.info("pruned", events=removed)
