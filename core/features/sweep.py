"""The sweep: what should be at work and is not gets published again.

One mechanism for everything that can go missing: a work index that lost its content,
retries that came due, work of dead workers, a message that never reached the index.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.domain.events import WorkItem, WorkKind
from core.ports.event_ledger import EventLedger, Maintenance
from core.ports.system import Clock
from core.ports.work_index import WorkIndex


@dataclass(frozen=True, slots=True)
class SweepPace:
    """How often, in seconds, and how much at once."""

    republish_every: float = 15.0
    empty_every: float = 0.5
    """For an index that ran empty; longer and longer while there is nothing to publish, as when stores are paused."""
    tidy_every: float = 60.0
    batch: int = 1000


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep did."""

    due: int = 0
    orphaned: int = 0
    republished: int = 0
    forgotten: int = 0


class Sweep:
    """Safe to run in any number of processes; each keeps its own memory of the index."""

    def __init__(
        self,
        *,
        ledger: EventLedger,
        maintenance: Maintenance,
        indexes: dict[WorkKind, WorkIndex],
        clock: Clock,
        window: int,
        pace: SweepPace | None = None,
    ) -> None:
        self._ledger = ledger
        self._maintenance = maintenance
        self._indexes = indexes
        self._clock = clock
        self._window = window
        self._pace = pace or SweepPace()
        self._filled: dict[WorkKind, str] = {}
        self._republished_at = float("-inf")
        self._look_at = float("-inf")
        self._patience = self._pace.empty_every
        self._tidied_at = float("-inf")

    async def tick(self) -> Swept:
        """One round. Raises Unavailable when the database or the index does not answer."""
        due = await self._maintenance.release_due(limit=self._pace.batch)
        orphaned = await self._maintenance.release_orphans()
        forgotten = await self._tidy()
        await self._publish([*due, *orphaned])
        republished = await self._republish()
        return Swept(len(due), len(orphaned), republished, forgotten)

    async def _republish(self) -> int:
        """Everything that can be claimed, when an index was born anew, ran empty, or some time has passed."""
        incarnations = {kind: await index.incarnation() for kind, index in self._indexes.items()}
        late = self._clock.monotonic() - self._republished_at >= self._pace.republish_every
        if incarnations == self._filled and not late and not await self._ran_empty():
            return 0
        published = await self._publish(await self._ledger.backlog(limit=self._window))
        self._filled = incarnations
        self._republished_at = self._clock.monotonic()
        self._patience = self._pace.empty_every if published else min(self._patience * 2, self._pace.republish_every)
        self._look_at = self._republished_at + self._patience
        return published

    async def _ran_empty(self) -> bool:
        if self._clock.monotonic() < self._look_at:
            return False
        return any([await index.depth() == 0 for index in self._indexes.values()])

    async def _publish(self, items: Sequence[WorkItem]) -> int:
        published = 0
        for kind, index in self._indexes.items():
            published += await index.publish([item for item in items if item.kind is kind])
        return published

    async def _tidy(self) -> int:
        if self._clock.monotonic() - self._tidied_at < self._pace.tidy_every:
            return 0
        self._tidied_at = self._clock.monotonic()
        await self._maintenance.compact_intake()
        return await self._maintenance.forget_expired(limit=self._pace.batch * 10)
