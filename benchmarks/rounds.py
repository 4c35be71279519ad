"""Several contestants measured in turn, so that whatever else the machine does falls on all of them alike."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

ROUNDS = 5


@dataclass(frozen=True)
class Figure:
    """One contestant's results, one for each round."""

    name: str
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def shown(self) -> dict[str, object]:
        return {"median": round(self.median, 3), "min": round(min(self.values), 3), "max": round(max(self.values), 3)}


def interleave(contestants: Mapping[str, Callable[[], float]], rounds: int = ROUNDS) -> list[Figure]:
    """Each contestant once a round; every other round in the opposite order, since the last one runs warmest."""
    found: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(rounds):
        order: Sequence[str] = list(contestants)
        for name in order if number % 2 == 0 else reversed(order):
            value = contestants[name]()
            found[name].append(value)
            print(f"  round {number + 1} {name}: {value:,.1f}", flush=True)
    return [Figure(name, tuple(values)) for name, values in found.items()]


def ratio(figures: Sequence[Figure], mine: str, other: str) -> dict[str, float]:
    """Mine to the other's, round by round: the median of the ratios, with the least and the greatest."""
    values = {figure.name: figure.values for figure in figures}
    each = [a / b for a, b in zip(values[mine], values[other], strict=True)]
    return {"median": round(statistics.median(each), 3), "min": round(min(each), 3), "max": round(max(each), 3)}
