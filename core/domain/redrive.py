"""A redrive of many dead letters: how it stands, and how many may be tried next.

Reads bottom-up: `next_step` looks at one group of equal letters; `share_out` divides the
room that all groups of a job have together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final, NewType

from core.domain.dead_letters import Fingerprint

JobId = NewType("JobId", int)


class DeskAction(StrEnum):
    """What a job does to its letters."""

    REDRIVE = "redrive"
    DISCARD = "discard"


class JobState(StrEnum):
    """How a job stands."""

    OPEN = "open"
    """Waiting for its start, or at work."""
    DONE = "done"
    """Every letter was tried or discarded, or could not be."""
    STOPPED = "stopped"
    """Over; groups that went on failing were stopped, and their untried letters are dead as before."""
    UNDONE = "undone"
    """Over by a person's word; what was not yet executed then is as before."""


class ItemState(StrEnum):
    """Where one letter of a job is."""

    PENDING = "pending"
    """Marked; dead as before."""
    IN_FLIGHT = "in_flight"
    """Queued again, its outcome awaited."""
    SUCCEEDED = "succeeded"
    """Handled (or cancelled by its handler); of a discard: discarded."""
    FAILED = "failed"
    """Dead again."""
    SKIPPED = "skipped"
    """Was no longer dead, or nothing can handle it any more, when its turn came."""
    UNDONE = "undone"
    """Left as it was, by a person or because its group was stopped."""


OVER: Final = frozenset({ItemState.SUCCEEDED, ItemState.FAILED, ItemState.SKIPPED, ItemState.UNDONE})

FIRST_WAVE: Final = 5
SECOND_WAVE_PERCENT: Final = 5
STOP_ABOVE_PERCENT: Final = 20.0


@dataclass(frozen=True, slots=True)
class Group:
    """The letters of one fingerprint in one job. `failing` of those in flight wait after a failed try."""

    fingerprint: Fingerprint
    handler: str
    total: int
    in_flight: int = 0
    succeeded: int = 0
    failed: int = 0
    skipped: int = 0
    undone: int = 0
    stopped: str | None = None
    failing: int = 0

    @property
    def pending(self) -> int:
        return self.total - self.in_flight - self.succeeded - self.failed - self.skipped - self.undone

    @property
    def tried(self) -> int:
        return self.in_flight + self.succeeded + self.failed


@dataclass(frozen=True, slots=True)
class Job:
    """A job as people see it."""

    job_id: JobId
    action: DeskAction
    state: JobState
    actor: str
    chosen: Mapping[str, str | int | None]
    canary: bool
    stop_above: float | None
    reason: str | None
    starts_at: datetime
    opened_at: datetime
    closed_at: datetime | None
    groups: Sequence[Group] = field(default_factory=tuple)

    @property
    def total(self) -> int:
        return sum(group.total for group in self.groups)

    @property
    def pending(self) -> int:
        return sum(group.pending for group in self.groups)

    def count(self, state: ItemState) -> int:
        """How many of its letters are in this state."""
        return sum(getattr(group, state.value) for group in self.groups)


@dataclass(frozen=True, slots=True)
class Pace:
    """How much redriven work may be under way at once, over all jobs, so that live work is not starved.

    `in_flight` counts what is queued or running: that much at most, and `least` however busy
    the consumers are. `waiting` counts what waits for its next try, which costs nothing now
    and comes back little by little.
    """

    in_flight: int = 16
    least: int = 4
    waiting: int = 1000
    discard_at_once: int = 500


@dataclass(frozen=True, slots=True)
class Step:
    """What happens to a group now: send so many, each allowed `tries` tries; or stop it, and why."""

    fingerprint: Fingerprint
    send: int = 0
    tries: int | None = None
    stop: str | None = None


def waves(total: int) -> tuple[int, int, int]:
    """How many letters of a group have been tried at the end of each wave of a canary: 5, 5 % more, all."""
    first = min(FIRST_WAVE, total)
    second = min(total, first + max(1, -(-total * SECOND_WAVE_PERCENT // 100)))
    return first, second, total


def next_step(group: Group, *, canary: bool, stop_above: float | None) -> Step:
    """How many of the group may be sent now if there is room for all.

    A wave of a canary begins when nothing of the wave before is in flight. Its letters
    are tried once; those of the last wave as often as the handler's policy says.
    """
    if group.stopped is not None or not group.pending:
        return Step(group.fingerprint)
    if stop := _reason_to_stop(group, stop_above):
        return Step(group.fingerprint, stop=stop)
    if not canary:
        return Step(group.fingerprint, send=group.pending)
    return _next_of_wave(group)


def _reason_to_stop(group: Group, stop_above: float | None) -> str | None:
    failures = group.failed + group.failing
    if stop_above is None or failures * 100 <= stop_above * max(group.tried, min(FIRST_WAVE, group.total)):
        return None
    return f"{failures} of {group.tried} tries failed, more than {stop_above:g} %"


def _next_of_wave(group: Group) -> Step:
    reachable = group.total - group.skipped - group.undone
    ends = [min(end, reachable) for end in waves(group.total)]
    for number, end in enumerate(ends):
        if group.tried >= end:
            continue
        begins = number > 0 and group.tried == ends[number - 1]
        if begins and group.in_flight:
            break
        tries = 1 if number < len(ends) - 1 else None
        return Step(group.fingerprint, min(end - group.tried, group.pending), tries)
    return Step(group.fingerprint)


def share_out(
    groups: Sequence[Group], *, canary: bool, stop_above: float | None, room: int, waiting_room: int
) -> list[Step]:
    """A step for each group; room goes to whichever has least under way. None while too many wait."""
    steps = {group.fingerprint: next_step(group, canary=canary, stop_above=stop_above) for group in groups}
    busy = {group.fingerprint: group.in_flight for group in groups}
    granted = dict.fromkeys(steps, 0)
    for _ in range(room if waiting_room > 0 else 0):
        wanting = [mark for mark, step in steps.items() if granted[mark] < step.send]
        if not wanting:
            break
        granted[min(wanting, key=lambda mark: busy[mark] + granted[mark])] += 1
    return [replace(step, send=granted[mark]) for mark, step in steps.items()]


def next_window(window: int, left: int, pace: Pace) -> int:
    """How much may be in flight after a step that found so much of the window still there.

    One more where everything had settled, half where most had not: consumers that are busy
    with live work, or slow, are given less. What is redriven yields; it is in no hurry.
    """
    if left == 0:
        return min(window + 1, pace.in_flight)
    return max(window // 2, pace.least) if left * 2 > window else window


def end_of(groups: Sequence[Group], *, undone: bool) -> JobState | None:
    """How a job has ended, or None while something of it is pending or in flight."""
    if any(group.in_flight or group.pending for group in groups):
        return None
    if undone:
        return JobState.UNDONE
    return JobState.STOPPED if any(group.stopped is not None for group in groups) else JobState.DONE
