"""What every benchmark hands back, and at which sizes it is asked.

A benchmark is a module of this folder with one function, `benchmark(scale: Scale) -> Report`, named in the table of
`benchmarks.run`; its last lines are `if __name__ == "__main__": told(benchmark)`. Whatever it measures it also checks
(counts, effects exactly once), and raises SystemExit where that fails: a wrong answer has no speed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from benchmarks.rounds import Figure

T = TypeVar("T")


class Scale(StrEnum):
    """How much is measured."""

    QUICK = "quick"
    """Proves that the benchmark runs, in seconds. Its numbers mean nothing, so no goal is judged."""
    USUAL = "usual"
    """10,000 rows, five rounds: all benchmarks together in a quarter of an hour."""
    LARGE = "large"
    """100,000 to 1,000,000 rows: what grows, and how."""

    def pick(self, quick: T, usual: T, large: T) -> T:
        return {Scale.QUICK: quick, Scale.USUAL: usual, Scale.LARGE: large}[self]

    @property
    def rounds(self) -> int:
        return self.pick(1, 5, 5)


@dataclass(frozen=True)
class Goal:
    """A number that is promised: `value` is to be at least, or at most, what is `wanted`."""

    what: str
    value: float
    wanted: float
    at_least: bool
    unit: str = ""
    spread: tuple[float, float] | None = None
    stretch: float | None = None

    @property
    def reached(self) -> bool:
        return self.value >= self.wanted if self.at_least else self.value <= self.wanted

    def shown(self) -> dict[str, object]:
        return {
            "what": self.what,
            "value": round(self.value, 3),
            "wanted": self.wanted,
            "is": "at least" if self.at_least else "at most",
            "unit": self.unit,
            "reached": self.reached,
            **({"min": round(self.spread[0], 3), "max": round(self.spread[1], 3)} if self.spread else {}),
            **({"stretch": self.stretch} if self.stretch is not None else {}),
        }


def at_least(
    what: str, ratio: Mapping[str, float], wanted: float, *, unit: str = "×", stretch: float | None = None
) -> Goal:
    """A goal of something that `benchmarks.rounds.ratio` told: median, min, max."""
    return Goal(what, ratio["median"], wanted, True, unit, (ratio["min"], ratio["max"]), stretch)


def at_most(
    what: str, ratio: Mapping[str, float], wanted: float, *, unit: str = "×", stretch: float | None = None
) -> Goal:
    return Goal(what, ratio["median"], wanted, False, unit, (ratio["min"], ratio["max"]), stretch)


@dataclass(frozen=True)
class Series:
    """Contestants measured in one interleaved run, in one unit: a table and a small plot of the page."""

    title: str
    unit: str
    figures: Sequence[Figure]

    def shown(self) -> dict[str, object]:
        return {"title": self.title, "unit": self.unit, "figures": {one.name: one.shown() for one in self.figures}}


@dataclass(frozen=True)
class Report:
    """What one benchmark found; `facts` are numbers worth keeping that nobody promised, as JSON takes them."""

    series: Sequence[Series] = ()
    goals: Sequence[Goal] = ()
    facts: Mapping[str, object] = field(default_factory=dict)
    checked: Sequence[str] = ()
    """Sentences: what was found right after the measuring."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """Of the peers."""

    def shown(self) -> dict[str, object]:
        return {
            "series": [one.shown() for one in self.series],
            "goals": [one.shown() for one in self.goals],
            "facts": dict(self.facts),
            "checked": list(self.checked),
            "versions": dict(self.versions),
        }

    @property
    def below(self) -> list[str]:
        return [f"{one.what}: {one.value:.3g}{one.unit} of {one.wanted:g}" for one in self.goals if not one.reached]


def told(benchmark: Callable[[Scale], Report]) -> None:
    """The command line of a benchmark: prints its report; exits with 1 when a goal is not reached, unless quick."""
    parser = argparse.ArgumentParser(description=(sys.modules["__main__"].__doc__ or "").partition("\n")[0])
    parser.add_argument("--scale", type=Scale, choices=list(Scale), default=Scale.USUAL)
    parser.add_argument("--out", type=Path, help="write the report there, as JSON")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    report = benchmark(options.scale)
    text = json.dumps(report.shown() | {"load_before": round(load, 2)}, indent=2, ensure_ascii=False)
    print(text)
    if options.out:
        options.out.write_text(text + "\n")
    if report.below and options.scale is not Scale.QUICK:
        raise SystemExit("below the goal: " + "; ".join(report.below))
