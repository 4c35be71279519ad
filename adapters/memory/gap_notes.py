"""Notes of gaps in memory, for tests: `place` is what survives a process."""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.gaps import Gap
from core.ports.gap_notes import GapNotes

MemoryNotesPlace = dict[object, tuple[Gap, ...]]
"""The notes of every process; those of one that is gone stand under a key that no process is."""


class MemoryGapNotes(GapNotes):
    """One process's notes."""

    def __init__(self, place: MemoryNotesPlace) -> None:
        self._place = place
        self._taken: list[object] = []

    async def write(self, gaps: Sequence[Gap]) -> None:
        for key in (self, *self._taken):
            self._place.pop(key, None)
        self._taken = []
        if gaps:
            self._place[self] = tuple(gaps)

    async def take_over(self) -> Sequence[Gap]:
        orphans = [key for key in self._place if not isinstance(key, MemoryGapNotes) and key not in self._taken]
        self._taken += orphans
        return [gap for key in orphans for gap in self._place[key]]

    async def aclose(self) -> None:
        left = [self._place.pop(key) for key in (self, *self._taken) if key in self._place]
        self._taken = []
        for gaps in left:
            self._place[object()] = gaps
