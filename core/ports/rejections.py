"""Requests to a webhook's address that were not taken in, for a person who asks why."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.ids import StoreId


@dataclass(frozen=True, slots=True)
class Rejection:
    """One of them, without its body. `reason` is the outcome that metrics count; `size` is what it announced."""

    received_at: datetime
    reason: str
    topic: str
    store_id: StoreId | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class LoggedRejection:
    """One on record; a later one has a larger number."""

    number: int
    rejection: Rejection


@dataclass(frozen=True, slots=True)
class RejectionFilter:
    """Which; every field that is set must match."""

    store_id: StoreId | None = None
    reason: str | None = None
    since: datetime | None = None


class Rejections(Protocol):
    """The log of them. All raise Unavailable."""

    @abstractmethod
    async def write(self, rejections: Sequence[Rejection]) -> None: ...

    @abstractmethod
    async def latest(
        self, wanted: RejectionFilter, *, before: int | None = None, limit: int
    ) -> Sequence[LoggedRejection]:
        """Latest first, those with a number below `before`."""

    @abstractmethod
    async def forget(self, *, before: datetime, keep: int) -> int:
        """Removes what was received earlier, and all but the latest `keep`; how many."""
