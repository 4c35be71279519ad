"""Stores whose work is held back on purpose."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol

from core.domain.audit import AuditEntry
from core.ids import StoreId


class Pauses(Protocol):
    """Of a paused store everything is taken in and kept, and nothing is claimed. A reinstall changes nothing in it.

    `Install.paused_at` tells since when.
    """

    @abstractmethod
    async def pause(self, store_id: StoreId, *, audit: AuditEntry) -> bool:
        """From now on nothing of it is claimed; what is at work ends. False, and no audit, when nothing changed.

        That is: when it is paused already, or was never installed.
        """

    @abstractmethod
    async def resume(self, store_id: StoreId, *, audit: AuditEntry) -> bool:
        """What waited can be claimed again. False, and no audit, when it was not paused."""
