"""What may be kept for a while and lost at any time."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol


class Cache(Protocol):
    """Content by name, shared by all processes."""

    @abstractmethod
    async def get(self, name: str) -> str | None:
        """What was put last under the name; None when it is not known or its time is over. Raises Unavailable."""

    @abstractmethod
    async def put(self, name: str, content: str, *, ttl: float) -> None:
        """Keeps it for `ttl` seconds. Raises Unavailable."""
