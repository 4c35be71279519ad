"""Which backfills there are, how far each is, and who reads it. An install begins with one of every kind."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from datetime import timedelta
from typing import Final, Protocol

from core.domain.audit import AuditEntry
from core.domain.backfill import BackfillClaim, BackfillStatus, PageDone, PutOff
from core.ids import EntityKind, InstallId, StoreId, WorkerId

SUBSCRIBE_FIRST: Final = timedelta(seconds=60)
"""A new install's backfills come due after this, unless begun before: its webhooks are to stand by then."""


class Backfills(Protocol):
    """Backfills of live installs. Times are the database's. All raise Unavailable."""

    @abstractmethod
    async def request(self, install_id: InstallId, kinds: Sequence[EntityKind], *, audit: AuditEntry) -> bool:
        """These are due now: closed ones from their first page, open ones from the page they are at.

        One that is being read goes on undisturbed. False, and nothing is written, when the install is over.
        """

    @abstractmethod
    async def begin(self, install_id: InstallId) -> None:
        """What waits for the install's webhooks is due now; nothing else changes."""

    @abstractmethod
    async def claim(self, worker: WorkerId) -> BackfillClaim | None:
        """The one that is longest due, of an active install, now running and fenced for this worker.

        Also one whose worker's lease ran out. Never a second one of a store; none for a
        worker without a lease. None when there is nothing to do.
        """

    @abstractmethod
    async def advance(self, claim: BackfillClaim, page: PageDone) -> None:
        """The page is in the ledger: the next one is to be read, or it is done. Raises LostClaim."""

    @abstractmethod
    async def put_off(self, claim: BackfillClaim, decided: PutOff) -> None:
        """Lays it aside at its page; it is due again when the wait is over. Raises LostClaim."""

    @abstractmethod
    async def of_stores(self, store_ids: Sequence[StoreId]) -> Sequence[BackfillStatus]:
        """Those of their current installs, by store and in the order of BACKFILLED; cancelled where it ended."""

    @abstractmethod
    async def backlog(self, store_id: StoreId, *, limit: int) -> int:
        """How many of the store's events wait to be put into the mirror, counted no further than `limit`."""
