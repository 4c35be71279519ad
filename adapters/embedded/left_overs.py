"""Servers that outlived their killed owner, found by their command lines.

The caller owns the data directory, so no living owner can still want them. Pid files would not do: a server
removes its own a moment before it lets go of its socket, and after a restart the pid may be somebody else's.
"""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from signal import Signals

from structlog import get_logger

from adapters.embedded.server_process import signal_until_gone
from adapters.embedded.spawning import LINUX

# Texts that a command line must hold, with a zero byte before, between and after arguments.
Mark = Sequence[str]
log = get_logger()


def server_mark(program: str, option: str, path: Path) -> Mark:
    """A server started as `…/program … option path …`."""
    return (f"/{program}\0", f"\0{option}\0{path}\0")


def stop_left_overs(mark: Mark, steps: Sequence[tuple[Signals, float]]) -> None:
    """Return when no process bears the mark; each step is a signal and the seconds it gets."""
    for pid in bearers(mark):
        log.warning("embedded_server_left_over", pid=pid)
        signal_until_gone(pid, steps, gone=partial(_gone, mark, pid))


def bearers(mark: Mark) -> list[int]:
    """The processes that bear the mark; a zombie has no command line and does not count."""
    between = "\0" if LINUX else " "
    wanted = [text.replace("\0", between) for text in mark]
    return [pid for pid, line in _command_lines() if all(text in line for text in wanted)]


def _gone(mark: Mark, pid: int) -> bool:
    return pid not in bearers(mark)


def _command_lines() -> Iterator[tuple[int, str]]:
    return _on_linux() if LINUX else _elsewhere()


def _on_linux() -> Iterator[tuple[int, str]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                yield int(entry.name), "\0" + os.fsdecode((entry / "cmdline").read_bytes())


def _elsewhere() -> Iterator[tuple[int, str]]:
    """ps does not tell where an argument ends; a blank stands for that, in the marks as well."""
    listing = subprocess.run(["/bin/ps", "-axww", "-o", "pid=,command="], capture_output=True, check=True)
    for line in os.fsdecode(listing.stdout).splitlines():
        pid, _, command = line.strip().partition(" ")
        yield int(pid), f" {command} "
