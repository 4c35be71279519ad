"""Time limits around work."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def within(seconds: float, work: Awaitable[T]) -> T:
    """Cancels the work after so many seconds and raises TimeoutError."""
    async with asyncio.timeout(seconds):
        return await work
