"""Taking work out of the index when it is done with, and telling of what that made room for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from core.domain.events import WorkItem
from core.ports.event_ledger import EventLedger
from core.ports.work_index import Announcer, WorkIndex

BLOCKED_PAUSE: Final = 0.05
"""When all that was taken is held by somebody else: their transaction ends soon."""


@dataclass(frozen=True, slots=True)
class Finishing:
    """What every taker of work does with it afterwards."""

    ledger: EventLedger
    announcer: Announcer
    window: int

    async def finish(self, index: WorkIndex, items: Sequence[WorkItem], *, left: Sequence[WorkItem]) -> None:
        """Takes the items out of the index. What was left undone is looked at again only after that:

        whoever finishes the work before it in its lane publishes it too, and one of
        the two always comes second.
        """
        if not items:
            return
        with_room = await index.finish(items)
        for store_id in with_room:
            self.announcer.announce(await self.ledger.backlog(store_id, limit=self.window))
        if not left:
            return
        claimable = await self.ledger.claimable(left)
        self.announcer.announce(claimable)
        if claimable and len(left) == len(items):
            await asyncio.sleep(BLOCKED_PAUSE)
