"""Admission by measured queue time: whoever would wait too long is told so before waiting.

A queue of deliveries is judged by how long the next one would wait: by the age of the one
that has waited longest, and by how many wait against how fast they went of late. The event
loop is judged by how late it is. Neither needs a limit that fits every machine.
"""

from __future__ import annotations

from collections import deque
from itertools import count
from typing import Final, NewType

Ticket = NewType("Ticket", int)

TARGET: Final = 1.0
"""Seconds a delivery may expect to wait where it is let in."""
WINDOW: Final = 1.0
"""Over so many seconds the speed is measured."""
ALWAYS: Final = 32
"""So few may wait however slow they go: without them nobody would learn that it goes faster again."""


class QueueTime:
    """How long the next one in a queue would wait. Times are seconds of one monotonic clock."""

    def __init__(self, *, target: float = TARGET) -> None:
        self._target = target
        self._tickets = count()
        self._waiting: dict[Ticket, float] = {}
        self._left: deque[float] = deque()
        self._busy_since = 0.0

    def enter(self, now: float) -> Ticket:
        """The next one comes; give the ticket back with `leave`."""
        if not self._waiting:
            self._busy_since = now
        ticket = Ticket(next(self._tickets))
        self._waiting[ticket] = now
        return ticket

    def leave(self, ticket: Ticket, now: float) -> None:
        self._waiting.pop(ticket, None)
        self._left.append(now)
        self._forget(now)

    def wait(self, now: float) -> float:
        """Seconds that one who came now would wait; the age of the oldest where nobody has left of late."""
        if not self._waiting:
            return 0.0
        oldest = now - next(iter(self._waiting.values()))
        self._forget(now)
        since = max(self._busy_since, now - WINDOW)
        if not self._left or now <= since:
            return oldest
        return max(oldest, len(self._waiting) * (now - since) / len(self._left))

    def has_room(self, now: float) -> bool:
        return len(self._waiting) < ALWAYS or self.wait(now) <= self._target

    def __len__(self) -> int:
        return len(self._waiting)

    def _forget(self, now: float) -> None:
        """What left before the window, or before the queue was last empty, says nothing about its speed now."""
        since = max(self._busy_since, now - WINDOW)
        while self._left and self._left[0] < since:
            self._left.popleft()


STANDS: Final = 2
"""Looks in a row that find a queue long, with no shorter moment between them: it stands, and is no burst."""
CALM: Final = 10
"""Looks in a row in which nobody was turned away: it stands no more."""


class StandingQueue:
    """Whether more comes than goes, whatever the speed: a burst makes a queue long, and then it gets shorter.

    A queue that stands serves nobody sooner for being long, it only makes everybody wait for all of it.
    """

    def __init__(self, *, long: int) -> None:
        self._long: Final = long
        self._least = 0
        self._turned_away = False
        self._long_looks = 0
        self._calm_looks = 0
        self.stands = False

    def shorter(self, length: int) -> None:
        """One has left; so many are still there."""
        self._least = min(self._least, length)

    def turned_away(self) -> None:
        self._turned_away = True

    def look(self, length: int) -> None:
        """Called every so often with how many are there."""
        self._long_looks = self._long_looks + 1 if self._least > self._long else 0
        self._calm_looks = 0 if self._turned_away else self._calm_looks + 1
        self._least, self._turned_away = length, False
        self.stands = self._long_looks >= STANDS or (self.stands and self._calm_looks < CALM)


LAG_TARGET: Final = 1.0
"""An answer takes a few turns of the event loop; each of them may be so late, in seconds."""
_LOOKS: Final = 3


class LoopLag:
    """How late an event loop is that should look every `every` seconds; one late turn is no overload."""

    def __init__(self, *, every: float) -> None:
        self.every: Final = every
        self._lags: deque[float] = deque(maxlen=_LOOKS)
        self._due: float | None = None

    def look(self, now: float) -> float:
        """Called by the loop, `every` seconds after the look before; how late it is now."""
        lag = max(0.0, now - self._due) if self._due is not None else 0.0
        self._lags.append(lag)
        self._due = now + self.every
        return lag

    @property
    def sustained(self) -> float:
        """The least of the last looks: what lasts, not what happened once."""
        return min(self._lags) if len(self._lags) == _LOOKS else 0.0

    def has_room(self) -> bool:
        return self.sustained <= LAG_TARGET
