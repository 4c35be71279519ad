"""The loop that reads backfills: as many at once as there are places, and none kept when it stops."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from adapters.memory.backfills import MemoryBackfills
from adapters.memory.inbox import MemoryInbox
from adapters.memory.system import SeededChance
from core.domain.backfill import BackfillState
from core.domain.operations.operation import Operation
from core.domain.paging import Page
from core.features.backfill import ReadBackfills
from core.ids import EntityKind, StoreId
from core.ports.zid_gateway import R, ZidGateway
from entrypoints.background import backfilling
from tests.unit.pipeline.conftest import Pipeline

AT_ONCE = 2
STORES = [StoreId(number) for number in (1, 2, 3)]


class HeldZid(ZidGateway):
    """Answers every list with nothing, once `go` is set. `asking` is for whom it is asked now."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.asking: set[StoreId] = set()
        self.most = 0

    async def perform(self, store_id: StoreId, operation: Operation[R]) -> R:
        self.asking.add(store_id)
        self.most = max(self.most, len(self.asking))
        try:
            await self.go.wait()
        finally:
            self.asking.discard(store_id)
        return Page([], None, 0)  # type: ignore[return-value]  # every operation here is a list


class World:
    """Three stores whose orders are due, and the loop over them."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.zid = HeldZid()
        self.backfills = MemoryBackfills(pipeline.database)
        self.stop = asyncio.Event()

    async def start(self) -> asyncio.Task[None]:
        for store_id in STORES:
            install = await self.pipeline.install(store_id)
            await self.backfills.begin(install.install_id)
        for key in [key for key in self.pipeline.database.backfills if key[1] is not EntityKind.ORDER]:
            del self.pipeline.database.backfills[key]
        worker = await self.pipeline.workers.join("scheduler")
        reader = ReadBackfills(
            backfills=self.backfills,
            gateway=self.zid,
            inbox=MemoryInbox(self.pipeline.database),
            announcer=self.pipeline.announcer,
            clock=self.pipeline.clock,
            chance=SeededChance(),
            ids=self.pipeline.ids,
            encode=lambda _: b"",
            worker=lambda: worker,
        )
        return asyncio.create_task(backfilling.backfilling(reader, at_once=AT_ONCE).work(self.stop))

    async def states(self) -> list[BackfillState]:
        return [one.state for one in await self.backfills.of_stores(STORES)]


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0)


@pytest.fixture
def world(pipeline: Callable[..., Pipeline], monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(backfilling, "LOOK_EVERY", 0.01)
    return World(pipeline())


async def test_no_more_are_read_at_once_than_there_are_places(world: World) -> None:
    loop = await world.start()
    await until(lambda: len(world.zid.asking) == AT_ONCE)
    assert sorted(await world.states()) == ["queued", "running", "running"]
    world.zid.go.set()
    rows = world.pipeline.database.backfills.values()
    await until(lambda: all(row.state is BackfillState.DONE for row in rows))
    assert world.zid.most == AT_ONCE
    world.stop.set()
    await loop


async def test_a_stop_waits_for_no_page(world: World) -> None:
    loop = await world.start()
    await until(lambda: len(world.zid.asking) == AT_ONCE)
    world.stop.set()
    async with asyncio.timeout(30):
        await loop
    assert world.zid.asking == set()
    assert (await world.states()).count(BackfillState.RUNNING) == AT_ONCE
