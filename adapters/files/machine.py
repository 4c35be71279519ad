"""Folders, files and the interpreter of this machine, looked at without writing anything."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from core.domain.diagnosis.places import FileMode, Folder, Medium, Runtime
from core.ports.examination import ExaminedMachine

_MOUNTS: Final = Path("/proc/self/mountinfo")
_MEDIA: Final = {"tmpfs": Medium.MEMORY, "ramfs": Medium.MEMORY, "overlay": Medium.LAYER}


class LocalMachine(ExaminedMachine):
    """Looks aside from the event loop: a disk that hangs holds nobody up."""

    async def folder(self, path: str) -> Folder:
        return await asyncio.to_thread(_folder, Path(path))

    async def files(self, paths: Sequence[str]) -> Sequence[FileMode]:
        return await asyncio.to_thread(_modes, paths)

    def runtime(self) -> Runtime:
        is_utc = time.timezone == 0 and time.daylight == 0
        return Runtime(sys.version_info[:2], time.tzname[0], is_utc)


def _folder(path: Path) -> Folder:
    wanted = path.absolute()
    there = next(one for one in (wanted, *wanted.parents) if one.exists())
    writable = there.is_dir() and os.access(there, os.W_OK | os.X_OK)
    return Folder(writable, shutil.disk_usage(there).free, medium_of(there.resolve(), _mounts()))


def _mounts() -> Sequence[str]:
    """Nothing where the system has no such list."""
    with suppress(OSError):
        return _MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()
    return ()


def medium_of(path: Path, mounts: Iterable[str]) -> Medium:
    """By the last and innermost mount that holds the path: `36 35 98:0 /root /mnt options - ext4 /dev/sda1 rw`."""
    best, kind = -1, ""
    for line in mounts:
        before, _, after = line.partition(" - ")
        place = Path(before.split(" ")[4].replace("\\040", " "))
        if path.is_relative_to(place) and len(place.parts) >= best:
            best, kind = len(place.parts), after.split(" ")[0]
    return _MEDIA.get(kind, Medium.DISK)


def _modes(paths: Sequence[str]) -> Sequence[FileMode]:
    if os.name != "posix":
        return []
    found = []
    for path in paths:
        with suppress(OSError):
            found.append(FileMode(path, stat.S_IMODE(Path(path).stat().st_mode)))
    return found
