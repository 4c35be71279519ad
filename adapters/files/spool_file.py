"""One spool file: written and locked by one process, repaired and taken over when that process is gone."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

from adapters.files.frames import (
    HEADER_BYTES,
    Frame,
    Header,
    framed,
    frames,
    pack_key,
    read_header,
    read_key,
)
from core.ports.sealing import WrappedKey

SUFFIX: Final = ".spool"
DAMAGED: Final = ".damaged"
"""Set aside: without its first frame nothing in it can be opened."""


@dataclass(frozen=True, slots=True)
class Numbered:
    """A sealed delivery in the file, the how-manieth of all it is there, and where the next begins."""

    sealed: bytes
    number: int
    end: int


class SpoolFile:
    """Locked from `create` or `adopt` to `close`; the kernel unlocks it when the process dies. Raises OSError."""

    def __init__(self, path: Path, descriptor: int, key: WrappedKey, header: Header, size: int) -> None:
        self.path = path
        self.key: Final = key
        self.size = size
        self.cut = 0
        """Bytes that adopting removed: a torn end, or what stood after damage."""
        self._descriptor = descriptor
        self._header = header

    @classmethod
    def create(cls, folder: Path, key: WrappedKey) -> SpoolFile:
        """An empty file that survives a power cut by name."""
        path = folder / f"{os.getpid()}-{uuid4().hex[:12]}{SUFFIX}"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            first = framed(pack_key(key))
            header = Header(HEADER_BYTES + len(first), 0, 0)
            _write(descriptor, header.pack() + first, 0)
            os.fsync(descriptor)
            _sync_folder(folder)
        except OSError:
            path.unlink(missing_ok=True)
            os.close(descriptor)
            raise
        return cls(path, descriptor, key, header, header.position)

    @classmethod
    def adopt(cls, path: Path) -> SpoolFile | None:
        """The file of a process that is gone, repaired; None when somebody holds it or nothing is in it."""
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        adopted = None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(descriptor).st_nlink:  # else whoever held it removed it between our two steps
                adopted = cls._repaired(path, descriptor)
        except BlockingIOError:
            return None
        finally:
            if adopted is None:
                os.close(descriptor)
        return adopted

    @classmethod
    def _repaired(cls, path: Path, descriptor: int) -> SpoolFile | None:
        end = os.fstat(descriptor).st_size
        whole = list(_ends(descriptor, HEADER_BYTES, end))
        if not whole:
            _set_aside(path, end)
            return None
        first, deliveries = whole[0], [frame.end for frame in whole[1:]]
        size = deliveries[-1] if deliveries else first.end
        known = read_header(os.pread(descriptor, HEADER_BYTES, 0))
        position = known.position if known and known.position in {first.end, *deliveries} else first.end
        header = Header(position, len(deliveries), sum(place <= position for place in deliveries))
        file = cls(path, descriptor, read_key(first.payload), header, size)
        file._cut_to(size, end)
        return file

    @property
    def waiting(self) -> int:
        return self._header.waiting

    def append(self, sealed: Sequence[bytes]) -> None:
        """On the disk when it returns. After an error nothing of it is there, or the file must not be written again."""
        content = b"".join(map(framed, sealed))
        header = Header(self._header.position, self._header.kept + len(sealed), self._header.forgotten)
        try:
            _write(self._descriptor, content, self.size)
            _write(self._descriptor, header.pack(), 0)
            os.fsync(self._descriptor)
        except OSError:
            os.ftruncate(self._descriptor, self.size)
            _write(self._descriptor, self._header.pack(), 0)
            raise
        self._header, self.size = header, self.size + len(content)

    def oldest(self, *, limit: int, max_bytes: int) -> Sequence[Numbered]:
        """The first that wait; at least one where any does, whatever its size."""
        found: list[Numbered] = []
        taken = 0
        for frame in frames(self._read, self._header.position, self.size):
            found.append(Numbered(frame.payload, self._header.forgotten + len(found) + 1, frame.end))
            taken += len(frame.payload)
            if len(found) == limit or taken >= max_bytes:
                break
        return found

    def forget_up_to(self, number: int, end: int) -> None:
        """Not forced to the disk: what comes back after a power cut is recognised."""
        if end > self._header.position:
            self._header = Header(end, self._header.kept, number)
            _write(self._descriptor, self._header.pack(), 0)

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Gives it up; whoever adopts it goes on."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def _read(self, length: int, at: int) -> bytes:
        return os.pread(self._descriptor, length, at)

    def _cut_to(self, size: int, end: int) -> None:
        self.cut = end - size
        if self.cut:
            os.ftruncate(self._descriptor, size)
        _write(self._descriptor, self._header.pack(), 0)
        os.fsync(self._descriptor)


def waiting_in(path: Path) -> int:
    """How many deliveries the file says that it holds; 0 when it is gone or cannot say."""
    with suppress(OSError), path.open("rb") as file:
        header = read_header(file.read(HEADER_BYTES))
        return header.waiting if header else 0
    return 0


def key_id_of(path: Path) -> str | None:
    """Which key of the ring opens the file; None when it is gone or cannot say."""
    with suppress(OSError), path.open("rb") as file:
        descriptor = file.fileno()
        size = os.fstat(descriptor).st_size
        for first in frames(lambda length, at: os.pread(descriptor, length, at), HEADER_BYTES, size):
            return read_key(first.payload).key_id
    return None


def _ends(descriptor: int, start: int, end: int) -> Iterable[Frame]:
    """The whole frames, of which all but the first without their payloads: a file may be larger than memory allows."""
    for number, frame in enumerate(frames(lambda length, at: os.pread(descriptor, length, at), start, end)):
        yield frame if number == 0 else Frame(b"", frame.end)


def _set_aside(path: Path, size: int) -> None:
    """A file that was never finished holds nothing anybody was promised; one whose key is damaged is kept."""
    if size <= HEADER_BYTES:
        path.unlink(missing_ok=True)
    else:
        path.replace(path.with_suffix(DAMAGED))


def _write(descriptor: int, content: bytes, at: int) -> None:
    """All of it. A disk that is full takes a part first."""
    view = memoryview(content)
    while view:
        written = os.pwrite(descriptor, view, at)
        view, at = view[written:], at + written


def _sync_folder(folder: Path) -> None:
    """A new name is durable once its folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
