"""Guessing keys: how long somebody who guesses wrong has to wait before the next guess is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Patience:
    """How many guesses are free, then how long the pauses are, in seconds: each twice the one before.

    All is forgotten once `quiet` seconds have gone by after the last pause.
    """

    free: int
    first: float
    longest: float
    quiet: float

    def pause(self, guesses: int) -> float:
        """After so many guesses."""
        if guesses < self.free:
            return 0.0
        return min(self.longest, self.first * 2.0 ** min(guesses - self.free, MOST_DOUBLINGS))


MOST_DOUBLINGS: Final = 30

ADDRESS: Final = Patience(free=5, first=60.0, longest=3600.0, quiet=3600.0)
"""For one address: a lockout of a minute after the fifth, up to an hour."""
EVERYBODY: Final = Patience(free=100, first=1.0, longest=4.0, quiet=60.0)
"""For all addresses together: many who guess slow each other down; nobody is locked out for long by others."""


@dataclass(frozen=True, slots=True)
class Guesses:
    """What is remembered of a guesser. Times are seconds on one clock."""

    count: int = 0
    free_at: float = float("-inf")
    forgotten_at: float = float("-inf")


@dataclass(frozen=True, slots=True)
class Turn:
    """`wait` 0: this guess is counted and may be looked at, and `pause` follows if it is wrong.

    Else nothing is counted: ask again after so many seconds.
    """

    wait: float
    pause: float = 0.0


def guess(known: Guesses, patience: Patience, now: float) -> tuple[Turn, Guesses]:
    """A guess is counted before it is looked at, so that many at once are not more than the free ones."""
    if now < known.free_at:
        return Turn(known.free_at - now), known
    count = 1 if now >= known.forgotten_at else known.count + 1
    pause = patience.pause(count)
    return Turn(0.0, pause), Guesses(count, now + pause, now + pause + patience.quiet)
