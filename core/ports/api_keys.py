"""Whose API key this is, and the keys that were made."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from core.domain.api_access import Caller, KeyId
from core.domain.api_keys import ApiKey, KeyDraft
from core.domain.audit import AuditEntry
from core.domain.secret import Secret


class ApiKeys(Protocol):
    """The keys that open something now."""

    @abstractmethod
    async def caller(self, key: Secret) -> Caller | None:
        """Who holds the key; None for one that does not exist, in time that tells nothing about it.

        Raises Unavailable.
        """

    @abstractmethod
    async def holder(self, reference: str) -> Caller | None:
        """The caller of this reference, while the key still opens something. Raises Unavailable."""


class KeyBook(Protocol):
    """The keys that were made, by hash. Nothing is removed: a number means one key for ever.

    Each change is audited in its own transaction; the entry's details get the `key_id`. All of
    it raises Unavailable. Time is the database's: a key that is over opens nothing, in any process, at once.
    """

    @abstractmethod
    async def add(self, draft: KeyDraft, *, digest: bytes, hint: str, audit: AuditEntry) -> ApiKey:
        """A new key, live."""

    @abstractmethod
    async def rotate(
        self, key_id: KeyId, *, digest: bytes, hint: str, overlap: timedelta, audit: AuditEntry
    ) -> ApiKey | None:
        """The key's successor; the key itself ends after `overlap`, or before where it would have.

        None, and nothing changes, unless the key is live and has no successor yet: of two who ask at once, one gets it.
        """

    @abstractmethod
    async def revoke(self, key_id: KeyId, *, audit: AuditEntry) -> ApiKey | None:
        """The key, ended; as it was, and no entry, when it was ended before. None when there is none."""

    @abstractmethod
    async def live(self, key: bytes | KeyId) -> ApiKey | None:
        """The key of this hash or number, unless it is over."""

    @abstractmethod
    async def get(self, key_id: KeyId) -> ApiKey | None:
        """Whatever its state."""

    @abstractmethod
    async def page(self, *, before: KeyId | None = None, limit: int = 50) -> Sequence[ApiKey]:
        """Newest first, those that are over included, older than the key `before`."""

    @abstractmethod
    async def note_use(self, key_id: KeyId) -> None:
        """It was used now; written at most once a minute, and by one of those who are at it at once."""
