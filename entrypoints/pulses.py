"""The pulse of a process: when each of its loops last ended a step, how, and whether it goes on at all.

A process whose event loop runs may still do no work: a step that never ends, or one that
fails every time. Neither shows in /health/live; both do here.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

STUCK_AFTER: Final = 900.0
"""Seconds in one step. The longest that is no fault: a large page of a slow Zid, a great erasure's batch."""
FAILING_AFTER: Final = 60.0
"""Seconds without a step that succeeded, or three rounds of the loop where that is longer."""


@dataclass(frozen=True, slots=True)
class Beat:
    """How one loop does; of several with one name, the one that does worst. Ages in seconds, None for never."""

    every: float
    in_step: float | None
    since_step: float | None
    since_success: float | None
    problem: str | None
    is_well: bool


class Pulse:
    """One loop's. `problem` is the kind of failure, never an address or a driver's message."""

    def __init__(self, every: float, now: float) -> None:
        self._every = every
        self._started = now
        self._began: float | None = None
        self._ended: float | None = None
        self._succeeded: float | None = None
        self._problem: str | None = None

    def begin(self, now: float) -> None:
        self._began = now

    def end(self, now: float, error: BaseException | None = None) -> None:
        self._began, self._ended = None, now
        self._problem = type(error).__name__ if error else None
        if error is None:
            self._succeeded = now

    def beat(self, now: float) -> Beat:
        in_step = _age(self._began, now)
        failing_for = now - (self._started if self._succeeded is None else self._succeeded)
        is_stuck = in_step is not None and in_step > STUCK_AFTER
        is_failing = self._problem is not None and failing_for > max(FAILING_AFTER, 3 * self._every)
        return Beat(
            self._every,
            in_step,
            _age(self._ended, now),
            _age(self._succeeded, now),
            self._problem,
            not (is_stuck or is_failing),
        )


@dataclass(frozen=True, slots=True)
class Watched:
    """A loop's way of telling how its steps go."""

    pulse: Pulse
    monotonic: Callable[[], float]

    def begin(self) -> None:
        self.pulse.begin(self.monotonic())

    def end(self, error: BaseException | None = None) -> bool:
        """Whether it failed."""
        self.pulse.end(self.monotonic(), error)
        return error is not None


class Pulses:
    """All loops of a process, and when what it needs last answered."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._of: defaultdict[str, list[Pulse]] = defaultdict(list)
        self._answered: dict[str, float] = {}

    @contextmanager
    def watching(self, name: str, every: float) -> Iterator[Watched]:
        """What the loop tells of its steps; known while inside."""
        watched = Watched(Pulse(every, self._monotonic()), self._monotonic)
        self._of[name].append(watched.pulse)
        try:
            yield watched
        finally:
            self._of[name].remove(watched.pulse)

    def beats(self) -> Mapping[str, Beat]:
        now = self._monotonic()
        return {name: _worst(pulse.beat(now) for pulse in pulses) for name, pulses in self._of.items() if pulses}

    def note_answer(self, dependency: str) -> None:
        self._answered[dependency] = self._monotonic()

    def since_answer(self, dependency: str) -> float | None:
        """Seconds since it last answered this process; None where it never did."""
        return _age(self._answered.get(dependency), self._monotonic())


PULSES: Final[ContextVar[Pulses | None]] = ContextVar("pulses", default=None)
"""Of the process that the calling task works for; its loops report here."""


def _worst(beats: Iterable[Beat]) -> Beat:
    return min(beats, key=lambda beat: (beat.is_well, -(beat.since_success or 0.0)))


def _age(moment: float | None, now: float) -> float | None:
    return None if moment is None else now - moment
