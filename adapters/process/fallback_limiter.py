"""What limits the calls while the shared allowance cannot be asked: an explicit, counted, careful share of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from adapters.process.shared import Shared
from core.domain.rate import HeldBack, Traffic
from core.ids import StoreId
from core.ports.guards import RateLimiter
from core.ports.metrics import Metrics
from core.ports.system import Clock

PATIENCE: Final = 2.0
"""Seconds that the shared limiter has to answer in."""


class FallbackLimiter(RateLimiter):
    """The shared limiter, or while it is away the local one. Never raises.

    The local one holds a part of the rate, small enough that all processes together stay
    below Zid's. What Zid taught is kept in both.
    """

    def __init__(
        self, shared: RateLimiter, local: RateLimiter, metrics: Metrics, clock: Clock, *, patience: float = PATIENCE
    ) -> None:
        self._shared = shared
        self._local = local
        self._metrics = metrics
        self._asked = Shared(clock, patience=patience, lost="rate_limiter_fell_back", found="rate_limiter_shared_again")

    async def take(self, store_id: StoreId, traffic: Traffic) -> float:
        if self._asked.is_worth_asking():
            wait = await self._asked.answer(self._shared.take(store_id, traffic))
            if wait is not None:
                return wait
        self._metrics.count("rate_fallback_total")
        return await self._local.take(store_id, traffic)

    async def learn(self, store_id: StoreId, retry_after: float | None) -> None:
        await self._local.learn(store_id, retry_after)
        if not self._asked.is_away:
            await self._asked.answer(self._shared.learn(store_id, retry_after))

    async def held_back(self) -> Sequence[HeldBack]:
        """What this process alone has learned, while the shared one is away."""
        if self._asked.is_worth_asking():
            found = await self._asked.answer(self._shared.held_back())
            if found is not None:
                return found
        return await self._local.held_back()
