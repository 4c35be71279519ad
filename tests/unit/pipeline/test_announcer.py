"""Announcing beside the answer: nothing waits, what fits is kept, one store keeps no other out."""

import asyncio
from collections.abc import Sequence

from adapters.memory.system import ManualClock
from adapters.memory.work_index import MemoryWorkIndex
from core.domain.events import WorkItem, WorkKind
from core.errors import Unavailable
from core.ids import StoreId
from entrypoints.announcer import KEEP_AT_MOST, KEEP_OF_ONE_STORE, BackgroundAnnouncer


class IndexAway(MemoryWorkIndex):
    """Refuses until it is `back`."""

    def __init__(self) -> None:
        super().__init__(ManualClock(), window=KEEP_AT_MOST)
        self.back = False

    async def publish(self, items: Sequence[WorkItem]) -> int:
        if not self.back:
            raise Unavailable("redis", "away")
        return await super().publish(items)


def items(count: int, store: int) -> list[WorkItem]:
    return [WorkItem(WorkKind.EVENT, f"e{number}", StoreId(store)) for number in range(count)]


async def test_a_flood_during_an_outage_leaves_room_for_the_others() -> None:
    index = IndexAway()
    announcer = BackgroundAnnouncer({WorkKind.EVENT: index})
    announcer.announce(items(KEEP_AT_MOST * 2, store=1))
    await announcer.flush()
    announcer.announce(items(3, store=2))
    index.back = True
    await announcer.flush()
    assert await index.depth() == KEEP_OF_ONE_STORE + 3
    assert list(await index.absent(items(3, store=2))) == []


async def test_room_is_free_again_after_publishing() -> None:
    index = IndexAway()
    index.back = True
    announcer = BackgroundAnnouncer({WorkKind.EVENT: index})
    running = asyncio.create_task(announcer.run())
    for start in range(3):
        announcer.announce([WorkItem(WorkKind.EVENT, f"{start}-{n}", StoreId(1)) for n in range(KEEP_OF_ONE_STORE)])
        async with asyncio.timeout(20):
            while await index.depth() < (start + 1) * KEEP_OF_ONE_STORE:
                await asyncio.sleep(0.001)
    running.cancel()
    await asyncio.wait({running})


async def test_altogether_no_more_is_kept_than_fits() -> None:
    index = IndexAway()
    announcer = BackgroundAnnouncer({WorkKind.EVENT: index})
    for store in range(KEEP_AT_MOST // KEEP_OF_ONE_STORE + 5):
        announcer.announce(items(KEEP_OF_ONE_STORE, store))
    index.back = True
    await announcer.flush()
    assert await index.depth() == KEEP_AT_MOST
