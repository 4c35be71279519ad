"""The erasures' file: one line of JSON per erasure, on the disk before anything is removed.

It names whom the erasures were about, since that is what a restored backup has to be told;
so it is readable by its owner alone, and its lines are of no use any more when the last
backup from before them is gone.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from core.domain.erasures import ErasureKind, ErasureLine
from core.domain.people import Person
from core.errors import Unavailable
from core.ids import StoreId
from core.ports.erasing import ErasureLog

_PARTS: Final = ("ids", "emails", "phones")


class ErasureFile(ErasureLog):
    """Appends under a lock of the file, so that any number of processes may."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def append(self, line: ErasureLine) -> None:
        await asyncio.to_thread(self._append, _written(line))

    async def since(self, at: datetime) -> Sequence[ErasureLine]:
        return [line for line in await asyncio.to_thread(self._read) if line.at >= at]

    def _append(self, line: bytes) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                os.write(handle, _whole_lines(handle) + line)
                os.fsync(handle)
            finally:
                os.close(handle)
            _sync_folder(self._path.parent)
        except OSError as error:
            raise Unavailable(f"the erasure file {self._path}", error.strerror or str(error), 10.0) from error

    def _read(self) -> list[ErasureLine]:
        try:
            return list(_lines(self._path.read_bytes()))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise Unavailable(f"the erasure file {self._path}", error.strerror or str(error), 10.0) from error


def _whole_lines(handle: int) -> bytes:
    """A line break where the last writer was killed in the middle of its line."""
    size = os.fstat(handle).st_size
    return b"\n" if size and os.pread(handle, 1, size - 1) != b"\n" else b""


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _written(line: ErasureLine) -> bytes:
    content: dict[str, object] = {
        "at": line.at.astimezone(UTC).isoformat(),
        "kind": line.kind.value,
        "store_id": line.store_id,
    }
    if line.person is not None:
        content |= {part: sorted(getattr(line.person, part)) for part in _PARTS}
    return json.dumps(content).encode() + b"\n"


def _lines(content: bytes) -> Iterator[ErasureLine]:
    for raw in content.splitlines():
        if raw.strip().endswith(b"}"):
            yield _read_line(json.loads(raw))


def _read_line(content: dict[str, object]) -> ErasureLine:
    kind = ErasureKind(str(content["kind"]))
    parts = {part: frozenset(map(str, listed)) for part in _PARTS if isinstance(listed := content.get(part), list)}
    person = Person(**parts) if kind is ErasureKind.CUSTOMER else None
    return ErasureLine(datetime.fromisoformat(str(content["at"])), kind, StoreId(int(str(content["store_id"]))), person)
