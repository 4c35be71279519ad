"""Folders and files of this machine, and what of them is a hazard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from core.domain.diagnosis.findings import Code, Fact, Finding, Severity
from core.domain.diagnosis.setup import Setup

_MEGABYTE: Final = 1024 * 1024
_LEAST_FREE: Final = 64 * _MEGABYTE
# https://devguide.python.org/versions/
PYTHON_ENDS: Final[Mapping[tuple[int, int], date]] = MappingProxyType(
    {
        (3, 11): date(2027, 10, 31),
        (3, 12): date(2028, 10, 31),
        (3, 13): date(2029, 10, 31),
        (3, 14): date(2030, 10, 31),
    }
)


class Medium(StrEnum):
    """What a folder lies on."""

    DISK = "disk"
    MEMORY = "memory"
    """Gone with the machine's restart."""
    LAYER = "layer"
    """The container's own; gone with the container."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder, or the nearest one above it that exists: there it would be made."""

    writable: bool
    free: int
    medium: Medium = Medium.DISK


@dataclass(frozen=True, slots=True)
class FileMode:
    """Who may read a file that exists."""

    path: str
    mode: int

    @property
    def is_private(self) -> bool:
        """Whether only its owner may do anything with it."""
        return not self.mode & 0o077


@dataclass(frozen=True, slots=True)
class Runtime:
    """The interpreter and this machine's time zone: its name, and whether it is UTC all year."""

    python: tuple[int, int]
    zone: str
    is_utc: bool


def judge_files(files: Sequence[FileMode], setup: Setup) -> Sequence[Finding]:
    return [
        Finding(Code.FILE_READABLE, setup.worse(), {"path": one.path, "mode": f"{one.mode:04o}"})
        for one in files
        if not one.is_private
    ]


def judge_folder(folder: Folder, facts: Mapping[str, Fact], setup: Setup, *, wanted: int) -> Sequence[Finding]:
    """`facts` name the setting and its path, `wanted` are the bytes that it may come to hold."""
    if not folder.writable:
        return [Finding(Code.FOLDER_NOT_WRITABLE, Severity.PROBLEM, facts)]
    found = []
    if folder.medium is Medium.MEMORY:
        found.append(Finding(Code.FOLDER_IN_MEMORY, setup.worse(Severity.NOTE), facts))
    if folder.medium is Medium.LAYER and setup.production:
        found.append(Finding(Code.FOLDER_IN_CONTAINER, Severity.WARNING, facts))
    if folder.free < wanted:
        severity = Severity.PROBLEM if folder.free < _LEAST_FREE else Severity.WARNING
        sizes = {"free": folder.free // _MEGABYTE, "wanted": wanted // _MEGABYTE}
        found.append(Finding(Code.LITTLE_SPACE, severity, {**facts, **sizes}))
    return found


def judge_runtime(runtime: Runtime, today: date) -> Sequence[Finding]:
    found = []
    end = PYTHON_ENDS.get(runtime.python, date.max)
    if today > end:
        version, newest = (".".join(map(str, one)) for one in (runtime.python, max(PYTHON_ENDS)))
        facts = {"version": version, "since": end.isoformat(), "newest": newest}
        found.append(Finding(Code.PYTHON_OLD, Severity.WARNING, facts))
    if not runtime.is_utc:
        found.append(Finding(Code.TIMEZONE, Severity.NOTE, {"server": "This machine", "zone": runtime.zone}))
    return found
