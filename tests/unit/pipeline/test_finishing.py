"""What a taker of work does with it afterwards, and what it does not wait for."""

import asyncio
from collections.abc import Sequence

from adapters.memory.database import MemoryDatabase
from adapters.memory.event_batches import MemoryEventLedger
from adapters.memory.system import ManualClock
from adapters.memory.work_index import MemoryWorkIndex, RecordingAnnouncer
from core.domain.events import WorkItem, WorkKind
from core.errors import Unavailable
from core.ids import StoreId
from entrypoints.finishing import Finishing
from tests.contract.memory_world import memory_world
from tests.contract.scenes import install, queued
from tests.contract.worlds import STORE

WINDOW = 4


class SlowLedger(MemoryEventLedger):
    """Its backlog is long to look through: until it is `looked`."""

    def __init__(self, database: MemoryDatabase, *, away: bool = False) -> None:
        super().__init__(database)
        self.looked = asyncio.Event()
        self.away = away

    async def backlog(self, store_id: StoreId | None = None, *, limit: int) -> Sequence[WorkItem]:
        await self.looked.wait()
        if self.away:
            raise Unavailable("postgres", "away")
        return await super().backlog(store_id, limit=limit)


async def finished_window(ledger: SlowLedger, database: MemoryDatabase) -> tuple[Finishing, RecordingAnnouncer]:
    """A store had more than fits into the index; all that was in it is done with."""
    world = memory_world(database)
    ids = await queued(world, await install(world), *range(WINDOW * 2))
    items = [WorkItem(WorkKind.EVENT, str(event_id), STORE) for event_id in ids]
    index, announcer = MemoryWorkIndex(ManualClock(), window=WINDOW), RecordingAnnouncer()
    await index.publish(items)
    finishing = Finishing(ledger, announcer, WINDOW * 2)
    async with asyncio.timeout(20):
        await finishing.finish(index, await index.take(limit=WINDOW, wait=0), left=[])
    assert await index.depth() == 0
    return finishing, announcer


async def test_nobody_waits_while_a_long_backlog_is_looked_through() -> None:
    database = MemoryDatabase()
    ledger = SlowLedger(database)
    finishing, announcer = await finished_window(ledger, database)
    assert announcer.announced == []
    ledger.looked.set()
    await finishing.end()
    assert len(announcer.announced) == WINDOW * 2


async def test_a_database_that_is_away_then_breaks_nothing() -> None:
    database = MemoryDatabase()
    ledger = SlowLedger(database, away=True)
    finishing, announcer = await finished_window(ledger, database)
    ledger.looked.set()
    await finishing.end()
    assert announcer.announced == []


async def test_what_can_be_claimed_all_the_same_is_announced_again() -> None:
    database = MemoryDatabase()
    world = memory_world(database)
    first, second = await queued(world, await install(world), 1, 1)
    items = [WorkItem(WorkKind.EVENT, str(event_id), STORE) for event_id in (first, second)]
    index, announcer = MemoryWorkIndex(ManualClock()), RecordingAnnouncer()
    await index.publish(items)
    finishing = Finishing(MemoryEventLedger(database), announcer, WINDOW)
    await finishing.finish(index, await index.take(limit=9, wait=0), left=items)
    assert announcer.announced == items[:1], "the other stands behind it"
