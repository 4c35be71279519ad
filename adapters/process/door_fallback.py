"""What counts visitors while the shared count cannot be asked: this process alone, and a number that says so."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from core.domain.doors import Door
from core.domain.rate import Allowance
from core.errors import Unavailable
from core.ports.doors import DoorKeeper
from core.ports.metrics import Metrics
from core.ports.system import Clock

log = structlog.get_logger()

PATIENCE: Final = 0.5
"""Seconds that the shared count has to answer in: a request waits for it."""
TRY_AGAIN_AFTER: Final = 1.0


class FallbackDoorKeeper(DoorKeeper):
    """The shared count, or while it is away this process's own. Never raises.

    It fails open: with the count away each process allows the whole allowance by itself, so that nobody who may
    come in is kept out by our own trouble.
    """

    def __init__(self, shared: DoorKeeper, local: DoorKeeper, metrics: Metrics, clock: Clock) -> None:
        self._shared = shared
        self._local = local
        self._metrics = metrics
        self._clock = clock
        self._away = False
        self._try_at = 0.0

    async def knock(self, door: Door, visitor: str, allowance: Allowance) -> float:
        if self._worth_asking():
            try:
                async with asyncio.timeout(PATIENCE):
                    wait = await self._shared.knock(door, visitor, allowance)
            except (Unavailable, TimeoutError) as problem:
                self._lost(problem)
            else:
                self._found()
                return wait
        self._metrics.count("door_fallback_total")
        return await self._local.knock(door, visitor, allowance)

    def _worth_asking(self) -> bool:
        """While it is away one visitor a second finds out whether it is back."""
        now = self._clock.monotonic()
        if self._away and now < self._try_at:
            return False
        self._try_at = now + TRY_AGAIN_AFTER
        return True

    def _lost(self, problem: Exception) -> None:
        if not self._away:
            log.warning("door_count_fell_back", why=str(problem) or type(problem).__name__)
        self._away = True

    def _found(self) -> None:
        if self._away:
            log.info("door_count_shared_again")
        self._away = False
