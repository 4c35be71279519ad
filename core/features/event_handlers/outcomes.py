"""What a handler can say happened. The engine decides what follows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.domain.attempts import AttemptEnd
from core.domain.event_states import EventState
from core.domain.events import Failure, Settlement
from core.domain.retry import RetryPolicy


@dataclass(frozen=True, slots=True)
class Done:
    """The event is handled. Returning None means the same."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Try again after `after` seconds; counts as an attempt."""

    after: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Cancel:
    """Never handle this event; not a failure."""

    reason: str


@dataclass(frozen=True, slots=True)
class Snooze:
    """Look again at `until`; does not count as an attempt."""

    until: datetime


Outcome = Done | Retry | Cancel | Snooze | None


@dataclass(frozen=True, slots=True)
class Overran:
    """What the engine says for a handler that was at it longer than `limit` seconds; it counts as a failure.

    `stopped` is False where it ignored its cancellation, so that it may still be at it.
    """

    limit: float
    stopped: bool = True


def decide(
    outcome: Outcome | Overran | Failure, attempt: int, policy: RetryPolicy, now: datetime, chance: float
) -> Settlement:
    """Where a run goes after attempt number `attempt`; `chance` in [0, 1) spreads the waits."""
    match outcome:
        case None | Done():
            return Settlement(EventState.DONE)
        case Cancel(reason):
            return Settlement(EventState.CANCELLED, reason=reason)
        case Snooze(until):
            return Settlement(EventState.WAITING, due_at=until, counted=False)
        case Retry(after, reason) if attempt < policy.max_attempts:
            return Settlement(EventState.WAITING, due_at=now + timedelta(seconds=after), reason=reason or None)
        case Retry(_, reason):
            return Settlement(EventState.DEAD, reason=f"gave up after {attempt} attempts: {reason or 'retry asked'}")
        case Overran() | Failure():
            return _after_failure(outcome, attempt, policy, now, chance)


def _after_failure(
    outcome: Overran | Failure, attempt: int, policy: RetryPolicy, now: datetime, chance: float
) -> Settlement:
    failure, ended_as = (outcome, None) if isinstance(outcome, Failure) else (_told(outcome), AttemptEnd.TIMED_OUT)
    wait = policy.wait_after(attempt, chance)
    reason = f"{failure.type}: {failure.message}"
    if wait is None:
        return Settlement(EventState.DEAD, reason=reason, failure=failure, ended_as=ended_as)
    due = now + timedelta(seconds=wait)
    return Settlement(EventState.WAITING, due_at=due, reason=reason, failure=failure, ended_as=ended_as)


def _told(overran: Overran) -> Failure:
    message = f"ran longer than {overran.limit:g} s" + ("" if overran.stopped else " and ignored its cancellation")
    return Failure("TimeoutError", message)
