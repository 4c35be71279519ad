"""The allowance of each store as one process alone reckons it."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from core.domain.rate import Allowance, Bucket, Traffic, full, learn, settled_in, take
from core.ids import StoreId
from core.ports.guards import RateLimiter
from core.ports.system import Clock

LOOKED_AT_PER_CALL: Final = 2
"""Idle stores are let go a few at a time, faster than calls can bring new ones."""


class LocalRateLimiter(RateLimiter):
    """The rules on a dict: the fallback while Redis is away, and the model of what every limiter promises.

    Never raises. Stores that have settled are forgotten as others are called.
    """

    def __init__(self, clock: Clock, allowance: Allowance) -> None:
        self._clock = clock
        self._allowance = allowance
        self._buckets: OrderedDict[StoreId, Bucket] = OrderedDict()

    async def take(self, store_id: StoreId, traffic: Traffic) -> float:
        now = self._clock.monotonic()
        wait, bucket = take(self._bucket(store_id, now), self._allowance, traffic, now)
        self._keep(store_id, bucket)
        return wait

    async def learn(self, store_id: StoreId, retry_after: float | None) -> None:
        now = self._clock.monotonic()
        self._keep(store_id, learn(self._bucket(store_id, now), self._allowance, retry_after, now))

    @property
    def remembered(self) -> int:
        """How many stores it keeps."""
        return len(self._buckets)

    def _bucket(self, store_id: StoreId, now: float) -> Bucket:
        return self._buckets.get(store_id) or full(self._allowance, now)

    def _keep(self, store_id: StoreId, bucket: Bucket) -> None:
        self._buckets[store_id] = bucket
        self._buckets.move_to_end(store_id)
        for _ in range(LOOKED_AT_PER_CALL):
            oldest_id, oldest = next(iter(self._buckets.items()))
            if bucket.at < oldest.at + settled_in(oldest, self._allowance):
                return
            del self._buckets[oldest_id]
