"""Asking what all processes share, as long as it answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Final, TypeVar

import structlog

from core.errors import Unavailable
from core.ports.system import Clock

log = structlog.get_logger()

TRY_AGAIN_AFTER: Final = 1.0

T = TypeVar("T")


class Shared:
    """Something shared that may be away; while it is, one caller a second finds out whether it is back.

    `lost` and `found` are the events that say so, once each time. `patience` is how many seconds it has to answer in.
    """

    def __init__(self, clock: Clock, *, patience: float, lost: str, found: str) -> None:
        self._clock = clock
        self._patience = patience
        self._lost, self._found = lost, found
        self._try_at = 0.0
        self.is_away = False

    def is_worth_asking(self) -> bool:
        now = self._clock.monotonic()
        if self.is_away and now < self._try_at:
            return False
        self._try_at = now + TRY_AGAIN_AFTER
        return True

    async def answer(self, question: Awaitable[T]) -> T | None:
        """None where it is away. Never raises Unavailable."""
        try:
            async with asyncio.timeout(self._patience):
                answer = await question
        except (Unavailable, TimeoutError) as problem:
            if not self.is_away:
                log.warning(self._lost, why=str(problem) or type(problem).__name__)
            self.is_away = True
            return None
        if self.is_away:
            log.info(self._found)
        self.is_away = False
        return answer
