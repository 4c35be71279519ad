"""The flow of runs over memory adapters, with gates for its handlers and waits for what is to be seen."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from adapters.memory.metrics import RecordingMetrics
from adapters.memory.work_index import MemoryWorkIndex
from adapters.memory.workers import MemoryWorkers
from core.domain.attempts import AttemptEnd
from core.domain.event_states import EventState, Origin
from core.domain.stores import Install
from core.ids import EventId
from entrypoints.finishing import Finishing
from entrypoints.lease import Lease
from entrypoints.process import keep_doing
from entrypoints.run_flow import RunFlow, RunServices
from tests.unit.pipeline.conftest import Pipeline

PATIENCE = 30.0


async def soon(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.005)


@dataclass
class Gate:
    """Handlers come in and stay until they are let out; who is in, and how many ever were at once."""

    inside: list[str] = field(default_factory=list)
    came: list[str] = field(default_factory=list)
    most: int = 0
    out: asyncio.Event = field(default_factory=asyncio.Event)

    async def stay(self, name: str) -> None:
        self.inside.append(name)
        self.came.append(name)
        self.most = max(self.most, len(self.inside))
        try:
            await self.out.wait()
        finally:
            self.inside.remove(name)


@dataclass
class Stage:
    """A pipeline with its index and the flow under test."""

    service: Pipeline
    index: MemoryWorkIndex
    flow: RunFlow
    lease: Lease
    metrics: RecordingMetrics

    async def publish(self) -> None:
        backlog = await self.service.ledger.backlog(limit=1000)
        await self.index.publish([item for item in backlog if item.kind == "run"])

    async def states(self) -> dict[EventState, int]:
        return dict((await self.service.reader.books()).of(Origin.ZID).states)

    async def ends(self, event_id: EventId) -> list[AttemptEnd]:
        detail = await self.service.reader.event(event_id)
        assert detail is not None
        return [attempt.end for attempt in detail.attempts]

    async def all_done(self, number: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while (await self.states()).get(EventState.DONE) != number:
                await asyncio.sleep(0.005)


@asynccontextmanager
async def flowing(service: Pipeline, *, concurrency: int = 8) -> AsyncIterator[Stage]:
    index, metrics = MemoryWorkIndex(service.clock), RecordingMetrics()
    lease = Lease(MemoryWorkers(service.database), "consumer")
    await lease.join()
    services = RunServices(
        run_handlers=service.runner,
        runs=service.runs,
        index=index,
        finishing=Finishing(service.ledger, service.announcer, 256),
        announcer=service.announcer,
        metrics=metrics,
        clock=service.clock,
        concurrency=concurrency,
    )
    flow = RunFlow(services, lease)
    stage = Stage(service, index, flow, lease, metrics)
    await stage.publish()
    task = asyncio.create_task(keep_doing("runs", flow.step))
    try:
        yield stage
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await flow.drain(0.01)


async def customers(service: Pipeline, number: int) -> Install:
    install = await service.install()
    for one in range(1, number + 1):
        await customer(service, install, one)
    await service.consume_all()
    return install


async def customer(service: Pipeline, install: Install, number: int) -> None:
    body = {"id": number, "name": "Noura", "updated_at": "2026-01-01 10:00:00"}
    await service.receive(install, "customer.create", body)


async def die(service: Pipeline, *, times: int) -> None:
    """So many workers in turn held everything and died."""
    for _ in range(times):
        worker = await service.workers.join("consumer")
        assert await service.claim_all(worker)
        service.clock.advance(60)
        await service.maintenance.release_orphans()
