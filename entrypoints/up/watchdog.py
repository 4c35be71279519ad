"""Telling a frozen process from a busy or starved one, by its heartbeat and by what the kernel says of it."""

from __future__ import annotations

from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Final

FROZEN_SECONDS: Final = 2.0
"""An http process that neither beats nor does anything for so long is killed; another serves two seconds later."""
OTHERS_FROZEN_SECONDS: Final = 20.0
"""The others lose what they claimed after ten seconds anyway, and a handler of the app may block its process."""
BUSY_SECONDS: Final = 20.0
"""A process that is doing something, or would if it got a processor, is given this long."""
LOOK_EVERY: Final = 0.25
LATE_SECONDS: Final = 1.5
"""A look that comes so long after the one before says more of us than of the process: every machine pauses at times."""
IDLE_LOOKS: Final = 4


class Doing(StrEnum):
    """What a process does at this moment."""

    NOTHING = "nothing"
    """Every thread sleeps or is stopped."""
    SOMETHING = "something"
    """A thread runs, waits for a processor or for the disk; or nobody can say."""
    TRACED = "traced"
    """A debugger holds it: nobody's business."""


class Watchdog:
    """Judges one process, look by look. Silent before the first beat: a start may take its time."""

    def __init__(self, limit: float, *, busy_limit: float = BUSY_SECONDS) -> None:
        self._limit = limit
        self._busy_limit = max(limit, busy_limit)
        self._beaten_at: float | None = None
        self._looked_at: float | None = None
        self._idle = 0

    def look(self, now: float, *, has_beaten: bool, doing: Doing) -> bool:
        """Whether it is frozen. After a look that came late the silence is counted anew."""
        was_late = self._looked_at is not None and now - self._looked_at > LATE_SECONDS
        self._looked_at = now
        if has_beaten or doing is Doing.TRACED or (was_late and self._beaten_at is not None):
            self._beaten_at, self._idle = now, 0
            return False
        if self._beaten_at is None:
            return False
        self._idle = self._idle + 1 if doing is Doing.NOTHING else 0
        limit = self._limit if self._idle >= IDLE_LOOKS else self._busy_limit
        return now - self._beaten_at >= limit


def doing(pid: int, proc: Path = Path("/proc")) -> Doing:
    """What the kernel says; `SOMETHING` where there is no /proc."""
    states = set()
    with suppress(OSError):
        for task in (proc / str(pid) / "task").iterdir():
            with suppress(OSError):
                states.add(_state((task / "stat").read_bytes()))
    if "t" in states:
        return Doing.TRACED
    return Doing.NOTHING if states and states <= {"S", "T", "I"} else Doing.SOMETHING


def _state(stat: bytes) -> str:
    """The letter after the name, which stands in brackets and may hold anything."""
    return stat.rpartition(b") ")[2][:1].decode("ascii", "replace")
