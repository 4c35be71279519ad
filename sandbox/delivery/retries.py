"""What follows an attempt: done, once more at some time, or given up. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended: an HTTP status, or 0 and why there was no answer."""

    status: int
    milliseconds: float
    error: str = ""
    retry_after: float | None = None

    @property
    def acknowledged(self) -> bool:
        return 200 <= self.status < 300

    @property
    def counts_against_health(self) -> bool:
        """429 does not count; everything else that is not 2xx does."""
        return not self.acknowledged and self.status != 429


@dataclass(frozen=True, slots=True)
class Retry:
    """Try again after `seconds` of sandbox time; `spends` says whether this used up a retry."""

    seconds: float
    spends: bool = True


def next_attempt(outcome: Outcome, spent: int, minutes: Sequence[float], on_429: str) -> Retry | None:
    """When to try again after a failure, `spent` retries having been used; None when never."""
    throttled = outcome.status == 429
    if throttled and on_429 == "never":
        return None
    if throttled and on_429 in ("free", "honour") and minutes:
        usual = minutes[min(spent, len(minutes) - 1)] * 60
        return Retry(_honoured(outcome, usual) if on_429 == "honour" else usual, spends=False)
    return Retry(minutes[spent] * 60) if spent < len(minutes) else None


def _honoured(outcome: Outcome, usual: float) -> float:
    return usual if outcome.retry_after is None else outcome.retry_after
