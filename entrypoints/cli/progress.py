"""How far long work is: a bar on a terminal, a line now and then otherwise; always beside the answer."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

LINE_EVERY_SECONDS: Final = 10.0


def can_move(stream: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    """A terminal on which a line can be written over."""
    return stream.isatty() and environment.get("TERM") not in {"dumb", "unknown"}


class Progress:
    """How much of `total` is done; without a total, how much there is so far. The bar disappears at the end."""

    def __init__(self, title: str, total: int | None, stream: TextIO, *, every: float = LINE_EVERY_SECONDS) -> None:
        self._title = title
        self._total = total
        self._stream = stream
        self._every = every
        self._bars: Bars | None = None
        self._task: TaskID | None = None
        if can_move(stream):
            self._bars, self._task = _bars_on(stream, title, total)
        self._last_line = time.monotonic()

    def __enter__(self) -> Self:
        if self._bars is not None:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bars is not None:
            self._bars.stop()

    def show(self, done: int, title: str | None = None) -> None:
        """`title` is what is being done now; a new one always gets a line."""
        is_news = title is not None and title != self._title
        self._title = title or self._title
        if self._bars is not None and self._task is not None:
            self._bars.update(self._task, completed=done, description=self._title)
        elif is_news or time.monotonic() - self._last_line > self._every:
            self._last_line = time.monotonic()
            self._say(f"{self._title}: {done}" + (f"/{self._total}" if self._total is not None else ""))

    def say(self, text: str) -> None:
        """A line beside the bar, which stays below it."""
        if self._bars is not None:
            self._bars.console.print(text, markup=False, highlight=False)
        else:
            self._say(text)

    def _say(self, text: str) -> None:
        self._stream.write(text + "\n")
        self._stream.flush()


def _bars_on(stream: TextIO, title: str, total: int | None) -> tuple[Bars, TaskID]:
    from rich.console import Console  # noqa: PLC0415 (only a terminal needs it)
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn  # noqa: PLC0415
    from rich.progress import Progress as Bars  # noqa: PLC0415

    counts = "{task.completed:.0f}" if total is None else "{task.completed:.0f}/{task.total:.0f}"
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TextColumn(counts), TimeRemainingColumn())
    bars = Bars(*columns, console=Console(file=stream), transient=True)
    return bars, bars.add_task(title, total=total)
