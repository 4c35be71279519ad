"""Tasks that stop before and after every call of a port, until the test lets one of them go on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar

from adapters.memory.system import ManualClock
from core.domain.events import BatchResult, WorkItem
from core.errors import WaslError
from core.ids import EventId
from core.ports.event_ledger import EventBatch, EventLedger

_name: ContextVar[str] = ContextVar("name", default="")
ROUNDS = 25
"""Turns of the loop after which whoever can go on has come to the next gate."""


class Gates:
    """Named tasks. `waiting` are those that stand at a gate; others wait for each other, or are over."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[object]] = {}
        self._standing: dict[str, list[asyncio.Future[None]]] = {}
        self._open = False
        self.results: dict[str, object] = {}

    def start(self, name: str, work: Callable[[], Awaitable[object]]) -> None:
        async def named() -> object:
            _name.set(name)
            await self.turn()
            try:
                return await work()
            except WaslError as error:
                return error

        self._tasks[name] = asyncio.create_task(named(), name=name)

    async def turn(self) -> None:
        """Stands at a gate; whoever belongs to no named task goes through."""
        name = _name.get()
        if not name or self._open:
            return
        gate = asyncio.get_running_loop().create_future()
        self._standing.setdefault(name, []).append(gate)
        await gate

    @property
    def running(self) -> list[str]:
        return sorted(self._tasks)

    @property
    def waiting(self) -> list[str]:
        return sorted(name for name, gates in self._standing.items() if gates)

    async def step(self, name: str) -> None:
        """Lets one task go to its next gate, and those that waited for it."""
        self._standing[name].pop(0).set_result(None)
        await self.settle()

    async def settle(self) -> None:
        for _ in range(ROUNDS):
            await asyncio.sleep(0)
        for name in [name for name, task in self._tasks.items() if task.done()]:
            self.results[name] = self._tasks.pop(name).result()

    async def finish(self) -> None:
        """Everybody goes on until all are over, in turns."""
        while self.running:
            assert self.waiting, f"{self.running} wait for each other"
            for name in self.waiting:
                await self.step(name)

    async def end(self) -> None:
        """Nothing stays half run when a test stops early; tidying up meets no gate."""
        self._open = True
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)


class Gated:
    """Every call of the port stops before it is made and before its answer is seen."""

    def __init__(self, port: object, gates: Gates) -> None:
        self._port = port
        self._gates = gates

    def __getattr__(self, name: str) -> Callable[..., Awaitable[object]]:
        method = getattr(self._port, name)

        async def call(*given: object, **named: object) -> object:
            await self._gates.turn()
            result = await method(*given, **named)
            await self._gates.turn()
            return result

        return call


class GatedClock(ManualClock):
    """Sleeping passes time for everybody and lets others go first."""

    def __init__(self, gates: Gates) -> None:
        super().__init__()
        self._gates = gates

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)
        await self._gates.turn()


class GatedLedger:
    """Stops while it holds a batch, and before it commits one."""

    def __init__(self, ledger: EventLedger, gates: Gates) -> None:
        self._ledger = ledger
        self._gates = gates

    def __getattr__(self, name: str) -> object:
        return getattr(self._ledger, name)

    @asynccontextmanager
    async def open_batch(self, ids: list[EventId], *, limit: int) -> AsyncIterator[EventBatch]:
        await self._gates.turn()
        async with self._ledger.open_batch(ids, limit=limit) as batch:
            yield _GatedBatch(batch, self._gates)  # type: ignore[misc]  # the rest is passed on


class _GatedBatch:
    def __init__(self, batch: EventBatch, gates: Gates) -> None:
        self._batch = batch
        self._gates = gates

    def __getattr__(self, name: str) -> object:
        return getattr(self._batch, name)

    async def commit(self, result: BatchResult) -> list[WorkItem]:
        await self._gates.turn()
        return list(await self._batch.commit(result))
