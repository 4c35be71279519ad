"""What happened to a store, for people who look at it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from core.domain.audit import AuditRecord
from core.domain.gaps import KnownGap
from core.ids import StoreId


class StoreLife(Protocol):
    """The entries and gaps that make up a store's life, newest first. All raise Unavailable."""

    @abstractmethod
    async def entries(self, store_id: StoreId, *, before: int | None = None, limit: int) -> Sequence[AuditRecord]:
        """The store's audit entries whose action is of its life (`is_of_life`), older than the record `before`."""

    @abstractmethod
    async def gaps(self, store_id: StoreId, *, before: int | None = None, limit: int) -> Sequence[KnownGap]:
        """Its gaps, open and closed, with a number below `before`."""
