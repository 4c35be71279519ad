"""The processes' own logs, read along: what a person should know of them, in one line each."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

READ_AT_ONCE: Final = 1 << 20
QUIET_SECONDS: Final = 10.0
_SHOWN: Final = frozenset({"warning", "error", "critical"})
_FRAME: Final = frozenset({"event", "level", "timestamp", "exception", "logger", "process", "service"})


class LogTail:
    """The lines a file gains from now on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = path.stat().st_size if path.exists() else 0
        self._rest = b""

    def new_lines(self) -> list[str]:
        """Complete lines since the last call; starts over when the file was replaced by a shorter one."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as handle:
            if self._path.stat().st_size < self._offset:
                self._offset, self._rest = 0, b""
            handle.seek(self._offset)
            found = handle.read(READ_AT_ONCE)
        self._offset += len(found)
        *lines, self._rest = (self._rest + found).split(b"\n")
        return [line.decode(errors="replace") for line in lines]


def readable(line: str) -> str | None:
    """A warning or an error in one readable line; None for what people need not see."""
    record = _record(line)
    if record is None:
        return _of_raw_output(line)
    if record.get("level") not in _SHOWN:
        return None
    fields = [f"{key}={value}" for key, value in record.items() if key not in _FRAME]
    return " ".join([f"{record['level']}: {record['event']}", *fields, *_cause(record.get("exception"))])


def _cause(exception: object) -> list[str]:
    """The outermost exception of a structured traceback."""
    match exception:
        case [{"exc_type": kind, "exc_value": text}, *_]:
            return [f"({kind}: {text})"]
        case _:
            return []


def _record(line: str) -> Mapping[str, object] | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) and "event" in record else None


def _of_raw_output(line: str) -> str | None:
    """Of a traceback only its last line says something to people."""
    if not line.strip() or line[0].isspace() or line.startswith("Traceback "):
        return None
    return line.rstrip()


class Repeats:
    """Lets a line through once in a while, however often it comes."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: dict[str, float] = {}
        self._held: dict[str, int] = {}

    def admit(self, kind: str) -> int | None:
        """None: hold it back. Else how many of this kind were held back since the last one."""
        now = self._clock()
        if now - self._last.get(kind, -QUIET_SECONDS) < QUIET_SECONDS:
            self._held[kind] = self._held.get(kind, 0) + 1
            return None
        self._last[kind] = now
        return self._held.pop(kind, 0)


def kind_of(readable_line: str) -> str:
    """What makes two lines alike: level and event, without the fields."""
    return " ".join(readable_line.split()[:2])
