"""How many handlers may run at once in this process."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

LINGER: Final = 0.003
"""Where most places are taken and one becomes free, more do soon: taken together they cost one claim."""


class Places:
    """Places to take and give back. One taker, many givers."""

    def __init__(self, size: int, *, linger: float = LINGER) -> None:
        self._size, self._linger = size, linger
        self._free = size
        self._given_back = asyncio.Event()

    async def take_all(self, *, wait: float) -> int:
        """Every free place, after waiting up to `wait` seconds for the first; 0 when there was none.

        Where fewer than half are free it lingers for more.
        """
        await self._wait_for(1, wait)
        if self._free:
            await self._wait_for(self._size // 2, self._linger)
        taken, self._free = self._free, 0
        return taken

    async def _wait_for(self, places: int, seconds: float) -> None:
        if self._free >= places:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._free < places:
                    self._given_back.clear()
                    await self._given_back.wait()

    def give_back(self, places: int) -> None:
        self._free += places
        self._given_back.set()
