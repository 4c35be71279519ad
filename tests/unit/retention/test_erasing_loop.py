"""A scheduler that stops waits for no erasure."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace

from core.domain.erasures import Removed
from core.ids import StoreId
from core.ports.erasing import StoreEraser
from entrypoints.background.erasing import erasing
from tests.integration.routes.world import STORE, World


class EndlessEraser(StoreEraser):
    """Has begun, and never ends."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()

    async def erase(self, store_id: StoreId) -> AsyncIterator[Removed]:
        self.begun.set()
        await asyncio.Event().wait()
        yield Removed("events", 1)

    async def left(self, store_id: StoreId) -> Mapping[str, int]:
        return {}


async def test_what_is_being_erased_is_cut_off_and_stays_open() -> None:
    world = World()
    await world.start()
    await world.installed()
    eraser = EndlessEraser()
    erase = replace(world.services().erasing.erase, stores=eraser)
    asked = await erase.ask_for_store(STORE, actor="dpo")
    assert asked is not None
    stop = asyncio.Event()
    async with asyncio.timeout(20):
        working = asyncio.create_task(erasing(erase).work(stop))
        await eraser.begun.wait()
        stop.set()
        await working
    assert [one.erasure_id for one in await world.erasures.open_ones(limit=10)] == [asked.erasure_id]
    [carried] = await world.services().erasing.erase.run_open()
    assert carried.problem is None
