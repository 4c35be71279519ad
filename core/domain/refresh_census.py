"""How soon tokens expire, in the few steps that people watch."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Final


class Within(StrEnum):
    """Each step counts the nearer ones too."""

    EXPIRED = "0d"
    DAY = "1d"
    WEEK = "7d"
    MONTH = "30d"

    @property
    def period(self) -> timedelta:
        return timedelta(days=int(self.value.removesuffix("d")))


class DaysLeft(StrEnum):
    """How long tokens hold: each step begins where the one before it ends."""

    EXPIRED = "0"
    DAY = "1"
    WEEK = "7"
    MONTH = "30"
    QUARTER = "90"
    HALF = "180"
    YEAR = "365"
    LONGER = "longer"


STEPS: Final = tuple(timedelta(days=int(one)) for one in DaysLeft if one is not DaysLeft.LONGER)
"""Where the steps end."""


def days_left(holds: timedelta | None) -> DaysLeft:
    """The step of tokens that hold so long; None: nobody said that they end."""
    found = (step for step, end in zip(DaysLeft, STEPS, strict=False) if holds is not None and holds < end)
    return next(found, DaysLeft.LONGER)
