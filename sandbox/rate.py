"""The gateway's leaky bucket: so many requests per minute per app and store, on the sandbox clock."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class _Level:
    level: float
    at: float


class Buckets:
    """Lets a request in while its bucket has room; each leaks `per_minute` / 60 per second."""

    def __init__(self) -> None:
        self._levels: dict[tuple[str, int], _Level] = {}

    def take(self, key: tuple[str, int], now: float, per_minute: float) -> float:
        """0 when the request may pass, else the seconds until one may."""
        if per_minute <= 0:
            return 0.0
        leak = per_minute / 60
        bucket = self._levels.setdefault(key, _Level(0.0, now))
        level = max(0.0, bucket.level - (now - bucket.at) * leak)
        if level + 1 > per_minute:
            return (level + 1 - per_minute) / leak
        bucket.level, bucket.at = level + 1, now
        return 0.0

    def clear(self) -> None:
        self._levels.clear()
