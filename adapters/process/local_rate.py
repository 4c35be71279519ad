"""Allowances as one process alone reckons them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final, Generic, TypeVar

from core.domain.doors import Door, visitor_key
from core.domain.rate import (
    MOST_TOLD,
    Allowance,
    Bucket,
    HeldBack,
    Traffic,
    full,
    held_back,
    learn,
    settled_in,
    take,
)
from core.ids import StoreId
from core.ports.doors import DoorKeeper
from core.ports.guards import RateLimiter
from core.ports.system import Clock

LOOKED_AT_PER_CALL: Final = 2
"""Idle ones are let go a few at a time, faster than calls can bring new ones."""
MOST_REMEMBERED: Final = 100_000
"""Whoever comes under ever new names makes the oldest forgotten, and fills no memory."""

K = TypeVar("K", bound=int | str)


class Levels(Generic[K]):
    """The rules on a dict. Those that have settled are forgotten as others are called."""

    def __init__(self, clock: Clock, most: int = MOST_REMEMBERED) -> None:
        self._clock = clock
        self._most = most
        self._known: OrderedDict[K, tuple[Bucket, Allowance]] = OrderedDict()

    def take(self, key: K, allowance: Allowance, traffic: Traffic) -> float:
        now = self._clock.monotonic()
        wait, bucket = take(self._bucket(key, allowance, now), allowance, traffic, now)
        self._keep(key, bucket, allowance)
        return wait

    def learn(self, key: K, allowance: Allowance, retry_after: float | None) -> None:
        now = self._clock.monotonic()
        self._keep(key, learn(self._bucket(key, allowance, now), allowance, retry_after, now), allowance)

    def known(self) -> Iterator[tuple[K, Bucket]]:
        """Every one that has not settled, as it was left; who was called last comes first."""
        return ((key, bucket) for key, (bucket, _) in reversed(self._known.items()))

    def __len__(self) -> int:
        return len(self._known)

    def _bucket(self, key: K, allowance: Allowance, now: float) -> Bucket:
        known = self._known.get(key)
        return known[0] if known else full(allowance, now)

    def _keep(self, key: K, bucket: Bucket, allowance: Allowance) -> None:
        self._known[key] = bucket, allowance
        self._known.move_to_end(key)
        for _ in range(LOOKED_AT_PER_CALL):
            oldest_key, (oldest, theirs) = next(iter(self._known.items()))
            if len(self._known) <= self._most and bucket.at < oldest.at + settled_in(oldest, theirs):
                return
            del self._known[oldest_key]


class LocalRateLimiter(RateLimiter):
    """The fallback while Redis is away, and the model of what every limiter promises. Never raises."""

    def __init__(self, clock: Clock, allowance: Allowance) -> None:
        self._clock = clock
        self._levels: Levels[StoreId] = Levels(clock)
        self._allowance = allowance

    async def take(self, store_id: StoreId, traffic: Traffic) -> float:
        return self._levels.take(store_id, self._allowance, traffic)

    async def learn(self, store_id: StoreId, retry_after: float | None) -> None:
        self._levels.learn(store_id, self._allowance, retry_after)

    async def held_back(self) -> Sequence[HeldBack]:
        now = self._clock.monotonic()
        found = (held_back(store_id, bucket, self._allowance, now) for store_id, bucket in self._levels.known())
        return sorted(islice((one for one in found if one), MOST_TOLD), key=lambda one: one.store_id)

    @property
    def remembered(self) -> int:
        """How many stores it keeps."""
        return len(self._levels)


class LocalDoorKeeper(DoorKeeper):
    """Counts what came to this process, of as many visitors as `most`. Never raises."""

    def __init__(self, clock: Clock, most: int = MOST_REMEMBERED) -> None:
        self._levels: Levels[str] = Levels(clock, most)

    async def knock(self, door: Door, visitor: str, allowance: Allowance) -> float:
        return self._levels.take(visitor_key(door, visitor), allowance, Traffic.INTERACTIVE)

    @property
    def remembered(self) -> int:
        """How many visitors it keeps."""
        return len(self._levels)
