"""When to stop asking Zid for a while: what counts as failing, and whose failing it is.

A breaker belongs to one store and one family of endpoints (they are different back-ends,
docs.zid.sa), or to a whole family. The machine of states is the library's; here are the
decisions around it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from core.domain.exchange import Verdict
from core.ids import StoreId


class BreakerState(IntEnum):
    """What becomes of requests; the numbers are those of the metric `breaker_state`."""

    CLOSED = 0
    """They pass."""
    HALF_OPEN = 1
    """One is on its way to see whether Zid is back; the others are refused."""
    OPEN = 2
    """They are refused without asking Zid."""


@dataclass(frozen=True, slots=True)
class BreakerName:
    """Which breaker; without a store it is the family's own."""

    family: str
    store_id: StoreId | None = None

    def __str__(self) -> str:
        return self.family if self.store_id is None else f"{self.family}/{self.store_id}"


@dataclass(frozen=True, slots=True)
class News:
    """A breaker of process `teller` opened, or closed again."""

    name: BreakerName
    opened: bool
    teller: str


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """How much is borne. Times in seconds."""

    failures: int = 5
    """In a row, of one store in one family."""
    rest: float = 15.0
    """How long an open breaker waits before it lets one request try."""
    family_stores: int = 5
    """Different stores whose own breakers have to open before their whole family is left alone."""
    family_window: float = 60.0
    """Within so long."""
    probe_time: float = 40.0
    """Longer than any request may take: after it, another process may try."""
    remembered: int = 20_000
    """Breakers kept per process; only stores that failed of late have one."""


_FAILURES: Final = frozenset({Verdict.FAULT, Verdict.LOST, Verdict.NOT_SENT})


def is_failure(verdict: Verdict) -> bool:
    """5xx, a lost answer, no connection. Any answer below 500 shows that Zid works, 429 included."""
    return verdict in _FAILURES


def family_fails(opened: Iterable[float], policy: BreakerPolicy, now: float) -> bool:
    """Whether enough stores' own breakers opened of late; `opened` says when each did.

    Single faults here and there open no store's breaker, so they never add up to an outage; stores that really
    fail do, however many others there are.
    """
    return sum(now - at <= policy.family_window for at in opened) >= policy.family_stores
