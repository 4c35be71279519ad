"""How far backfills are: bars on a terminal, a line now and then otherwise; always beside the answer."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol, TextIO

from core.domain.backfill import BackfillState, BackfillStatus
from core.ids import EntityKind
from entrypoints.cli.progress import can_move

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

LINE_EVERY_SECONDS: Final = 5.0


class Screen(Protocol):
    """Shows statuses as they come."""

    def show(self, statuses: Sequence[BackfillStatus]) -> None: ...

    def say(self, text: str) -> None: ...


@contextmanager
def screen_on(stream: TextIO) -> Iterator[Screen]:
    """Bars where there is a terminal, which go when it ends; lines elsewhere."""
    if not can_move(stream):
        yield Lines(stream)
        return
    from rich.console import Console  # noqa: PLC0415 (only a terminal needs it)
    from rich.progress import BarColumn, Progress, TextColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description:<9}"), BarColumn(), TextColumn("{task.fields[words]}"))
    with Progress(*columns, console=Console(file=stream), transient=True) as bars:
        yield Bars(bars)


class Bars:
    """A bar per kind."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._of: dict[EntityKind, TaskID] = {}

    def show(self, statuses: Sequence[BackfillStatus]) -> None:
        for status in statuses:
            if status.kind not in self._of:
                self._of[status.kind] = self._bars.add_task(status.kind.value, total=None, words="")
            self._bars.update(
                self._of[status.kind], completed=status.percent or 0, total=_total(status), words=words_of(status)
            )

    def say(self, text: str) -> None:
        self._bars.console.print(text)


class Lines:
    """A line per kind whose state changed, and for the one being read every few seconds."""

    def __init__(self, stream: TextIO, every: float = LINE_EVERY_SECONDS) -> None:
        self._stream = stream
        self._every = every
        self._told: dict[EntityKind, BackfillState] = {}
        self._last = time.monotonic()

    def show(self, statuses: Sequence[BackfillStatus]) -> None:
        is_time = time.monotonic() - self._last >= self._every
        for status in self._worth_a_line(statuses, is_time=is_time):
            self.say(f"{status.kind}: {words_of(status)}")
        if is_time:
            self._last = time.monotonic()

    def say(self, text: str) -> None:
        self._stream.write(text + "\n")
        self._stream.flush()

    def _worth_a_line(self, statuses: Sequence[BackfillStatus], *, is_time: bool) -> Iterable[BackfillStatus]:
        for status in statuses:
            is_news = self._told.get(status.kind) is not status.state
            self._told[status.kind] = status.state
            if is_news or (is_time and status.state is BackfillState.RUNNING):
                yield status


def words_of(status: BackfillStatus) -> str:
    """`1200/2689 (44.6 %), 350 a minute, 4 min left`, or how it stands and why."""
    match status.state:
        case BackfillState.QUEUED if not status.read:
            return "queued"
        case BackfillState.DONE:
            return f"done, {status.read} read"
        case BackfillState.FAILED | BackfillState.CANCELLED | BackfillState.WAITING if status.reason:
            return f"{status.state} at {status.read}: {status.reason}"
        case _:
            return ", ".join(_pace(status))


def _pace(status: BackfillStatus) -> Iterator[str]:
    of_total = f"/{status.total} ({status.percent} %)" if status.percent is not None else ""
    yield f"{status.read}{of_total}"
    if status.per_minute:
        yield f"{status.per_minute:.0f} a minute"
    if status.time_left is not None and status.per_minute:
        yield f"{span(status.time_left)} left"


def span(length: timedelta) -> str:
    """A length of time in its largest unit, rounded up."""
    seconds = int(length.total_seconds())
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds > size:
            return f"{-(-seconds // size)} {unit}"
    return f"{seconds} s"


def _total(status: BackfillStatus) -> float | None:
    """A bar without a total pulses; that is for what is being read and nobody knows how much it is."""
    return None if status.percent is None and status.state is BackfillState.RUNNING else 100
