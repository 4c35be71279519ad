"""Pruning: events that were settled long ago leave the ledger, a small batch at a time.

From the oldest on, in arrival order, so that no index is needed for it: what is kept for
longer (dead letters, what waits) is stepped over, and behind the first event that came in
within the shortest period nothing can be old.
"""

from __future__ import annotations

from typing import Final

from core.domain.retention import Retention
from core.ids import Seq
from core.ports.pruning import Pruning
from core.ports.system import Clock

BEGINNING: Final = Seq(0)
BATCH: Final = 1000
"""Rows of one transaction: about 50 ms, in which nobody waits for it."""
REST: Final = 300.0
"""Seconds between reaching the young events and beginning anew."""


class PruneEvents:
    """Safe to run in any number of processes; each keeps its own place."""

    def __init__(self, *, pruning: Pruning, retention: Retention, clock: Clock, batch: int = BATCH) -> None:
        self._pruning = pruning
        self._retention = retention
        self._clock = clock
        self._batch = batch
        self._place = BEGINNING
        self._rest_until = float("-inf")

    async def tick(self) -> int:
        """One batch, or nothing while it rests; how many events went. Raises Unavailable."""
        if self._clock.monotonic() < self._rest_until:
            return 0
        pruned = await self._pruning.prune(self._retention, after=self._place, limit=self._batch)
        self._place = pruned.seen if pruned.seen is not None else BEGINNING
        if pruned.seen is None:
            self._rest_until = self._clock.monotonic() + REST
        return pruned.removed
