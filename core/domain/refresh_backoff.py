"""How patiently each way of failing to renew tokens is met.

The ways differ in what ends them: a network comes back by itself and soon, a fault of Zid's later, a wrong client
secret when a person has corrected it. Some concern every store alike: a run that meets them ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from core.domain.tokens import RefreshOutcome


@dataclass(frozen=True, slots=True)
class Patience:
    """The first wait, doubled with each failure up to the longest.

    `ends_run_after` so many in a row a run ends; None: the failure is this store's own.
    """

    first: timedelta
    longest: timedelta
    ends_run_after: int | None = None

    def wait(self, failures: int, chance: float) -> timedelta:
        """After one more failure than `failures`; `chance` in [0, 1) spreads it over [half, all] of its step."""
        step = min(self.longest, self.first * 2.0 ** min(failures, 16))
        return step * (0.5 + 0.5 * chance)


PATIENCE: Final[Mapping[RefreshOutcome, Patience]] = MappingProxyType(
    {
        RefreshOutcome.NOT_SENT: Patience(timedelta(seconds=30), timedelta(minutes=15), ends_run_after=5),
        RefreshOutcome.SERVER_ERROR: Patience(timedelta(minutes=2), timedelta(hours=2), ends_run_after=5),
        RefreshOutcome.CLIENT_FAULT: Patience(timedelta(minutes=5), timedelta(hours=1), ends_run_after=1),
        RefreshOutcome.UNREADABLE: Patience(timedelta(minutes=15), timedelta(hours=6)),
        RefreshOutcome.HELD: Patience(timedelta(minutes=1), timedelta(minutes=5)),
    }
)
SETTLED: Final = frozenset({RefreshOutcome.RENEWED, RefreshOutcome.REFUSED, RefreshOutcome.UNKNOWN})
"""Nothing to try again soon: renewed, parked until the merchant acts, or resting until shortly before expiry."""


def next_try(
    now: datetime, outcome: RefreshOutcome, failures: int, chance: float, *, at_least: float = 0.0
) -> datetime:
    """When a store whose renewal failed is due again; never before the `at_least` seconds that Zid asked for."""
    return now + max(PATIENCE[outcome].wait(failures, chance), timedelta(seconds=at_least))
