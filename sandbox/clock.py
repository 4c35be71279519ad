"""The sandbox's own time, which can run faster than ours and be moved forward."""

from __future__ import annotations

import time
from collections.abc import Callable


class SandboxClock:
    """Seconds since the epoch that grow `scale` times as fast as real ones; never runs backwards."""

    def __init__(self, start: float, *, scale: float = 1.0, real: Callable[[], float] = time.monotonic) -> None:
        self._real = real
        self._anchor_real = real()
        self._anchor = start
        self._scale = scale
        self._listeners: list[Callable[[], None]] = []

    @property
    def scale(self) -> float:
        return self._scale

    def now(self) -> float:
        return self._anchor + (self._real() - self._anchor_real) * self._scale

    @property
    def origin(self) -> float:
        """Where this clock stood when the real one stood at zero; changes only when it is moved or rescaled."""
        return self._anchor - self._anchor_real * self._scale

    def real_seconds(self, sandbox_seconds: float) -> float:
        """How long a wait of `sandbox_seconds` takes on the wall."""
        return max(0.0, sandbox_seconds) / self._scale

    def advance(self, seconds: float) -> None:
        self.set(self.now() + seconds)

    def rescale(self, scale: float) -> None:
        """From now on one real second is `scale` sandbox seconds."""
        now = self.now()
        self._scale = scale
        self.set(now)

    def set(self, now: float) -> None:
        """Moves to `now` and tells everybody who waits on this clock."""
        self._anchor = now
        self._anchor_real = self._real()
        for listener in self._listeners:
            listener()

    def on_change(self, listener: Callable[[], None]) -> None:
        self._listeners.append(listener)
