"""A cache inside one process."""

from __future__ import annotations

from core.ports.cache import Cache
from core.ports.system import Clock


class MemoryCache(Cache):
    """Content in a dict; expiry by the given clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[str, tuple[str, float]] = {}

    async def get(self, name: str) -> str | None:
        content, until = self._kept.get(name, (None, 0.0))
        return content if self._clock.monotonic() < until else None

    async def put(self, name: str, content: str, *, ttl: float) -> None:
        self._kept[name] = (content, self._clock.monotonic() + ttl)
