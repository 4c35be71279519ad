"""Notes of gaps in a small file beside the spool, replaced as a whole and fsynced."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar
from uuid import uuid4

import msgspec
from structlog import get_logger

from core.domain.gaps import Gap
from core.errors import Unavailable
from core.ids import InstallId, StoreId
from core.ports.gap_notes import GapNotes

log = get_logger()
T = TypeVar("T")

SUFFIX: Final = ".gaps"


class Note(msgspec.Struct, frozen=True):
    """One gap as it is written."""

    store_id: int
    install_id: int
    topic: str | None
    since: datetime
    until: datetime
    cause: str


_decode = msgspec.json.Decoder(list[Note]).decode


class FileGapNotes(GapNotes):
    """One file per process, locked while the process lives."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / f"{os.getpid()}-{uuid4().hex[:12]}{SUFFIX}"
        self._lock: int | None = None
        self._taken: dict[Path, int] = {}
        self._turn = asyncio.Lock()

    async def write(self, gaps: Sequence[Gap]) -> None:
        await self._on_disk(self._write, gaps)

    async def take_over(self) -> Sequence[Gap]:
        return await self._on_disk(self._take_over)

    async def aclose(self) -> None:
        for descriptor in [*self._taken.values(), *([self._lock] if self._lock is not None else [])]:
            os.close(descriptor)
        self._lock, self._taken = None, {}

    async def _on_disk(self, work: Callable[..., T], *arguments: object) -> T:
        try:
            async with self._turn:
                return await asyncio.to_thread(work, *arguments)
        except OSError as error:
            raise Unavailable("spool", error.strerror or type(error).__name__) from error

    def _write(self, gaps: Sequence[Gap]) -> None:
        if gaps:
            self._replace(msgspec.json.encode([_note(gap) for gap in gaps]))
        elif self._lock is not None:
            self._path.unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = None
        self._drop_taken()

    def _replace(self, content: bytes) -> None:
        """The new file is locked before it has its name, so that nobody takes it over."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._path.with_suffix(".new")
        descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.write(descriptor, content)
            os.fsync(descriptor)
            draft.replace(self._path)
        except OSError:
            os.close(descriptor)
            raise
        if self._lock is not None:
            os.close(self._lock)
        self._lock = descriptor
        _sync(self._folder)

    def _drop_taken(self) -> None:
        """What was taken over stands in our own file now, or in the database."""
        for path, descriptor in self._taken.items():
            path.unlink(missing_ok=True)
            os.close(descriptor)
        self._taken = {}

    def _take_over(self) -> Sequence[Gap]:
        found: list[Gap] = []
        for path in self._folder.glob(f"*{SUFFIX}"):
            if path == self._path or path in self._taken:
                continue
            with suppress(FileNotFoundError, BlockingIOError):
                found += self._taken_from(path)
        return found

    def _taken_from(self, path: Path) -> list[Gap]:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            notes = _read(path)
        except OSError:
            os.close(descriptor)
            raise
        self._taken[path] = descriptor
        return notes


def _read(path: Path) -> list[Gap]:
    try:
        return [_gap(note) for note in _decode(path.read_bytes())]
    except ValueError as error:
        log.error("gap_notes_unreadable", file=path.name, error=type(error).__name__)  # noqa: TRY400 - the class says it
        return []


def _note(gap: Gap) -> Note:
    return Note(gap.store_id, gap.install_id, gap.topic, gap.since, gap.until, gap.cause)


def _gap(note: Note) -> Gap:
    return Gap(StoreId(note.store_id), InstallId(note.install_id), note.topic, note.since, note.until, note.cause)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
