"""How far two clocks are apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from core.domain.diagnosis.findings import Code, Finding, Severity

TOLERATED: Final = 5.0
"""Seconds. HTTP dates are whole seconds, and answers take their time."""
FAR: Final = 60.0


@dataclass(frozen=True, slots=True)
class ClockOffset:
    """Seconds that the other clock is ahead of ours; the truth is at most `give_or_take` away from it."""

    seconds: float
    give_or_take: float = 0.0

    @property
    def surely(self) -> float:
        """So far apart they are at least."""
        return max(0.0, abs(self.seconds) - self.give_or_take)


def judge_clock(server: str, offset: ClockOffset | None) -> Sequence[Finding]:
    """A server without a clock has none that is wrong."""
    if offset is None or offset.surely < TOLERATED:
        return []
    severity = Severity.PROBLEM if offset.surely >= FAR else Severity.WARNING
    return [Finding(Code.CLOCK_OFF, severity, {"server": server, "seconds": round(abs(offset.seconds))})]
