"""Consumers and a sweep over a real index and a ledger in memory, run as the daemons run them."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Self
from uuid import UUID

import redis

from adapters.memory.work_index import RecordingAnnouncer
from adapters.redis.connection import RedisClients, open_redis
from adapters.redis.work_index import RedisWorkIndex
from adapters.system import SystemClock
from core.domain.event_states import EventState
from core.domain.events import BatchResult, SettledEvent, WorkItem, WorkKind
from core.errors import Unavailable
from core.features.sweep import Sweep, SweepPace
from core.ids import EventId
from core.ports.work_index import WorkIndex
from entrypoints.finishing import Finishing
from tests.contract.memory_world import memory_world
from tests.contract.scenes import counts, install, queued
from tests.contract.worlds import OTHER_STORE, STORE, LedgerWorld

LONG = 60.0
"""Seconds; everything here takes a fraction of one."""
WINDOW = 16
RECLAIM_AFTER = 0.3
EVENT_KEYS = "{wasl:index3:event}:"


class Service:
    """Two consumers and a sweep over one index and one ledger; nobody works where `working` is False."""

    def __init__(self, url: str, *, working: bool = True) -> None:
        self._working = working
        self._over = False
        self.world: LedgerWorld = memory_world()
        self.clients = [open_redis(url) for _ in range(3)]
        self.done: Counter[EventId] = Counter()
        self.announcer = RecordingAnnouncer()
        indexes = self._indexes(self.clients[0])
        self.index = indexes[WorkKind.EVENT]
        self._own_indexes = dict[WorkKind, WorkIndex](indexes)
        self._tasks: list[asyncio.Task[None]] = []

    def _indexes(self, clients: RedisClients) -> dict[WorkKind, RedisWorkIndex]:
        return {
            kind: RedisWorkIndex(clients, name=kind.value, window=WINDOW, reclaim_after=RECLAIM_AFTER)
            for kind in WorkKind
        }

    async def __aenter__(self) -> Self:
        for clients in self.clients[1:] if self._working else ():
            self.start(self.consume(self._indexes(clients)[WorkKind.EVENT]))
        if self._working:
            self.start(self.sweep(self._own_indexes))
        return self

    async def __aexit__(self, *_: object) -> None:
        """The driver may lose a cancellation on Python 3.11 (bpo-37658), so nobody depends on it."""
        self._over = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for clients in self.clients:
            with suppress(OSError, redis.RedisError):
                await clients.aclose()

    def start(self, work: Coroutine[object, object, None]) -> None:
        self._tasks.append(asyncio.create_task(work))

    async def sweep(self, indexes: dict[WorkKind, WorkIndex]) -> None:
        """What a scheduler does, for ever."""
        sweep = Sweep(
            ledger=self.world.events,
            maintenance=self.world.maintenance,
            indexes=indexes,
            clock=SystemClock(),
            window=WINDOW,
            pace=SweepPace(republish_every=0.5),
        )
        while not self._over:
            with suppress(Unavailable):
                await sweep.tick()
            await asyncio.sleep(0.05)

    async def consume(self, index: WorkIndex) -> None:
        """What a consumer does, for ever."""
        finishing = Finishing(self.world.events, self.announcer, WINDOW)
        while not self._over:
            with suppress(Unavailable):
                items = await index.take(limit=5, wait=0.5)
                left = await self._handle(items)
                await finishing.finish(index, items, left=left)
                announced, self.announcer.announced = self.announcer.announced, []
                await index.publish(announced)
            await asyncio.sleep(0)

    async def _handle(self, items: Sequence[WorkItem]) -> Sequence[WorkItem]:
        ids = [EventId(self.world_id(item)) for item in items]
        async with self.world.events.open_batch(ids, limit=100) as batch:
            settled = [event.event_id for event in batch.events]
            if settled:
                await batch.commit(BatchResult([SettledEvent(event_id) for event_id in settled]))
        self.done.update(settled)
        return [item for item in items if self.world_id(item) not in settled]

    @staticmethod
    def world_id(item: WorkItem) -> EventId:
        return EventId(UUID(item.id))

    async def receive(self, orders: int, *, announced_to: WorkIndex | None = None) -> None:
        """So many events for each of two stores, each about an order of its own, announced as ingest does it."""
        for store in (STORE, OTHER_STORE):
            live = await self.world.installations.current(store) or await install(self.world, store)
            ids = await queued(self.world, live, *range(orders))
            items = [WorkItem(WorkKind.EVENT, str(event_id), store) for event_id in ids]
            with suppress(Unavailable):
                await (announced_to or self.index).publish(items)

    async def finished(self, *, received: int) -> None:
        """Waits until all is done, then looks that it was done once."""
        async with asyncio.timeout(LONG):
            while await counts(self.world) != {EventState.DONE: received}:
                await asyncio.sleep(0.01)
        assert set(self.done.values()) == {1}
        assert len(self.done) == received
