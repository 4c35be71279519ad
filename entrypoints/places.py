"""How many handlers may run at once in this process."""

from __future__ import annotations

import asyncio
from contextlib import suppress


class Places:
    """Places to take and give back. One taker, many givers."""

    def __init__(self, size: int) -> None:
        self._free = size
        self._given_back = asyncio.Event()

    async def take_all(self, *, wait: float) -> int:
        """Every free place, after waiting up to `wait` seconds for the first; 0 when there was none."""
        with suppress(TimeoutError):
            async with asyncio.timeout(wait):
                while not self._free:
                    self._given_back.clear()
                    await self._given_back.wait()
        taken, self._free = self._free, 0
        return taken

    def give_back(self, places: int) -> None:
        self._free += places
        self._given_back.set()
