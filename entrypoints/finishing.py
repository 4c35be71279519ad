"""Taking work out of the index when it is done with, and telling of what that made room for."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
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
    _beside: set[asyncio.Task[None]] = field(default_factory=set, init=False)

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

    def finish_beside(self, index: WorkIndex, items: Sequence[WorkItem]) -> None:
        """The same of items that were all begun: the next ones need not wait for it. Where it fails, they come back."""
        self._go_on_beside(self._try_to_finish(index, items))

    async def _try_to_finish(self, index: WorkIndex, items: Sequence[WorkItem]) -> None:
        try:
            await self.finish(index, items, left=())
        except TryLater as error:
            log.warning("work_not_finished", items=len(items), reason=str(error))

    def _refill(self, store_id: StoreId) -> None:
        """Looking through one store's long backlog is nothing that the other stores wait for."""
        self._go_on_beside(self._announce_backlog(store_id))

    def _go_on_beside(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)

    async def _announce_backlog(self, store_id: StoreId) -> None:
        try:
            self.announcer.announce(await self.ledger.backlog(store_id, limit=self.window))
        except TryLater as error:
            log.warning("backlog_not_announced", store_id=store_id, reason=str(error))

    async def end(self) -> None:
        """Waits for what still goes on beside the work, and for what that begins."""
        while self._beside:
            await asyncio.gather(*self._beside, return_exceptions=True)
