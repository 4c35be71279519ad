"""Metrics that remember what was counted."""

from __future__ import annotations

from collections import Counter, defaultdict

from core.ports.metrics import Metrics

Series = tuple[str, frozenset[tuple[str, str]]]


class RecordingMetrics(Metrics):
    """Keeps every number; tests ask `counted`, `observed` and `gauge`."""

    def __init__(self) -> None:
        self._counts: Counter[Series] = Counter()
        self._durations: defaultdict[Series, list[float]] = defaultdict(list)
        self._gauges: dict[Series, float] = {}

    def count(self, name: str, amount: int = 1, **labels: str) -> None:
        self._counts[_series(name, labels)] += amount

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        self._durations[_series(name, labels)].append(seconds)

    def set(self, name: str, value: float, **labels: str) -> None:
        self._gauges[_series(name, labels)] = value

    def counted(self, name: str, **labels: str) -> int:
        """The sum over every series of this name that has these labels, whatever its others."""
        wanted = set(labels.items())
        return sum(n for (known, own), n in self._counts.items() if known == name and wanted <= own)

    def observed(self, name: str, **labels: str) -> list[float]:
        """The durations of exactly this series."""
        return self._durations[_series(name, labels)]

    def gauge(self, name: str, **labels: str) -> float | None:
        """What exactly this series was set to last."""
        return self._gauges.get(_series(name, labels))


def _series(name: str, labels: dict[str, str]) -> Series:
    return name, frozenset(labels.items())
