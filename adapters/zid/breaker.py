"""One breaker: the library's machine of states, fed with answers that were awaited outside of it.

The library would count a cancellation as a failure, let everybody through when half
open, hold a lock while a call runs and ask the wall clock. So it is only told how calls
ended, one after the other, and when to rest is decided here.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, NoReturn

import pybreaker

from core.domain.breaker import BreakerName, BreakerPolicy, BreakerState
from core.ports.system import Clock

_STATES: Final = {
    pybreaker.STATE_CLOSED: BreakerState.CLOSED,
    pybreaker.STATE_HALF_OPEN: BreakerState.HALF_OPEN,
    pybreaker.STATE_OPEN: BreakerState.OPEN,
}


class _Failed(Exception):
    """What the machine is told of a failing call."""


def _fail() -> NoReturn:
    raise _Failed


def _succeed() -> None:
    """What the machine is told of any other call."""


@dataclass(frozen=True, slots=True)
class Move:
    """From which state a breaker came, and whether another process said so."""

    left: BreakerState
    by_news: bool


class Breaker:
    """`changed` is when it last changed state, in the counting of its owner: answers to older calls are ignored."""

    def __init__(
        self, name: BreakerName, policy: BreakerPolicy, clock: Clock, moved: Callable[[Breaker, Move], None]
    ) -> None:
        self.name = name
        self.state = BreakerState.CLOSED
        self.changed = 0
        self.asking = False
        """Somebody is finding out whether this process may probe."""
        self._policy = policy
        self._clock = clock
        self._moved = moved
        self._by_news = False
        self._probe_at = 0.0
        self._machine = pybreaker.CircuitBreaker(
            fail_max=policy.failures,
            reset_timeout=policy.rest,
            throw_new_error_on_trip=False,
            listeners=[_Listener(self)],
            name=str(name),
        )

    @property
    def spotless(self) -> bool:
        """Nothing would be forgotten with it."""
        return not self.changed and not self._machine.fail_counter

    @property
    def rests_for(self) -> float:
        """Seconds until one call may probe; 0 or less when it may."""
        return self._probe_at - self._clock.monotonic()

    def record(self, *, failed: bool) -> None:
        """How an admitted call ended. Only for calls admitted since `changed`."""
        with suppress(_Failed):
            self._machine.call(_fail if failed else _succeed)

    def trip(self, *, by_news: bool = False) -> None:
        """Opens it, or lets an open one rest anew."""
        self._move(self._machine.open, by_news=by_news)

    def close(self, *, by_news: bool = False) -> None:
        self._move(self._machine.close, by_news=by_news)

    def probe(self) -> None:
        """One call is about to try."""
        self._machine.half_open()

    def give_back(self) -> None:
        """The probe ended without an answer, which says nothing about Zid: the next call may try at once."""
        self._move(self._machine.open, by_news=True)
        self._probe_at = self._clock.monotonic()

    def rest(self, seconds: float) -> None:
        """Asks no more for so long."""
        self._probe_at = self._clock.monotonic() + seconds

    def _move(self, move: Callable[[], object], *, by_news: bool) -> None:
        self._by_news = by_news
        try:
            move()
        finally:
            self._by_news = False

    def enter(self, state: BreakerState) -> None:
        """The machine is in this state now."""
        move = Move(self.state, self._by_news)
        self.state = state
        if state is BreakerState.OPEN:
            self.rest(self._policy.rest)
        self._moved(self, move)


class _Listener(pybreaker.CircuitBreakerListener):
    """Carries the machine's moves to its breaker."""

    def __init__(self, breaker: Breaker) -> None:
        self._breaker = breaker

    def state_change(
        self,
        cb: pybreaker.CircuitBreaker,  # noqa: ARG002 - the library's signature
        old_state: pybreaker.CircuitBreakerState | None,  # noqa: ARG002
        new_state: pybreaker.CircuitBreakerState,
    ) -> None:
        self._breaker.enter(_STATES[new_state.name])
