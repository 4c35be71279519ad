"""Claims taken as they fall due, several at once, each in a place of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, Protocol, TypeVar

from core.ids import StoreId
from entrypoints.places import Places
from entrypoints.process import keep_doing, pause_or


class OfStore(Protocol):
    """A claim on something of one store."""

    @property
    def store_id(self) -> StoreId: ...


C = TypeVar("C", bound=OfStore)


class ClaimedTurns(Generic[C]):
    """Claims while there are places, and takes a turn for each claim; where none is due it looks again in a while.

    Runs until `stop` is set. What has its turn then is left to whoever claims it next, where it stands.
    """

    def __init__(
        self,
        name: str,
        *,
        claim: Callable[[], Awaitable[C | None]],
        turn: Callable[[C], Awaitable[None]],
        at_once: int,
        look_every: float,
    ) -> None:
        self._name = name
        self._claim = claim
        self._turn = turn
        self._look_every = look_every
        self._places = Places(at_once)
        self._taking: set[asyncio.Task[None]] = set()

    async def work(self, stop: asyncio.Event) -> None:
        try:
            await keep_doing(self._name, lambda: self._step(stop), stop=stop)
        finally:
            for task in self._taking:
                task.cancel()
            await asyncio.gather(*self._taking, return_exceptions=True)

    async def _step(self, stop: asyncio.Event) -> None:
        places = await self._places.take_all(wait=self._look_every)
        started = 0
        try:
            while started < places and (claim := await self._claim()):
                self._start(claim)
                started += 1
        finally:
            self._places.give_back(places - started)
        if places and not started:
            await pause_or(stop, self._look_every)

    def _start(self, claim: C) -> None:
        task = asyncio.create_task(self._take(claim), name=f"{self._name}, store {claim.store_id}")
        self._taking.add(task)
        task.add_done_callback(self._taking.discard)

    async def _take(self, claim: C) -> None:
        try:
            await self._turn(claim)
        finally:
            self._places.give_back(1)
