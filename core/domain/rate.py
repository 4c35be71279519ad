"""One store's allowance at Zid: a leaky bucket shared by three classes of traffic.

Zid lets an application send 60 requests per minute and store (docs.zid.sa "rate
limiting", U4). Here is how that is divided, as arithmetic: given the bucket, who asks
and when, may the request go now, and if not, when is it worth asking again?

Every class has a guaranteed share. A class that uses less lends the rest at once: what
counts is who waits, not who might come. Among classes that wait, those within their
guarantee come first, the furthest behind before the others; what is left goes to
interactive before handlers before backfill.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from math import isnan
from typing import Final

from core.ids import StoreId


class Traffic(IntEnum):
    """On whose behalf Zid is called; the order in which a surplus is given out."""

    INTERACTIVE = 0
    """A person, or a program, waits for the answer."""
    HANDLER = 1
    """An event is being handled."""
    BACKFILL = 2
    """History is being read; nobody waits."""


SHARES: Final = (0.3, 0.5, 0.2)
"""The guaranteed part of the allowance, by class."""

LONGEST_RETRY_AFTER: Final = 120.0
"""Seconds of a Retry-After that are believed: a minute's allowance is back after one minute."""
LOWERED: Final = 0.7
"""What remains of the assumed rate after a refusal."""
LEAST_TRUST: Final = 0.2
RECOVERY: Final = 300.0
"""Seconds from no trust to full trust."""
UNNAMED_PAUSE: Final = 60.0
"""Seconds to stay away after refusals without Retry-After, when no trust is left; less before that."""
MOST_AHEAD: Final = 4.0
"""Requests' time that a waiter is sent away for at most, so that the bucket never fills unused."""
LEAST_BURST: Final = 6.0
MOST_BURST: Final = 15.0
GRACE: Final = 0.05
"""Seconds that a waiter may come late, besides one request's time."""
SHORTEST_WAIT: Final = 0.001
"""A wait that rounding made 0 would read as leave to go."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much is allowed: to one store by Zid, or to one visitor by us. `most_at_once` bounds the burst."""

    per_minute: float = 60.0
    most_at_once: float = MOST_BURST

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.per_minute / 60.0

    @property
    def burst(self) -> float:
        """How many may go at once after a pause: at most a quarter of what the bucket at Zid holds.

        Two of our bursts (Redis lost its memory) and late senders still fit into Zid's.
        """
        return max(LEAST_BURST, min(self.most_at_once, self.per_minute / 4.0))

    def credit(self, traffic: Traffic) -> float:
        """How much of its guarantee a class can save up."""
        return max(1.0, self.burst * SHARES[traffic])


Three = tuple[float, float, float]
NEVER: Final = -1e9
"""Before every clock began."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """One store's level `at` a time in seconds. Per class: the unused guarantee, and when its last waiter is due.

    `trust` is the part of the allowance that is assumed to be there, 1 until Zid refuses something.
    """

    level: float
    at: float
    credits: Three
    due: Three = (NEVER, NEVER, NEVER)
    trust: float = 1.0
    closed_until: float = 0.0

    def pace(self, allowance: Allowance) -> float:
        """Requests per second that may go now."""
        return allowance.rate * self.trust


def full(allowance: Allowance, now: float) -> Bucket:
    """A store that has not been called for a while."""
    interactive, handler, backfill = (allowance.credit(traffic) for traffic in Traffic)
    return Bucket(allowance.burst, now, (interactive, handler, backfill))


def take(bucket: Bucket, allowance: Allowance, traffic: Traffic, now: float) -> tuple[float, Bucket]:
    """0 and the bucket after one request, or the seconds until asking again is worth while."""
    bucket = _at(bucket, allowance, now)
    need = 1.0 + _better_waiting(bucket, allowance, traffic)
    if now >= bucket.closed_until and bucket.level >= need:
        return 0.0, _used(bucket, traffic)
    return _wait(bucket, allowance, traffic, need)


def learn(bucket: Bucket, allowance: Allowance, retry_after: float | None, now: float) -> Bucket:
    """Zid refused one (429). Nobody goes before its Retry-After, and the rate assumed is lower for a while.

    Refusals that arrive while nobody goes were sent before that and lower the rate no further.
    """
    bucket = _at(bucket, allowance, now)
    trust = bucket.trust if now < bucket.closed_until else max(LEAST_TRUST, bucket.trust * LOWERED)
    named = believed(retry_after)
    pause = UNNAMED_PAUSE * (1.0 - trust) if named is None else named
    return replace(
        bucket,
        level=min(bucket.level, 1.0),
        trust=trust,
        closed_until=max(bucket.closed_until, now + pause),
    )


def believed(retry_after: float | None) -> float | None:
    """A Retry-After as far as it can be true; None where it says nothing."""
    if retry_after is None or isnan(retry_after) or retry_after < 0:
        return None
    return min(retry_after, LONGEST_RETRY_AFTER)


REMEMBERED: Final = LONGEST_RETRY_AFTER + RECOVERY
"""Seconds after a refusal in which a store may still be held back by it."""
MOST_TOLD: Final = 20
"""Stores named to somebody who asks which are held back."""


@dataclass(frozen=True, slots=True)
class HeldBack:
    """A store that Zid refused lately: the part of its allowance assumed now, and seconds in which nobody goes."""

    store_id: StoreId
    share: float
    pause: float


def held_back(store_id: StoreId, bucket: Bucket, allowance: Allowance, now: float) -> HeldBack | None:
    """None once it has everything again."""
    bucket = _at(bucket, allowance, now)
    pause = max(0.0, bucket.closed_until - now)
    return HeldBack(store_id, bucket.trust, pause) if pause or bucket.trust < 1.0 else None


def settled_in(bucket: Bucket, allowance: Allowance) -> float:
    """Seconds after which nothing is left to remember: the bucket is full, trusted, and nobody waits."""
    closed = max(0.0, bucket.closed_until - bucket.at)
    filling = allowance.burst / (allowance.rate * LEAST_TRUST)
    return closed + max(filling, RECOVERY * (1.0 - bucket.trust)) + MOST_AHEAD / (allowance.rate * LEAST_TRUST)


def _at(bucket: Bucket, allowance: Allowance, now: float) -> Bucket:
    """The bucket at `now`. A clock set back neither adds nor blocks; while closed nothing flows."""
    closed_until = min(bucket.closed_until, now + LONGEST_RETRY_AFTER)
    elapsed = max(0.0, now - max(bucket.at, closed_until))
    flowed = elapsed * bucket.pace(allowance)
    interactive, handler, backfill = (
        min(allowance.credit(traffic), bucket.credits[traffic] + flowed * SHARES[traffic]) for traffic in Traffic
    )
    return replace(
        bucket,
        level=min(allowance.burst, bucket.level + flowed),
        at=now,
        credits=(interactive, handler, backfill),
        trust=min(1.0, bucket.trust + elapsed / RECOVERY),
        closed_until=closed_until,
    )


def _better_waiting(bucket: Bucket, allowance: Allowance, traffic: Traffic) -> int:
    """How many classes wait that come before this one; one request is kept back for each."""
    late = GRACE + 1.0 / bucket.pace(allowance)
    own = _rank(bucket, allowance, traffic)
    waiting = (other for other in Traffic if bucket.at <= bucket.due[other] + late)
    return sum(1 for other in waiting if _rank(bucket, allowance, other) < own)


def _rank(bucket: Bucket, allowance: Allowance, traffic: Traffic) -> tuple[float, Traffic]:
    """Lower goes first. A class is within its guarantee while one whole request of it is saved up."""
    saved = bucket.credits[traffic]
    return (-saved / allowance.credit(traffic) if saved >= 1.0 else 0.0), traffic


def _used(bucket: Bucket, traffic: Traffic) -> Bucket:
    """After one request: within its guarantee a class spends that, beyond it borrows."""
    own = bucket.credits[traffic]
    credits = _with(bucket.credits, traffic, own - 1.0 if own >= 1.0 else own)
    return replace(bucket, level=bucket.level - 1.0, credits=credits)


def _wait(bucket: Bucket, allowance: Allowance, traffic: Traffic, need: float) -> tuple[float, Bucket]:
    """Waiters of one class are sent away for different times, one request's time apart."""
    pace = bucket.pace(allowance)
    soonest = max(bucket.at, bucket.closed_until) + max(0.0, need - bucket.level) / pace
    behind = min(bucket.due[traffic] + 1.0 / pace, soonest + MOST_AHEAD / pace)
    due = max(soonest, behind)
    return max(SHORTEST_WAIT, due - bucket.at), replace(bucket, due=_with(bucket.due, traffic, due))


def _with(three: Three, traffic: Traffic, value: float) -> Three:
    first, second, third = (value if traffic is other else three[other] for other in Traffic)
    return first, second, third
