"""What is written down about actions that change no row of their own, and the trail as people read it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.domain.audit import AuditEntry
from core.ids import StoreId


class AuditTrail(Protocol):
    """Entries that stand alone; a change carries its entry in its own transaction instead."""

    @abstractmethod
    async def note(self, entry: AuditEntry) -> None:
        """Writes the entry, durably. Raises Unavailable."""


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """An entry as it was written; `audit_id` grows from record to record."""

    audit_id: int
    at: datetime
    entry: AuditEntry


class AuditLog(Protocol):
    """Every entry ever written, those of changes included. Nothing is altered or removed."""

    @abstractmethod
    async def page(
        self, *, store_id: StoreId | None = None, before: int | None = None, limit: int = 50
    ) -> Sequence[AuditRecord]:
        """Newest first, of one store or of all, older than the record `before`. Raises Unavailable."""
