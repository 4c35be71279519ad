"""What a person sees: short lines, and on a terminal one last line that is kept up to date."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from enum import StrEnum
from typing import TextIO


class Tone(StrEnum):
    """How a line is meant; the value is its colour on a terminal."""

    PLAIN = ""
    GOOD = "\x1b[32m"
    WARN = "\x1b[33m"
    QUIET = "\x1b[2m"


_RESET = "\x1b[0m"
_CLEAR_LINE = "\r\x1b[2K"


class Screen:
    """Lines to a stream. Colours and the live line only on a terminal; a reader that went away is no error."""

    def __init__(self, stream: TextIO, environment: Mapping[str, str] = os.environ) -> None:
        self._stream = stream
        self.is_terminal = stream.isatty() and environment.get("TERM") != "dumb"
        self._coloured = self.is_terminal and not environment.get("NO_COLOR")
        self._live = ""

    def line(self, text: str, tone: Tone = Tone.PLAIN) -> None:
        """One line, above the live one."""
        shown = f"{tone}{text}{_RESET}" if tone and self._coloured else text
        self._write(f"{self._cleared()}{shown}\n{self._live}")

    def live(self, text: str) -> None:
        """Replaces the live line; nothing where there is no terminal."""
        if not self.is_terminal:
            return
        cleared = self._cleared()
        self._live = text[: shutil.get_terminal_size().columns - 1]
        self._write(f"{cleared}{self._live}")

    def end_live(self) -> None:
        """The live line stays as it is; what follows comes below it."""
        if self._live:
            self._live = ""
            self._write("\n")

    def _cleared(self) -> str:
        return _CLEAR_LINE if self._live else ""

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:  # the terminal or the pipe is gone; the processes are not
            self.is_terminal = False
