"""Short-lived shared knowledge: single-use OAuth states, and locks that save work but decide nothing."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import AbstractAsyncContextManager
from typing import Protocol


class StateStore(Protocol):
    """OAuth states. May forget (a lost state only means: start again)."""

    @abstractmethod
    async def put(self, state: str, value: str, *, ttl: float) -> None:
        """Keeps `value` under `state` for `ttl` seconds. Raises Unavailable."""

    @abstractmethod
    async def take(self, state: str) -> str | None:
        """The value, once: a second take, an expired or an unknown state give None. Raises Unavailable."""


class Locks(Protocol):
    """Named locks across processes. Released at the latest when the holder's process or connection ends."""

    @abstractmethod
    def hold(self, name: str, *, wait: float) -> AbstractAsyncContextManager[bool]:
        """Enters with True when held, with False when another holder kept it for `wait` seconds."""
