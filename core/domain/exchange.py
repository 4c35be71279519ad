"""One request to Zid: how its sending ended, what that means, and what to do next.

Given what happened, what next? The gateway only obeys. Statuses and the two 401
dialects are those of docs.zid.sa "responses" and of live answers; any redirect means
that Zid wants a login, so it is never followed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from math import inf
from typing import Final


@dataclass(frozen=True, slots=True)
class Answer:
    """Zid answered, whole. `retry_after` is the header in seconds, where it was sent."""

    status: int
    body: bytes = b""
    retry_after: float | None = None
    request_id: str | None = None

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class NotSent:
    """Nothing left this machine: no connection, no name, no certificate."""

    reason: str


@dataclass(frozen=True, slots=True)
class AnswerLost:
    """It was sent, at least in part, and no whole answer came back."""

    reason: str


Sent = Answer | NotSent | AnswerLost


class Verdict(StrEnum):
    """What the end of one sending means."""

    GOOD = "good"
    TOKENS_REFUSED = "tokens_refused"
    """401 in any dialect, or a redirect to a login page (U3)."""
    FORBIDDEN = "forbidden"
    """403: the app lacks a permission; bodies differ (U30)."""
    THROTTLED = "throttled"
    """429: rejected by the gateway, so nothing happened."""
    FAULT = "fault"
    """5xx: Zid may or may not have done it."""
    REFUSED = "refused"
    """Any other 4xx: Zid understood and said no."""
    NOT_SENT = "not_sent"
    LOST = "lost"


def judge(sent: Sent) -> Verdict:
    """The meaning of an end, by status alone: error texts are localized."""
    match sent:
        case NotSent():
            return Verdict.NOT_SENT
        case AnswerLost():
            return Verdict.LOST
        case Answer():
            return _judge_status(sent.status)


_BY_STATUS: Final = {401: Verdict.TOKENS_REFUSED, 403: Verdict.FORBIDDEN, 429: Verdict.THROTTLED}
_BY_CLASS: Final = {2: Verdict.GOOD, 3: Verdict.TOKENS_REFUSED, 4: Verdict.REFUSED}


def _judge_status(status: int) -> Verdict:
    return _BY_STATUS.get(status) or _BY_CLASS.get(status // 100, Verdict.FAULT)


MAX_SENDS: Final = 3
FIRST_PAUSE: Final = 0.25
LONGEST_PAUSE: Final = 5.0
"""Longer waits are the caller's: they belong in a due time, not in a sleep."""
LEAST_TIME: Final = 1.0
"""Seconds below which another sending is not begun: it would end as a lost answer."""

_NOTHING_HAPPENED: Final = frozenset({Verdict.THROTTLED, Verdict.NOT_SENT})
_MAYBE_HAPPENED: Final = frozenset({Verdict.FAULT, Verdict.LOST})


@dataclass(frozen=True, slots=True)
class Accept:
    """The answer is the result."""


@dataclass(frozen=True, slots=True)
class Renew:
    """Renew the tokens, then send again as `then`."""

    then: Exchange


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait `seconds`, then send again as `then`."""

    seconds: float
    then: Exchange


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Sending again would not help, or might do the thing twice."""


Step = Accept | Renew | Pause | GiveUp


@dataclass(frozen=True, slots=True)
class Exchange:
    """One operation on its way: what may still be tried. `sends` counts from 1, renewals apart."""

    repeatable: bool
    sends: int = 1
    renewed: bool = False

    def after(self, verdict: Verdict, retry_after: float | None, chance: float, left: float = inf) -> Step:
        """The next step; tokens are renewed at most once, and what may have happened is repeated only if it may be.

        `left` are the seconds that the whole operation still has.
        """
        if verdict is Verdict.GOOD:
            return Accept()
        if verdict is Verdict.TOKENS_REFUSED and not self.renewed:
            return Renew(replace(self, renewed=True))
        if not self._may_repeat(verdict):
            return GiveUp()
        seconds = pause_before(self.sends, retry_after, chance)
        if seconds > min(LONGEST_PAUSE, left - LEAST_TIME):
            return GiveUp()
        return Pause(seconds, replace(self, sends=self.sends + 1))

    def _may_repeat(self, verdict: Verdict) -> bool:
        harmless = verdict in _NOTHING_HAPPENED or (verdict in _MAYBE_HAPPENED and self.repeatable)
        return harmless and self.sends < MAX_SENDS


def pause_before(sends: int, retry_after: float | None, chance: float) -> float:
    """Full jitter over a doubling step; Zid's Retry-After is a floor, never shortened."""
    if retry_after is not None and retry_after >= 0:
        return retry_after * (1.0 + 0.1 * chance)
    return float(min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (sends - 1)) * chance)
