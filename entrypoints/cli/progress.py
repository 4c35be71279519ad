"""A bar on a terminal, a line now and then otherwise."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Final, Self, TextIO

WIDTH: Final = 30
LINE_EVERY_SECONDS: Final = 10.0


class Progress:
    """How much of `total` is done. The bar disappears at the end."""

    def __init__(self, title: str, total: int, stream: TextIO) -> None:
        self._title = title
        self._total = total
        self._stream = stream
        self._is_terminal = stream.isatty()
        self._last_line = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_terminal:
            self._write("\r\x1b[2K")

    def show(self, done: int) -> None:
        if self._is_terminal:
            self._write(f"\r\x1b[2K{self._title} {bar(done, self._total)} {done}/{self._total}")
        elif time.monotonic() - self._last_line > LINE_EVERY_SECONDS:
            self._last_line = time.monotonic()
            self._write(f"{self._title}: {done}/{self._total}\n")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def bar(done: int, total: int, width: int = WIDTH) -> str:
    """`█████░░░░░`, full only when all is done."""
    filled = width * min(done, total) // max(total, 1)
    return "█" * filled + "░" * (width - filled)
