"""Publishing to the work index beside the answer, never in its way."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence

import structlog

from core.domain.events import WorkItem, WorkKind
from core.errors import Unavailable
from core.ids import StoreId
from core.ports.work_index import Announcer, WorkIndex

log = structlog.get_logger()

BATCH = 500
KEEP_AT_MOST = 20_000
"""Items kept while the index is away; what does not fit is found by the sweep."""
KEEP_OF_ONE_STORE = 1_000
"""More than an index takes of one store, and too few to keep the other stores out."""
PAUSE_AFTER_FAILURE = 0.5


class BackgroundAnnouncer(Announcer):
    """Collects announcements and publishes them in batches from `run`, in order of arrival."""

    def __init__(self, indexes: Mapping[WorkKind, WorkIndex]) -> None:
        self._indexes = indexes
        self._waiting: list[WorkItem] = []
        self._of_store: Counter[StoreId] = Counter()
        self._something = asyncio.Event()
        self._reachable = True

    def announce(self, items: Sequence[WorkItem]) -> None:
        for item in items:
            if len(self._waiting) < KEEP_AT_MOST and self._of_store[item.store_id] < KEEP_OF_ONE_STORE:
                self._of_store[item.store_id] += 1
                self._waiting.append(item)
        self._something.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._something.wait()
            if not await self._publish_some():
                await asyncio.sleep(PAUSE_AFTER_FAILURE)

    async def flush(self) -> None:
        """One last try for what is left; the sweep finds the rest."""
        while self._waiting and await self._publish_some():
            pass

    async def _publish_some(self) -> bool:
        batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
        try:
            await self._publish(batch)
        except Unavailable as error:
            self._waiting[:0] = batch
            self._note(reachable=False, reason=str(error))
            return False
        self._of_store -= Counter(item.store_id for item in batch)
        self._note(reachable=True)
        if not self._waiting:
            self._something.clear()
        return True

    async def _publish(self, batch: Sequence[WorkItem]) -> None:
        for kind, index in self._indexes.items():
            if mine := [item for item in batch if item.kind is kind]:
                await index.publish(mine)

    def _note(self, *, reachable: bool, reason: str = "") -> None:
        """One line when it goes away and one when it is back, however often it fails between."""
        if reachable == self._reachable:
            return
        self._reachable = reachable
        if reachable:
            log.info("work_index_back", waiting=len(self._waiting))
        else:
            log.warning("work_index_away", reason=reason)
