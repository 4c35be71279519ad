"""Taking work out of the index when it is done with, and telling of what that made room for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog

from core.domain.events import WorkItem
from core.errors import TryLater
from core.ids import StoreId
from core.ports.event_ledger import EventLedger
from core.ports.work_index import Announcer, WorkIndex

log = structlog.get_logger()

BLOCKED_PAUSE: Final = 0.05
"""When all that was taken is held by somebody else: their transaction ends soon."""


@dataclass(frozen=True, slots=True)
class Finishing:
    """What every taker of work does with it afterwards."""

    ledger: EventLedger
    announcer: Announcer
    window: int
    _refills: set[asyncio.Task[None]] = field(default_factory=set, init=False)

    async def finish(self, index: WorkIndex, items: Sequence[WorkItem], *, left: Sequence[WorkItem]) -> None:
        """Takes the items out of the index. What was left undone is looked at again only after that:

        whoever finishes the work before it in its lane publishes it too, and one of
        the two always comes second.
        """
        if not items:
            return
        with_room = await index.finish(items)
        for store_id in with_room:
            self._refill(store_id)
        if not left:
            return
        claimable = await self.ledger.claimable(left)
        self.announcer.announce(claimable)
        if claimable and len(left) == len(items):
            await asyncio.sleep(BLOCKED_PAUSE)

    def _refill(self, store_id: StoreId) -> None:
        """Beside the work: looking through one store's long backlog is nothing that the other stores wait for."""
        task = asyncio.create_task(self._announce_backlog(store_id))
        self._refills.add(task)
        task.add_done_callback(self._refills.discard)

    async def _announce_backlog(self, store_id: StoreId) -> None:
        try:
            self.announcer.announce(await self.ledger.backlog(store_id, limit=self.window))
        except TryLater as error:
            log.warning("backlog_not_announced", store_id=store_id, reason=str(error))

    async def end(self) -> None:
        """Waits for what still goes on beside the work."""
        await asyncio.gather(*self._refills, return_exceptions=True)
