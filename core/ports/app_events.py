"""App events waiting for their decision, and what each store pays the app for."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from core.domain.app_events import AppEvent, AppEventOutcome, StoreSubscription
from core.domain.audit import AuditEntry
from core.ids import InstallId, StoreId


@dataclass(frozen=True, slots=True)
class AppEventClaim:
    """An app event in one caller's hands. `install_id` is the store's install at the first look, if there was one."""

    number: int
    event: AppEvent
    received_at: datetime
    tries: int
    install_id: InstallId | None = None


@dataclass(frozen=True, slots=True)
class AppEventRecord:
    """One app event as shown to people. `outcome` is None while it waits."""

    event: AppEvent
    received_at: datetime
    outcome: AppEventOutcome | None
    due_at: datetime | None
    why: str | None


class AppEventBook(Protocol):
    """Every app event once. Whoever claims one decides it; an undecided one comes back. All raise Unavailable."""

    @abstractmethod
    async def note(self, event: AppEvent, *, hold: timedelta) -> AppEventClaim | None:
        """Writes it down, durably, and claims it for `hold`; None for a repeat. The event names a store."""

    @abstractmethod
    async def claim_due(self, *, limit: int, hold: timedelta) -> Sequence[AppEventClaim]:
        """Those whose time has come, each to one caller for `hold`; the longest due, up to `limit`."""

    @abstractmethod
    async def settle(self, claim: AppEventClaim, outcome: AppEventOutcome) -> None:
        """It is decided and never claimed again."""

    @abstractmethod
    async def look_again(self, claim: AppEventClaim, wait: timedelta, why: str, install_id: InstallId | None) -> None:
        """It is claimable again after `wait`; the first install named is remembered."""

    @abstractmethod
    async def of_store(self, store_id: StoreId, *, limit: int = 20) -> Sequence[AppEventRecord]:
        """Newest first."""

    @abstractmethod
    async def forget(self, *, older_than: timedelta) -> int:
        """Removes what was decided longer ago; how many."""


class StoreSubscriptions(Protocol):
    """What each store pays the app for, as last heard. All raise Unavailable."""

    @abstractmethod
    async def keep(self, found: StoreSubscription, *, audit: AuditEntry) -> bool:
        """Replaces what was kept, unless that is verified and this is not; True, and audited, when it says anew."""

    @abstractmethod
    async def of_stores(self, store_ids: Sequence[StoreId]) -> Sequence[StoreSubscription]:
        """One per store that has any, by store id."""
