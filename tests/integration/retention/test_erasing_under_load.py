"""Erasing while everybody works: nothing stays behind, the books balance."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

import psycopg
import pytest

from core.domain.event_states import EventState
from core.domain.events import BatchResult, ClaimedRun, SettledEvent, Settlement, WorkItem, WorkKind
from core.domain.mirror import MirrorRow
from core.domain.people import Person
from core.domain.retention import Retention
from core.domain.stores import Install
from core.errors import Conflict, LostClaim, Unavailable
from core.ids import Entity, EntityKind, EventId, Seq
from tests.acceptance.story import dump
from tests.contract.postgres_world import postgres_world
from tests.contract.scenes import audit, delivery, install
from tests.contract.worlds import STORE, LedgerWorld
from tests.servers import Database

T = TypeVar("T")
EVENTS = 80
LAYLA = Person.asked_for(customer_id="770077")
BUYER = {"id": 770077, "name": "Layla Underload", "email": "layla.under.load@example.sa", "mobile": "966500770077"}
TRACES = (b"Layla Underload", b"layla.under.load", b"500770077")
OLD_AT_ONCE = Retention(timedelta(0), timedelta(0))


@dataclass
class Shop:
    """One store, and everybody who works for it until `stop` is set."""

    world: LedgerWorld
    live: Install
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def ingest(self) -> None:
        for number in range(EVENTS):
            entity = Entity(EntityKind.ORDER, str(number % 20))
            body = json.dumps({"id": number % 20, "n": number, "customer": BUYER}).encode()
            given = replace(delivery(self.world, self.live, entity, body), topic="order.update")
            await patiently(lambda given=given: self.world.inbox.accept(given))

    async def mirror(self) -> None:
        while not self.stop.is_set():
            ids = [EventId(UUID(item.id)) for item in await self._backlog(WorkKind.EVENT)]
            with suppress(Conflict, Unavailable):
                await self._take(ids[:8])
            await asyncio.sleep(0.005)

    async def _take(self, ids: Sequence[EventId]) -> None:
        async with self.world.events.open_batch(ids, limit=10) as batch:
            known = await batch.rows(sorted({(event.store_id, event.entity) for event in batch.events}))
            rows = {
                (event.store_id, event.entity): MirrorRow(
                    event.entity, None, {}, {"customer_id": "770077", "code": "slug"}, event.body
                )
                for event in batch.events
            }
            inserts = [(store_id, row) for (store_id, entity), row in rows.items() if (store_id, entity) not in known]
            updates = [(store_id, row) for (store_id, entity), row in rows.items() if (store_id, entity) in known]
            settled = [SettledEvent(event.event_id, ("courier",)) for event in batch.events]
            await batch.commit(BatchResult(settled, inserts=inserts, updates=updates))

    async def handle(self) -> None:
        worker = await patiently(lambda: self.world.workers.join("consumer"))
        while not self.stop.is_set():
            ids = [int(item.id) for item in await self._backlog(WorkKind.RUN)]
            with suppress(Unavailable):
                for run in await self.world.runs.claim(ids[:5], worker):
                    await self._settle(run)
            await asyncio.sleep(0.005)
        await patiently(lambda: self.world.runs.give_back(worker))

    async def _settle(self, run: ClaimedRun) -> None:
        dies = run.run_id % 3 == 0
        settlement = Settlement(EventState.DEAD, reason="Layla Underload") if dies else Settlement(EventState.DONE)
        with suppress(LostClaim, Unavailable):
            async with self.world.runs.open(run) as scope:
                await asyncio.sleep(0.001)
                await scope.settle(settlement)

    async def erase_her(self) -> None:
        while not self.stop.is_set():
            with suppress(Unavailable):
                await forget(self.world)
            await asyncio.sleep(0.005)

    async def prune(self) -> None:
        while not self.stop.is_set():
            with suppress(Unavailable):
                await self.world.pruning.prune(OLD_AT_ONCE, after=Seq(0), limit=7)
            await asyncio.sleep(0.005)

    async def _backlog(self, kind: WorkKind) -> list[WorkItem]:
        waiting = await patiently(lambda: self.world.events.backlog(limit=50))
        return [item for item in waiting if item.kind is kind]


async def patiently(ask: Callable[[], Awaitable[T]]) -> T:
    """A loaded machine may have no connection free for a while."""
    async with asyncio.timeout(60):
        while True:
            with suppress(Unavailable):
                return await ask()


async def forget(world: LedgerWorld) -> int:
    """How many events were left to whoever is at them."""
    person = await world.people.identify(STORE, LAYLA)
    return sum([removed.busy async for removed in world.people.erase(STORE, person)])


async def erase_store(world: LedgerWorld) -> int:
    return sum([removed.rows async for removed in world.eraser.erase(STORE)])


@pytest.fixture
async def shop(database: Database) -> AsyncIterator[Shop]:
    async with postgres_world(database) as world:
        yield Shop(world, await install(world))


async def worked(shop: Shop) -> None:
    """Everything at once, until all has come in and some time has passed."""
    async with asyncio.TaskGroup() as work:
        for task in (shop.mirror, shop.mirror, shop.handle, shop.handle, shop.erase_her, shop.erase_her, shop.prune):
            work.create_task(task())
        await asyncio.gather(*(shop.ingest() for _ in range(2)))
        shop.stop.set()


def traces(database: Database) -> list[bytes]:
    with psycopg.connect(database.owner_dsn) as owner:
        everything = dump(owner)
    return [trace for trace in TRACES if trace in everything]


async def test_a_person_is_forgotten_while_their_orders_are_handled(shop: Shop, database: Database) -> None:
    await worked(shop)
    async with asyncio.timeout(60):
        while await patiently(lambda: forget(shop.world)):
            await asyncio.sleep(0.05)
    assert traces(database) == []
    assert (await shop.world.reader.books()).balanced


async def test_a_store_is_forgotten_while_its_orders_are_handled(shop: Shop, database: Database) -> None:
    shop.erase_her = shop.prune  # type: ignore[method-assign]  # nobody asks for her alone
    async with asyncio.TaskGroup() as work:
        work.create_task(worked(shop))
        await asyncio.sleep(0.2)
        await patiently(lambda: shop.world.installations.end(shop.live.install_id, audit=audit()))
        await patiently(lambda: erase_store(shop.world))
    async with asyncio.timeout(60):
        while await patiently(lambda: shop.world.eraser.left(STORE)):
            await patiently(lambda: erase_store(shop.world))
    assert traces(database) == []
    assert (await shop.world.reader.books()).balanced
