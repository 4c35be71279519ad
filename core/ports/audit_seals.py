"""The audit as it is sealed and checked: the lines in order, and the chain of seals over them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from core.domain.audit import AuditRecord
from core.domain.audit_chain import Seal


class AuditSeals(Protocol):
    """Seals are only ever added. All raise Unavailable."""

    @abstractmethod
    async def last(self) -> Seal | None:
        """The newest seal."""

    @abstractmethod
    async def settled(self, *, after: int, limit: int) -> Sequence[AuditRecord]:
        """The first entries with a larger id, in order, below which no entry can appear any more.

        Empty while an entry with a smaller id may still be committed: ask again.
        """

    @abstractmethod
    async def add(self, seal: Seal) -> bool:
        """False when a seal of this number is there already: somebody else was first, and nothing is written."""

    @abstractmethod
    async def page(self, *, after: int = 0, limit: int) -> Sequence[Seal]:
        """Seals with a larger number, in order."""

    @abstractmethod
    async def entries(self, *, after: int | None, upto: int | None, limit: int) -> Sequence[AuditRecord]:
        """Entries in order of their ids: above `after` and not above `upto`, where given."""
