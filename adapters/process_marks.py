"""A mark of each process, by which others on its machine can tell later that it is gone.

A process number alone would not do: the next process may get it, and in another container it is another process.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")


def own_mark(proc: Path = PROC) -> str:
    """Empty where the system does not tell of its processes as Linux does."""
    pid = os.getpid()
    place, started = _place(proc), _started(pid, proc)
    return f"{place}/{pid}/{started}" if place and started else ""


def is_gone(mark: str, proc: Path = PROC) -> bool:
    """Only where it is certain: of a process of this start of this machine, in this one of its containers."""
    place, _, process = mark.rpartition("/")
    place, _, pid = place.rpartition("/")
    if not place or place != _place(proc) or not pid.isdecimal():
        return False
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        pass
    return _started(int(pid), proc) not in ("", process)


def _place(proc: Path) -> str:
    """The machine since its start, and within it whose process numbers and times these are; empty if unknown."""
    with suppress(OSError):
        if (proc / "self").readlink().name == str(os.getpid()):
            boot = (proc / "sys/kernel/random/boot_id").read_text().strip()
            spaces = [str((proc / "self/ns" / name).stat().st_ino) for name in ("pid", "time")]
            return "/".join([socket.gethostname(), boot, *spaces])
    return ""


def _started(pid: int, proc: Path) -> str:
    """When, in ticks since the machine's start; empty if unknown."""
    with suppress(OSError):
        return (proc / str(pid) / "stat").read_text().rpartition(")")[2].split()[19]
    return ""
