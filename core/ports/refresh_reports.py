"""How the renewal of tokens goes: what is due, what is in doubt, what the last runs did."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from core.domain.refresh_census import DaysLeft, Within
from core.domain.stores import InstallState
from core.domain.tokens import RefreshOutcome


@dataclass(frozen=True, slots=True)
class RunReport:
    """One run over stores that were due. `stopped` is what ended it before all were tried."""

    began_at: datetime
    seconds: float
    claimed: int
    outcomes: Mapping[RefreshOutcome, int] = field(default_factory=dict)
    stopped: RefreshOutcome | None = None

    @property
    def tried(self) -> int:
        return sum(self.outcomes.values())

    @property
    def renewed(self) -> int:
        return self.outcomes.get(RefreshOutcome.RENEWED, 0)

    @property
    def per_second(self) -> float:
        return self.tried / self.seconds if self.seconds > 0 else 0.0


@dataclass(frozen=True, slots=True)
class RefreshStanding:
    """What is due at a moment, not counting what a run has in hand. `in_doubt`: answers that were lost."""

    due: int
    oldest_due_at: datetime | None
    next_due_at: datetime | None
    in_doubt: int
    last_run: RunReport | None = None


@dataclass(frozen=True, slots=True)
class VaultCensus:
    """Stores by the state of their current install, and installs by how soon their tokens expire."""

    stores: Mapping[InstallState, int]
    expiring: Mapping[Within, int]


class RefreshReports(Protocol):
    """Reads only labels and numbers: no key is needed. All of it raises Unavailable."""

    @abstractmethod
    async def note(self, report: RunReport) -> None:
        """Keeps the report of a run that is over."""

    @abstractmethod
    async def standing(self, now: datetime) -> RefreshStanding:
        """What is due now and next, and the run that was noted last."""

    @abstractmethod
    async def census(self, now: datetime) -> VaultCensus:
        """Counts every store: for once a minute, not for every request."""

    @abstractmethod
    async def days_left(self, now: datetime) -> Mapping[DaysLeft, int]:
        """Installs with tokens by how long those hold, every step; as dear as `census`."""

    @abstractmethod
    async def forget(self, before: datetime) -> int:
        """Removes the reports of runs that began earlier, the last one kept; how many."""
