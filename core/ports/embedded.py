"""The UUIDs that open the embedded app, kept as hashes, and the sessions they are traded for."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from core.domain.audit import AuditEntry
from core.domain.embedded import EmbeddedSession
from core.ids import InstallId, StoreId


@dataclass(frozen=True, slots=True)
class DueEmbedded:
    """An install that needs a UUID at Zid. `failures` counts tries since the last success."""

    store_id: StoreId
    install_id: InstallId
    failures: int


@dataclass(frozen=True, slots=True)
class Registered:
    """How an install's UUID stands at Zid. `problem` says why the last try failed.

    Visits that began before `visits_since` were opened by a UUID that had leaked.
    """

    registered_at: datetime | None
    problem: str | None
    visits_since: datetime | None = None


class EmbeddedTokens(Protocol):
    """UUIDs by hash, each of one install; times are the database's. All raise Unavailable."""

    @abstractmethod
    async def offer(self, store_id: StoreId, install_id: InstallId, token_hash: bytes) -> bool:
        """Keeps a UUID before Zid is told: it opens the app from now on. False where the install is over."""

    @abstractmethod
    async def accept(
        self, token_hash: bytes, *, again_in: timedelta | None, only: bool = False, audit: AuditEntry
    ) -> bool:
        """Zid took it: the install is due again after `again_in`, or never.

        With `only` the older ones end now, and so do visits: `visits_since` is now.

        False, and nothing is written, for one that is not known.
        """

    @abstractmethod
    async def postpone(
        self, install_id: InstallId, *, wait: timedelta, problem: str, withdrawn: bytes | None = None
    ) -> None:
        """Zid did not take it, or nobody knows: due again after `wait`, with one failure more.

        `withdrawn` is a UUID that Zid certainly does not have: it opens nothing any more. An install that
        was never offered one is left alone.
        """

    @abstractmethod
    async def claim_due(self, *, hold: timedelta, limit: int) -> Sequence[DueEmbedded]:
        """Active installs that are due, each given to one caller for `hold`; those never registered are due in time.

        Among many stores these are found by and by; what cannot be registered now keeps nothing waiting.
        """

    @abstractmethod
    async def redeem(self, token_hash: bytes, *, overlap: timedelta) -> tuple[StoreId, InstallId] | None:
        """Whose it is, if it opens the app and its install is live. As often as wanted.

        The first time shows that Zid hands it out: older ones of the install end after `overlap`.
        """

    @abstractmethod
    async def of_install(self, install_id: InstallId) -> Registered | None:
        """None where none was ever offered."""

    @abstractmethod
    async def forget(self, *, limit: int) -> int:
        """Removes so many at most that open nothing any more; how many."""


class EmbeddedSessions(Protocol):
    """Sessions by the hash of their bearer. May forget (the merchant opens the app again). All raise Unavailable."""

    @abstractmethod
    async def open(self, key: bytes, session: EmbeddedSession, *, idle: float) -> None:
        """Keeps it until nobody has used it for `idle` seconds."""

    @abstractmethod
    async def use(self, key: bytes, *, idle: float) -> EmbeddedSession | None:
        """The session, kept `idle` seconds more; None where there is none or it was idle for too long."""

    @abstractmethod
    async def close(self, key: bytes) -> None:
        """It is over; so is one that there never was."""
