"""Writing down what was turned away, never in the answer's way and never more than a database bears."""

from __future__ import annotations

from collections import deque
from datetime import timedelta
from typing import Final

from core.errors import Unavailable
from core.ids import StoreId
from core.ports.rejections import Rejection, Rejections
from core.ports.system import Clock

AT_ONCE: Final = 500
"""So many of one process are written each time; of a flood the latest, the counters tell of all."""
KEEP_DAYS: Final = 30
KEEP_ROWS: Final = 100_000


class LogRejections:
    """`note` costs nothing and never fails; `flush` writes, `prune` keeps the log small."""

    def __init__(self, *, rejections: Rejections, clock: Clock) -> None:
        self._rejections = rejections
        self._clock = clock
        self._waiting: deque[Rejection] = deque(maxlen=AT_ONCE)

    def note(self, reason: str, topic: str, store_id: StoreId | None = None, size: int | None = None) -> None:
        """Something was just turned away."""
        self._waiting.append(Rejection(self._clock.now(), reason, topic, store_id, size))

    async def flush(self) -> int:
        """How many were written. Raises Unavailable, and keeps the latest for another try."""
        batch = list(self._waiting)
        if not batch:
            return 0
        self._waiting.clear()
        try:
            await self._rejections.write(batch)
        except Unavailable:
            room = AT_ONCE - len(self._waiting)
            self._waiting.extendleft(reversed(batch[max(0, len(batch) - room) :]))
            raise
        return len(batch)

    async def prune(self) -> int:
        """Removes what is too old or too much; how many."""
        return await self._rejections.forget(before=self._clock.now() - timedelta(days=KEEP_DAYS), keep=KEEP_ROWS)
