"""When to try again: exponential, capped, jittered; and when to stop."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how patiently a handler's run is tried. Times in seconds."""

    max_attempts: int = 8
    first_wait: float = 5.0
    longest_wait: float = 3600.0

    def at_most(self, tries: int | None) -> RetryPolicy:
        """The same patience for no more than so many attempts; None changes nothing."""
        return self if tries is None else replace(self, max_attempts=min(tries, self.max_attempts))

    def wait_after(self, attempt: int, chance: float) -> float | None:
        """Seconds to wait after failed attempt number `attempt` (from 1), or None to give up.

        `chance` in [0, 1) spreads the wait over [half, all] of its step, so that
        what failed together does not return together.
        """
        if attempt >= self.max_attempts:
            return None
        step = min(self.longest_wait, self.first_wait * 2.0 ** (attempt - 1))
        return step * (0.5 + 0.5 * chance)


DEFAULT_POLICY = RetryPolicy()
