"""A spool in memory, for tests: `place` is what survives a process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

from core.domain.events import Delivery
from core.errors import Unavailable
from core.ports.spool import Kept, Spool


@dataclass
class MemorySpoolPlace:
    """What all processes share: whose deliveries wait. A process that is gone leaves its own under None."""

    waiting: dict[str, tuple[object, Delivery]] = field(default_factory=dict)
    numbers: count[int] = field(default_factory=lambda: count(1))

    def abandon(self, owner: object) -> None:
        self.waiting = {
            place: (None if whose is owner else whose, delivery) for place, (whose, delivery) in self.waiting.items()
        }


class MemorySpool(Spool):
    """One process's spool. `room` is how many deliveries it takes."""

    def __init__(self, place: MemorySpoolPlace, *, room: int = 1000) -> None:
        self._place = place
        self._room = room
        self._closed = False

    async def keep(self, delivery: Delivery) -> None:
        if self._closed or len(self._ours()) >= self._room:
            raise Unavailable("spool", "it is closed" if self._closed else "it is full")
        self._place.waiting[str(next(self._place.numbers))] = (self, delivery)

    async def oldest(self, *, limit: int) -> Sequence[Kept]:
        return self._ours()[:limit]

    async def forget(self, kept: Sequence[Kept]) -> None:
        for one in kept:
            self._place.waiting.pop(one.place, None)

    async def adopt(self) -> int:
        orphans = [place for place, (owner, _) in self._place.waiting.items() if owner is None]
        for place in orphans:
            self._place.waiting[place] = (self, self._place.waiting[place][1])
        return len(orphans)

    async def depth(self) -> int:
        return len(self._place.waiting)

    async def sealed_by(self) -> Mapping[str, int]:
        """Nothing is sealed here; it is told as one key's."""
        return {"memory": len(self._place.waiting)} if self._place.waiting else {}

    async def aclose(self) -> None:
        self._closed = True
        self._place.abandon(self)

    def _ours(self) -> list[Kept]:
        return [Kept(place, delivery) for place, (owner, delivery) in self._place.waiting.items() if owner is self]
