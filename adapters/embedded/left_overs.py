"""Servers that outlived their killed owner, found by their command lines.

The caller owns the data directory, so no living owner can still want them. Pid files would not do: a server
removes its own a moment before it lets go of its socket, and after a restart the pid may be somebody else's.
"""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from signal import Signals

from structlog import get_logger

from adapters.embedded.server_process import signal_until_gone
from adapters.embedded.spawning import LINUX

log = get_logger()


@dataclass(frozen=True)
class Mark:
    """How a server of one data directory is known: `program … option path …`."""

    program: str
    option: str
    path: Path


def stop_left_overs(mark: Mark, steps: Sequence[tuple[Signals, float]]) -> None:
    """Return when no process bears the mark; each step is a signal and the seconds it gets."""
    for pid in bearers(mark):
        log.warning("embedded_server_left_over", program=mark.program, pid=pid)
        signal_until_gone(pid, steps, gone=partial(_gone, mark, pid))


def _gone(mark: Mark, pid: int) -> bool:
    return pid not in bearers(mark)


def bearers(mark: Mark) -> list[int]:
    """The processes that bear the mark; a zombie has no command line and does not count."""
    return list(_on_linux(mark) if LINUX else _elsewhere(mark))


def _on_linux(mark: Mark) -> Iterator[int]:
    program, option = mark.program.encode(), (mark.option.encode(), os.fsencode(mark.path))
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                argv = (entry / "cmdline").read_bytes().split(b"\0")
                if os.path.basename(argv[0]) == program and option in pairwise(argv):
                    yield int(entry.name)


def _elsewhere(mark: Mark) -> Iterator[int]:
    listing = subprocess.run(["/bin/ps", "-axww", "-o", "pid=,command="], capture_output=True, check=True)
    for line in os.fsdecode(listing.stdout).splitlines():
        pid, _, command = line.strip().partition(" ")
        if mark.program in command and f" {mark.option} {mark.path} " in f"{command} ":
            yield int(pid)
