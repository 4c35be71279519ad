"""What limits the calls while the shared allowance cannot be asked: an explicit, counted, careful share of it."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from core.domain.rate import Traffic
from core.errors import Unavailable
from core.ids import StoreId
from core.ports.guards import RateLimiter
from core.ports.metrics import Metrics
from core.ports.system import Clock

log = structlog.get_logger()

PATIENCE: Final = 2.0
"""Seconds that the shared limiter has to answer in."""
TRY_AGAIN_AFTER: Final = 1.0


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
        self._clock = clock
        self._patience = patience
        self._away = False
        self._try_at = 0.0

    async def take(self, store_id: StoreId, traffic: Traffic) -> float:
        if self._worth_asking():
            try:
                async with asyncio.timeout(self._patience):
                    wait = await self._shared.take(store_id, traffic)
            except (Unavailable, TimeoutError) as problem:
                self._lost(problem)
            else:
                self._found()
                return wait
        self._metrics.count("rate_fallback_total")
        return await self._local.take(store_id, traffic)

    async def learn(self, store_id: StoreId, retry_after: float | None) -> None:
        await self._local.learn(store_id, retry_after)
        if self._away:
            return
        try:
            async with asyncio.timeout(self._patience):
                await self._shared.learn(store_id, retry_after)
        except (Unavailable, TimeoutError) as problem:
            self._lost(problem)

    def _worth_asking(self) -> bool:
        """While it is away one caller a second finds out whether it is back."""
        now = self._clock.monotonic()
        if self._away and now < self._try_at:
            return False
        self._try_at = now + TRY_AGAIN_AFTER
        return True

    def _lost(self, problem: Exception) -> None:
        if not self._away:
            log.warning("rate_limiter_fell_back", why=str(problem) or type(problem).__name__)
        self._away = True

    def _found(self) -> None:
        if self._away:
            log.info("rate_limiter_shared_again")
        self._away = False
