"""Waiting for a store's allowance, before anything is sent."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from adapters.zid.wire import Request, Wire
from core.domain.exchange import Answer, Sent, Verdict, judge
from core.domain.rate import Allowance, Traffic
from core.errors import RateLimited
from core.ids import StoreId
from core.ports.guards import RateLimiter
from core.ports.metrics import Metrics
from core.ports.system import Clock


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds a caller waits for the allowance, and for the whole operation; None is as long as it takes."""

    for_allowance: float | None
    altogether: float | None


PATIENCE: Final = MappingProxyType(
    {
        Traffic.INTERACTIVE: Patience(10.0, 30.0),
        # A handler that waits keeps a place from others; its run comes back when it is due.
        Traffic.HANDLER: Patience(5.0, 60.0),
        Traffic.BACKFILL: Patience(None, None),
    }
)


LONGEST_AWAY: Final = 600.0
"""Seconds that a refused caller is sent away for at most."""
TOLD_AT_MOST: Final = 1000
"""Stores remembered before those whose callers are all back are forgotten."""


@dataclass(slots=True)
class _Line:
    """Who waits for one store in this process: in order, and one of them asks."""

    first: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0


class LimitedWire(Wire):
    """Sends when the allowance has room. Raises RateLimited, having sent nothing, where that takes too long.

    What Zid refuses is learned from. Requests of no store are not limited.
    """

    def __init__(
        self,
        wire: Wire,
        limiter: RateLimiter,
        *,
        traffic: Traffic,
        allowance: Allowance,
        clock: Clock,
        metrics: Metrics,
        patience: Patience | None = None,
    ) -> None:
        self._wire = wire
        self._limiter = limiter
        self._traffic = traffic
        self._allowance = allowance
        self._clock = clock
        self._metrics = metrics
        self._patience = patience or PATIENCE[traffic]
        self._lines: dict[StoreId, _Line] = {}
        self._told: dict[StoreId, float] = {}

    async def send(self, request: Request) -> Sent:
        store_id = request.store_id
        if store_id is None:
            return await self._wire.send(request)
        await self._wait(store_id, self._seconds_for(request))
        sent = await self._wire.send(request)
        if isinstance(sent, Answer) and judge(sent) is Verdict.THROTTLED:
            await self._limiter.learn(store_id, sent.retry_after)
        return sent

    def _seconds_for(self, request: Request) -> float:
        """How long this one may wait: its caller's patience, and never past its own end."""
        patience = math.inf if self._patience.for_allowance is None else self._patience.for_allowance
        left = math.inf if request.until is None else request.until - self._clock.monotonic()
        return min(patience, left)

    async def _wait(self, store_id: StoreId, seconds: float) -> None:
        line = self._lines.setdefault(store_id, _Line())
        started = self._clock.monotonic()
        line.waiting += 1
        try:
            await self._stand_in(line, store_id, started + seconds)
        finally:
            line.waiting -= 1
            if not line.waiting:
                self._lines.pop(store_id, None)
            self._metrics.observe("rate_wait_seconds", self._clock.monotonic() - started)

    async def _stand_in(self, line: _Line, store_id: StoreId, until: float) -> None:
        seconds = until - self._clock.monotonic()
        if (line.waiting - self._allowance.burst) / self._allowance.rate > seconds:
            raise self._refusal(store_id, seconds)
        turn = asyncio.timeout(None if math.isinf(seconds) else max(0.0, seconds))
        try:
            async with turn, line.first:
                await self._take(store_id, seconds, until)
        except TimeoutError:
            if not turn.expired():
                raise
            raise self._refusal(store_id, 1.0 / self._allowance.rate) from None

    async def _take(self, store_id: StoreId, seconds: float, until: float) -> None:
        """What a newcomer could not wait for is refused at once; others may find room sooner than they are told."""
        while wait := await self._limiter.take(store_id, self._traffic):
            left = until - self._clock.monotonic()
            if wait > seconds or left <= 0:
                raise self._refusal(store_id, wait)
            await self._clock.sleep(min(wait, left))

    def _refusal(self, store_id: StoreId, wait: float) -> RateLimited:
        """Those who are refused are told to come back one after the other."""
        now = self._clock.monotonic()
        after_the_others = self._told.get(store_id, 0.0) + 1.0 / self._allowance.rate
        comes = min(max(now + wait, after_the_others), now + LONGEST_AWAY)
        if len(self._told) >= TOLD_AT_MOST:
            self._told = {known: at for known, at in self._told.items() if at > now}
        self._told[store_id] = comes
        return RateLimited(f"Zid's allowance of store {store_id} is used up for now", comes - now)
