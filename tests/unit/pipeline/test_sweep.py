"""The sweep over memory adapters: what it publishes, and what looking costs when there is nothing to publish."""

from collections.abc import Sequence

import pytest

from adapters.memory.database import MemoryDatabase
from adapters.memory.event_batches import MemoryEventLedger
from adapters.memory.maintenance import MemoryMaintenance
from adapters.memory.pauses import MemoryPauses
from adapters.memory.system import ManualClock
from adapters.memory.work_index import MemoryWorkIndex
from core.domain.events import WorkItem, WorkKind
from core.features.sweep import Sweep, SweepPace
from core.ids import StoreId
from tests.contract.memory_world import memory_world
from tests.contract.scenes import audit, install, queued, through_the_mirror
from tests.contract.worlds import OTHER_STORE, STORE, LedgerWorld

WINDOW = 4
TICK = 0.5


class CountedLedger(MemoryEventLedger):
    """Counts how often the whole backlog is asked for."""

    def __init__(self, database: MemoryDatabase) -> None:
        super().__init__(database)
        self.asked = 0

    async def backlog(self, store_id: StoreId | None = None, *, limit: int) -> Sequence[WorkItem]:
        self.asked += 1
        return await super().backlog(store_id, limit=limit)


class Sweeping:
    """One scheduler's sweep, ticking as the scheduler ticks."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.database = MemoryDatabase(self.clock)
        self.world: LedgerWorld = memory_world(self.database)
        self.ledger = CountedLedger(self.database)
        self.index = MemoryWorkIndex(self.clock, window=WINDOW)
        self.sweep = Sweep(
            ledger=self.ledger,
            maintenance=MemoryMaintenance(self.database),
            indexes={WorkKind.EVENT: self.index, WorkKind.RUN: MemoryWorkIndex(self.clock, window=WINDOW)},
            clock=self.clock,
            window=WINDOW,
            pace=SweepPace(tidy_every=1e9),
        )

    async def tick(self, seconds: float = TICK) -> int:
        """How many were published again."""
        self.clock.advance(seconds)
        return (await self.sweep.tick()).republished


@pytest.fixture
def sweeping() -> Sweeping:
    return Sweeping()


async def test_what_is_queued_and_nowhere_is_published_at_the_first_tick(sweeping: Sweeping) -> None:
    await queued(sweeping.world, await install(sweeping.world), 1, 2)
    assert await sweeping.tick() == 2
    assert await sweeping.tick() == 0
    sweeping.index.lose_everything()
    assert await sweeping.tick() == 2, "a new incarnation is filled at once"


async def test_work_that_was_never_announced_is_found_soon_while_there_is_work(sweeping: Sweeping) -> None:
    live = await install(sweeping.world)
    for number in range(3):
        ids = await queued(sweeping.world, live, number)
        assert sum([await sweeping.tick() for _ in range(3)]) == 1
        taken = await sweeping.index.take(limit=9, wait=0)
        await through_the_mirror(sweeping.world, ids)
        await sweeping.index.finish(taken)


async def test_a_paused_stores_backlog_is_not_looked_at_again_and_again(sweeping: Sweeping) -> None:
    """Nothing can be published, so looking gets rarer: from twice a second to once in `republish_every`."""
    await queued(sweeping.world, await install(sweeping.world), *range(20))
    await MemoryPauses(sweeping.database).pause(STORE, audit=audit())
    assert sum([await sweeping.tick() for _ in range(240)]) == 0
    assert sweeping.ledger.asked <= 14, "in two minutes"


async def test_other_stores_are_served_while_one_is_paused_and_a_resumed_one_comes_back(sweeping: Sweeping) -> None:
    pauses = MemoryPauses(sweeping.database)
    await queued(sweeping.world, await install(sweeping.world), *range(20))
    other = await install(sweeping.world, OTHER_STORE)
    await pauses.pause(STORE, audit=audit())
    for _ in range(240):
        await sweeping.tick()
    await queued(sweeping.world, other, 1)
    assert sum([await sweeping.tick() for _ in range(31)]) == 1
    await pauses.resume(STORE, audit=audit())
    assert sum([await sweeping.tick() for _ in range(31)]) == WINDOW
