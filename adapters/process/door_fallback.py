"""What counts visitors while the shared count cannot be asked: this process alone, and a number that says so."""

from __future__ import annotations

from typing import Final

from adapters.process.shared import Shared
from core.domain.doors import Door
from core.domain.rate import Allowance
from core.ports.doors import DoorKeeper
from core.ports.metrics import Metrics
from core.ports.system import Clock

PATIENCE: Final = 0.5
"""Seconds that the shared count has to answer in: a request waits for it."""


class FallbackDoorKeeper(DoorKeeper):
    """The shared count, or while it is away this process's own. Never raises.

    It fails open: with the count away each process allows the whole allowance by itself, so that nobody who may
    come in is kept out by our own trouble.
    """

    def __init__(self, shared: DoorKeeper, local: DoorKeeper, metrics: Metrics, clock: Clock) -> None:
        self._shared = shared
        self._local = local
        self._metrics = metrics
        self._asked = Shared(clock, patience=PATIENCE, lost="door_count_fell_back", found="door_count_shared_again")

    async def knock(self, door: Door, visitor: str, allowance: Allowance) -> float:
        if self._asked.is_worth_asking():
            wait = await self._asked.answer(self._shared.knock(door, visitor, allowance))
            if wait is not None:
                return wait
        self._metrics.count("door_fallback_total")
        return await self._local.knock(door, visitor, allowance)
