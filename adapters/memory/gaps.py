"""Gaps in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce

from adapters.memory.database import MemoryDatabase
from core.domain.gaps import Gap, GapId, KnownGap, merged
from core.ids import InstallId, StoreId
from core.ports.gaps import Gaps


class MemoryGaps(Gaps):
    """A dict by id."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def open(self, gaps: Sequence[Gap]) -> None:
        for gap in merged(gaps):
            near = [known for known in self._open() if known.gap.meets(gap)]
            if any(known.gap.covers(gap) for known in near):
                continue
            for known in near:
                del self._database.gaps[known.gap_id]
            gap_id = GapId(next(self._database.numbers))
            whole = reduce(Gap.joined, (known.gap for known in near), gap)
            self._database.gaps[gap_id] = KnownGap(gap_id, whole, self._database.now())

    async def of_install(self, install_id: InstallId) -> Sequence[KnownGap]:
        found = [known for known in self._open() if known.gap.install_id == install_id]
        return sorted(found, key=lambda known: (known.gap.since, known.gap_id))

    async def close(self, gaps: Sequence[KnownGap], *, lost: str | None = None) -> int:
        still_open = [one for one in gaps if one in self._open()]
        for known in still_open:
            self._database.gaps[known.gap_id] = replace(known, closed_at=self._database.now(), lost=lost)
        return len(still_open)

    async def of_store(self, store_id: StoreId, *, limit: int = 50) -> Sequence[KnownGap]:
        found = [known for known in self._database.gaps.values() if known.gap.store_id == store_id]
        return sorted(found, key=lambda known: (known.closed_at is not None, -known.gap_id))[:limit]

    async def count_open(self) -> int:
        return sum(1 for known in self._open() if self._database.live_install(known.gap.install_id))

    def _open(self) -> list[KnownGap]:
        return [known for known in self._database.gaps.values() if known.closed_at is None]
