"""Forgetting: which erasures were asked for, and removing what is held, transaction by transaction."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from core.domain.audit import AuditEntry
from core.domain.erasures import Erasure, ErasureId, ErasureLine, Removed
from core.domain.people import Person
from core.ids import StoreId


class Erasures(Protocol):
    """The erasures on record. All raise Unavailable."""

    @abstractmethod
    async def ask(self, store_id: StoreId, person: Person | None, *, audit: AuditEntry) -> Erasure:
        """An open erasure of the store, or of one person there; the one that is open already where there is one.

        While one of the whole store is open, the store cannot be installed anew.
        """

    @abstractmethod
    async def open_ones(self, *, limit: int) -> Sequence[Erasure]:
        """Those that are not finished, oldest first."""

    @abstractmethod
    async def get(self, erasure_id: ErasureId) -> Erasure | None: ...

    @abstractmethod
    async def of_store(self, store_id: StoreId, *, limit: int = 50) -> Sequence[Erasure]:
        """Those of a store, newest first."""

    @abstractmethod
    async def count(self, erasure_id: ErasureId, removed: Sequence[Removed]) -> None:
        """Adds to its counts. Does nothing to a finished one."""

    @abstractmethod
    async def finish(self, erasure_id: ErasureId, *, audit: AuditEntry) -> bool:
        """Finished: nobody knows any more whom it was about. Audited once; False when it was finished already."""


class StoreEraser(Protocol):
    """Removes what is held of a store whose installs are over. All raise Unavailable."""

    @abstractmethod
    def erase(self, store_id: StoreId) -> AsyncIterator[Removed]:
        """Step by step, each a transaction of its own: cut off anywhere, it is begun again and goes on.

        Events stay as numbers, in the state erased; the books stay balanced. An event that
        is running stays as it is.
        """

    @abstractmethod
    async def left(self, store_id: StoreId) -> Mapping[str, int]:
        """How many rows of which table still hold something of the store; empty when nothing does."""


class PersonalData(Protocol):
    """What is held about one customer of a store. All raise Unavailable."""

    @abstractmethod
    async def identify(self, store_id: StoreId, person: Person) -> Person:
        """With the ids and contacts under which the mirror knows them too."""

    @abstractmethod
    async def held(self, store_id: StoreId, person: Person) -> Mapping[str, object]:
        """Everything, as values that JSON knows: `customer`, `orders`, `carts`, `record`, `events` with `attempts`."""

    @abstractmethod
    def erase(self, store_id: StoreId, person: Person) -> AsyncIterator[Removed]:
        """Step by step, each a transaction of its own: cut off anywhere, it is begun again and goes on.

        The customer, their carts and our record of them are gone; their orders keep what a shop's
        books need and lead to nobody; events about them are erased, unfinished ones included;
        those that a worker is at right now are left, and counted as `busy`. Kept answers to writes that
        mention them lose their content and go on preventing repeats.
        """


class ErasureLog(Protocol):
    """The erasures' file, kept outside the database and its backups."""

    @abstractmethod
    async def append(self, line: ErasureLine) -> None:
        """On the disk when it returns. Raises Unavailable."""

    @abstractmethod
    async def since(self, at: datetime) -> Sequence[ErasureLine]:
        """Those at or after that moment, oldest first; a torn last line is left out. Raises Unavailable."""
