"""The last hour minute by minute, kept up by counting its end anew again and again.

A count of a whole hour would look at a million events. So the minutes that are over stay as they were counted, and only
the last ones are counted again: arrivals from the number their first minute began with, what was done from its time on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from core.ids import Seq

HOUR: Final = 60
COUNTED_ANEW: Final = timedelta(minutes=3)
"""Longer than a transaction may be open, so that no minute is left before it is whole."""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Events that came in within one minute; `first` is the lowest number among them."""

    number: int
    first: Seq


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds within which a half, 95 and 99 of a hundred events were done."""

    p50: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True)
class Settled:
    """Events that were done, by minute; no latency where there were none."""

    by_minute: Mapping[datetime, int] = field(default_factory=dict)
    latency: Latency | None = None


@dataclass(frozen=True, slots=True)
class Minute:
    """One minute. `first` is the lowest number that came in, None where nothing did."""

    at: datetime
    received: int = 0
    done: int = 0
    first: Seq | None = None


def minute_of(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def counted_from(now: datetime) -> datetime:
    """The first minute that is counted anew."""
    return minute_of(now - COUNTED_ANEW)


def look_above(known: Sequence[Minute], now: datetime) -> Seq:
    """The number above which every event of the minutes that are counted anew lies, as far as is known."""
    begin = counted_from(now)
    earlier = [one.first for one in known if one.first is not None and one.at < begin]
    later = [one.first - 1 for one in known if one.first is not None and one.at >= begin]
    return Seq(min(later) if later else max(earlier, default=0))


def last_hour(
    known: Sequence[Minute], arrivals: Mapping[datetime, Arrivals], settled: Settled, now: datetime
) -> Sequence[Minute]:
    """The minutes up to this one, oldest first: known ones as they were, the last ones as they were counted now."""
    begin, kept = counted_from(now), {one.at: one for one in known}
    times = [minute_of(now) - timedelta(minutes=back) for back in range(HOUR - 1, -1, -1)]
    return [_minute(at, arrivals, settled) if at >= begin or at not in kept else kept[at] for at in times]


def _minute(at: datetime, arrivals: Mapping[datetime, Arrivals], settled: Settled) -> Minute:
    came = arrivals.get(at)
    return Minute(at, came.number if came else 0, settled.by_minute.get(at, 0), came.first if came else None)
