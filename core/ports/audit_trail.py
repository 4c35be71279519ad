"""What is written down about actions that change no row of their own."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol

from core.domain.audit import AuditEntry


class AuditTrail(Protocol):
    """Entries that stand alone; a change carries its entry in its own transaction instead."""

    @abstractmethod
    async def note(self, entry: AuditEntry) -> None:
        """Writes the entry, durably. Raises Unavailable."""
