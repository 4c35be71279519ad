"""From looks to verdicts: what is seen once is chance, what lasts is so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from core.domain.alerts import AlertKind

MINUTE: Final = 60.0
HOUR: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Steadiness:
    """Seconds that something has to be seen without a break before it is believed."""

    bad: float
    well: float


STEADINESS: Final[Mapping[AlertKind, Steadiness]] = MappingProxyType(
    {
        AlertKind.DEAD_LETTERS: Steadiness(MINUTE, 5 * MINUTE),
        AlertKind.BOOKS_NOT_BALANCED: Steadiness(MINUTE, MINUTE),
        AlertKind.EVENTS_STUCK: Steadiness(10 * MINUTE, MINUTE),
        AlertKind.WEBHOOKS_NOT_DELIVERED: Steadiness(30 * MINUTE, 5 * MINUTE),
        AlertKind.GAPS_STAY_OPEN: Steadiness(6 * HOUR, 5 * MINUTE),
        AlertKind.RENEWALS_LATE: Steadiness(5 * MINUTE, 5 * MINUTE),
        AlertKind.SPOOL_STAYS_FULL: Steadiness(5 * MINUTE, MINUTE),
        AlertKind.PROCESS_ABSENT: Steadiness(2 * MINUTE, 0.5 * MINUTE),
        AlertKind.DATABASE_AWAY: Steadiness(MINUTE, 0.25 * MINUTE),
    }
)
"""Of what is judged by looking. Other kinds are raised with the change that they tell of."""


class Steady:
    """One thing that is looked at again and again. Nothing is believed of it before the first looks agree."""

    def __init__(self, steadiness: Steadiness) -> None:
        self._steadiness = steadiness
        self._seen: bool | None = None
        self._since = 0.0
        self._believed: bool | None = None

    def see(self, now: float, *, is_bad: bool) -> bool | None:
        """What is to be believed from now on, until `believe`: True bad, False well, None as before."""
        if is_bad is not self._seen:
            self._seen, self._since = is_bad, now
        needed = self._steadiness.bad if is_bad else self._steadiness.well
        return None if is_bad is self._believed or now - self._since < needed else is_bad

    def believe(self, is_bad: bool) -> None:
        """It was acted upon."""
        self._believed = is_bad
