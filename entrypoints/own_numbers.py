"""What each process says of itself: how late its event loop is, and how full its pool."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from adapters.postgres.connection import PoolUsage
from core.ports.metrics import Metrics

LOOK_EVERY: Final = 0.2


async def watch_itself(metrics: Metrics, pool_usage: Callable[[], PoolUsage]) -> None:
    """For ever. A loop that something blocks for a second is late by that second once, and the histogram keeps it."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + LOOK_EVERY
        await asyncio.sleep(LOOK_EVERY)
        metrics.observe("event_loop_lag_seconds", max(0.0, loop.time() - due))
        _tell(metrics, pool_usage())


def _tell(metrics: Metrics, usage: PoolUsage) -> None:
    metrics.set("database_connections", usage.busy, state="busy")
    metrics.set("database_connections", usage.idle, state="idle")
    metrics.set("database_connections_limit", usage.limit)
