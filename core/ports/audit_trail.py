"""What is written down about actions that change no row of their own, and the trail as people read it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from core.domain.audit import AuditEntry, AuditRecord
from core.ids import StoreId


class AuditTrail(Protocol):
    """Entries that stand alone; a change carries its entry in its own transaction instead."""

    @abstractmethod
    async def note(self, entry: AuditEntry) -> None:
        """Writes the entry, durably; one without a request id gets that of the request being answered, if any.

        One that a command writes gets the operating system's user into its details.
        Raises Unavailable.
        """


class AuditLog(Protocol):
    """Every entry ever written, those of changes included. Nothing is altered or removed."""

    @abstractmethod
    async def page(
        self,
        *,
        store_id: StoreId | None = None,
        action: str | None = None,
        actor: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> Sequence[AuditRecord]:
        """Newest first, older than the record `before`; everything else that is given must match.

        From `since` on, and before `until`.

        Raises Unavailable.
        """
