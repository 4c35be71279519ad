"""Carrying out erasures beside a scheduler's other work."""

from __future__ import annotations

import asyncio

import structlog

from core.features.erase_data import EraseData
from entrypoints.process import keep_doing

log = structlog.get_logger()

LOOK_EVERY = 5.0


class Erasing:
    """Runs until `stop` is set. What is being erased then is cut off: whoever finds it open goes on with it."""

    def __init__(self, erase: EraseData) -> None:
        self._erase = erase

    async def work(self, stop: asyncio.Event) -> None:
        loop = asyncio.create_task(keep_doing("erase", self._step, every=LOOK_EVERY, stop=stop))
        try:
            await stop.wait()
        finally:
            loop.cancel()
            await asyncio.gather(loop, return_exceptions=True)

    async def _step(self) -> None:
        for carried in await self._erase.run_open():
            erasure = carried.erasure
            level = log.info if carried.problem is None else log.warning
            level("erasure", erasure_id=erasure.erasure_id, store_id=erasure.store_id, problem=carried.problem)
