"""What is due goes back to the index; what keeps killing its worker is buried."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from core.features.bury_poison import BuryPoison
from core.features.sweep import Sweep
from entrypoints.background.loop import Loop, Work
from entrypoints.wiring import Daemon

log = structlog.get_logger()

SWEEP_EVERY = 0.5
POISON_EVERY = 1.0


def loops(parts: Daemon) -> Sequence[Work]:
    sweep, poison = parts.features.sweep(), parts.features.bury_poison()
    return [
        Loop("sweep", lambda: _sweep(sweep), SWEEP_EVERY),
        Loop("poison", lambda: _bury(poison), POISON_EVERY),
    ]


async def _sweep(sweep: Sweep) -> None:
    swept = await sweep.tick()
    if swept.due or swept.orphaned or swept.republished:
        log.info("swept", due=swept.due, orphaned=swept.orphaned, republished=swept.republished)


async def _bury(poison: BuryPoison) -> None:
    for run in await poison.tick():
        ids = {"event_id": str(run.event.event_id), "store_id": run.event.store_id, "topic": run.event.topic}
        log.error("run_is_poison", handler=run.handler, attempt=run.attempt, **ids)
