"""Installs and their tokens in the database. Every change carries its audit entry in the same transaction."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from core.domain.audit import AuditEntry
from core.domain.operations.webhooks import Subscription
from core.domain.stores import Install, InstallState, StoreIdentity
from core.domain.tokens import Tokens, TokenSet
from core.ids import Generation, InstallId, StoreId, WorkerId


class Installations(Protocol):
    """Which stores are installed. All writes name the install they mean: another install is never touched."""

    @abstractmethod
    async def activate(
        self,
        identity: StoreIdentity,
        install_id: InstallId,
        tokens: Tokens,
        *,
        refresh_at: datetime,
        audit: AuditEntry,
    ) -> Install:
        """A new install with the next epoch, generation 1 of its tokens and its backfills; the one before ends.

        Raises Unavailable while the erasure of the store is under way.
        """

    @abstractmethod
    async def current(self, store_id: StoreId) -> Install | None:
        """The latest install of a store, ended ones included."""

    @abstractmethod
    async def page(self, *, after: StoreId | None = None, limit: int = 50) -> Sequence[Install]:
        """Stores by ascending id, after the given one."""

    @abstractmethod
    async def change_state(self, install_id: InstallId, target: InstallState, *, audit: AuditEntry) -> bool:
        """Moves the install between its live states; False when it is there already or is over.

        NEEDS_REAUTHORIZATION raises the store's alert, every way out of it (back, the end, a reinstall) heals
        it, in the same transaction; the audit entry's `reason` is the alert's.
        """

    @abstractmethod
    async def end(self, install_id: InstallId, *, audit: AuditEntry) -> int | None:
        """Uninstalls: tokens and data key gone, unfinished work cancelled and its bodies dropped.

        The number of cancelled events; None when the install is not the current one or is over.
        """

    @abstractmethod
    async def note_subscriptions(self, install_id: InstallId, found: Sequence[Subscription]) -> None:
        """Remembers what Zid listed last for this install."""

    @abstractmethod
    async def subscriptions(self, install_id: InstallId) -> Sequence[Subscription]:
        """What Zid listed last."""


class TokenVault(Protocol):
    """Sealed tokens."""

    @abstractmethod
    async def open(self, store_id: StoreId) -> TokenSet | None:
        """The tokens of the store's live install. Raises KeyMissing, SealBroken."""

    @abstractmethod
    async def replace(self, seen: TokenSet, tokens: Tokens, *, refresh_at: datetime, audit: AuditEntry) -> bool:
        """Stores the next generation if `seen` is still the latest. False: somebody moved first.

        Its intent ends, and with it the alert that the renewal was in doubt.
        """


class Intent(StrEnum):
    """The answer to 'may I exchange this generation?'. Exactly one caller is ever told TAKEN."""

    TAKEN = "taken"
    """Yours: exchange now."""
    HELD = "held"
    """A live worker is at it: wait and read the vault again."""
    UNKNOWN = "unknown"
    """An exchange was sent and its answer lost, or its worker died: probe the old tokens."""
    SPENT = "spent"
    """The last-resort exchange was made too: only the merchant can help."""


@dataclass(frozen=True, slots=True)
class DueRefresh:
    """A store whose tokens should be renewed now. `failures` counts tries since the last success."""

    store_id: StoreId
    install_id: InstallId
    failures: int
    held_until: datetime
    """When it comes back by itself."""


class RefreshBook(Protocol):
    """Who exchanges which generation, and what is due. Decides by rows, never by locks."""

    @abstractmethod
    async def begin(self, install_id: InstallId, generation: Generation, worker: WorkerId) -> Intent:
        """Claims the exchange of a generation for a live worker."""

    @abstractmethod
    async def drop(self, install_id: InstallId, generation: Generation, worker: WorkerId) -> None:
        """Takes an own intent back: nothing was sent, or Zid answered that nothing happened.

        An own last resort becomes unknown again; what is not the worker's own stays as it is.
        """

    @abstractmethod
    async def mark_unknown(self, install_id: InstallId, generation: Generation, worker: WorkerId) -> None:
        """The answer of the own exchange was lost; after an own last resort the generation is spent.

        A generation that becomes unknown, this way or because its worker died, raises the store's
        alert REFRESH_IN_DOUBT.
        """

    @abstractmethod
    async def take_last_resort(self, install_id: InstallId, generation: Generation, worker: WorkerId) -> bool:
        """Claims the one further exchange of an unknown generation; True for exactly one caller."""

    @abstractmethod
    async def claim_due(self, now: datetime, *, limit: int, hold: float) -> Sequence[DueRefresh]:
        """Due stores, each given to one caller; they come back after `hold` seconds unless renewed or postponed."""

    @abstractmethod
    async def give_back(self, due: Sequence[DueRefresh], until: datetime) -> None:
        """Makes claimed stores due at `until` instead of when their claim runs out.

        Whoever got another due time since he was claimed keeps that.
        """

    @abstractmethod
    async def postpone(self, install_id: InstallId, until: datetime, *, failed: bool) -> None:
        """Sets the next due time; `failed` adds one to the failures."""
