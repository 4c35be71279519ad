"""Time, chance and ids that tests can foresee."""

from __future__ import annotations

import asyncio
import random
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import count
from typing import Final
from uuid import UUID

from core.ids import EventId, InstallId
from core.ports.system import Chance, Clock, Ids

START: Final = datetime(2026, 1, 1, tzinfo=UTC)


class ManualClock(Clock):
    """A clock that moves only when told to.

    `sleep` itself moves it; with `autojump=False` a sleeper waits until `advance` has passed its time.
    """

    def __init__(self, start: datetime = START, *, autojump: bool = True) -> None:
        self._start = start
        self._passed = 0.0
        self._autojump = autojump
        self._sleepers: list[tuple[float, asyncio.Event]] = []

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        return self._passed

    async def sleep(self, seconds: float) -> None:
        if self._autojump:
            self.advance(max(seconds, 0.0))
            await asyncio.sleep(0)
            return
        due, woken = self._passed + seconds, asyncio.Event()
        self._sleepers.append((due, woken))
        await woken.wait()

    def advance(self, seconds: float) -> None:
        """Moves time on and wakes who slept until then."""
        self._passed += seconds
        for due, woken in self._sleepers:
            if due <= self._passed:
                woken.set()
        self._sleepers = [sleeper for sleeper in self._sleepers if not sleeper[1].is_set()]

    @property
    def sleeping(self) -> int:
        """How many wait for `advance`."""
        return len(self._sleepers)


class SeededChance(Chance):
    """The same numbers for the same seed."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)

    def fraction(self) -> float:
        return self._random.random()


class SequentialIds(Ids):
    """1, 2, 3 … in the shape that each id has."""

    def __init__(self) -> None:
        self._events = count(1)
        self._installs = count(1)
        self._secrets = count(1)

    def event_id(self) -> EventId:
        version, variant = 7 << 76, 2 << 62
        return EventId(UUID(int=next(self._events) << 80 | version | variant))

    def install_id(self) -> InstallId:
        return InstallId(next(self._installs))

    def secret_text(self) -> str:
        digest = sha256(f"secret {next(self._secrets)}".encode()).digest()
        return urlsafe_b64encode(digest).rstrip(b"=").decode()
