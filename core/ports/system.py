"""Time, chance and ids come in through these doors."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime
from typing import Protocol

from core.ids import EventId, InstallId


class Clock(Protocol):
    """Time. `now` is aware UTC; `monotonic` seconds never go back."""

    @abstractmethod
    def now(self) -> datetime: ...

    @abstractmethod
    def monotonic(self) -> float: ...

    @abstractmethod
    async def sleep(self, seconds: float) -> None: ...


class Chance(Protocol):
    """Randomness that need not be secret."""

    @abstractmethod
    def fraction(self) -> float:
        """A number in [0, 1)."""


class Ids(Protocol):
    """Fresh identifiers and secrets."""

    @abstractmethod
    def event_id(self) -> EventId:
        """A time-ordered UUID (version 7)."""

    @abstractmethod
    def install_id(self) -> InstallId:
        """A random positive 63-bit number."""

    @abstractmethod
    def secret_text(self) -> str:
        """43 URL-safe characters holding 256 random bits."""
