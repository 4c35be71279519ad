"""Where deliveries may be missing, and until when nobody has read what they would have said."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from core.domain.gaps import Gap, KnownGap
from core.ids import InstallId, StoreId

__all__ = ["Gap", "Gaps", "KnownGap"]


class Gaps(Protocol):
    """Gaps of installs. All raise Unavailable."""

    @abstractmethod
    async def open(self, gaps: Sequence[Gap]) -> None:
        """Puts them on record; what is on record already stays as it is.

        Open ones of the same store, install, topic and cause that overlap, or lie less than
        a minute apart, become one. Safe to repeat, and for any number of callers at once.
        """

    @abstractmethod
    async def of_install(self, install_id: InstallId) -> Sequence[KnownGap]:
        """Its open gaps, by the time they begin."""

    @abstractmethod
    async def close(self, gaps: Sequence[KnownGap], *, lost: str | None = None) -> int:
        """Their rows have been read; `lost` names what cannot be read. How many: one that grew meanwhile stays open."""

    @abstractmethod
    async def of_store(self, store_id: StoreId, *, limit: int = 50) -> Sequence[KnownGap]:
        """The store's gaps, open ones first, then the latest closed ones."""

    @abstractmethod
    async def count_open(self) -> int:
        """How many are open, over all stores with a live install."""
