"""How many events to take at once: a batch is what others wait behind, so it is measured in time."""

from __future__ import annotations

BATCH_SECONDS = 0.1
"""What one batch may last, as far as anybody can foresee; whoever comes meanwhile waits for its end."""
LEAST = 20
"""The price of a batch as such is paid for at least so many events."""
MOST = 200
_NEWS = 0.5
"""How much of the estimate is what was seen last."""


class BatchSize:
    """As many events as were handled in BATCH_SECONDS lately: on a busy machine fewer, so that nobody waits longer."""

    def __init__(self) -> None:
        self._per_second = MOST / BATCH_SECONDS

    @property
    def events(self) -> int:
        return max(LEAST, min(MOST, round(self._per_second * BATCH_SECONDS)))

    def note(self, events: int, seconds: float) -> None:
        """So many were handled in so long. One that handled none tells nothing."""
        if events and seconds > 0:
            self._per_second += _NEWS * (events / seconds - self._per_second)
