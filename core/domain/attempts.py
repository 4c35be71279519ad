"""How one attempt at a run, or at the mirror's work on an event, came to its end."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

MIRROR: Final = "mirror"
"""The built-in stage, where attempts name their handler."""


class AttemptEnd(StrEnum):
    """What is kept of an attempt for people; where the run goes next is its state."""

    DONE = "done"
    """The handler finished."""
    FAILED = "failed"
    """It raised, or nobody can read the event."""
    TIMED_OUT = "timed_out"
    """It was at it longer than its time limit."""
    RETRY = "retry"
    """It asked to be called again."""
    SNOOZED = "snoozed"
    """It is to look again later, or something it needs was away: not counted."""
    CANCELLED = "cancelled"
    """It wants nothing to do with the event."""
    GIVEN_BACK = "given_back"
    """Our own shutdown cut it short: not counted."""
    LOST = "lost"
    """Its worker died or froze."""
