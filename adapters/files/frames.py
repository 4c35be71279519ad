"""The format of a spool file: a header that may be lost, then frames, each with its own checksum.

::

    header  magic 8 | position 8 | kept 8 | forgotten 8 | crc32 of these 4
    frame   length 4 | crc32 of length and payload 4 | payload

The first frame holds the wrapped data key, every other one a sealed delivery. The header
is a convenience: without it a file is replayed from its first delivery, and repeats are
recognised by the ledger.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct
from typing import Final, Protocol
from zlib import crc32

from core.ports.sealing import WrappedKey

MAGIC: Final = b"WASLSP01"
_HEADER: Final = Struct(">8sQQQ")
_HEAD: Final = Struct(">II")
_CRC: Final = Struct(">I")
HEADER_BYTES: Final = _HEADER.size + _CRC.size
HEAD_BYTES: Final = _HEAD.size


class Readable(Protocol):
    """Reads so many bytes at a place; fewer at the end of the file."""

    def __call__(self, length: int, at: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Header:
    """How far a file is replayed: everything before `position`; and how many deliveries it holds and held."""

    position: int
    kept: int
    forgotten: int

    @property
    def waiting(self) -> int:
        return max(0, self.kept - self.forgotten)

    def pack(self) -> bytes:
        content = _HEADER.pack(MAGIC, self.position, self.kept, self.forgotten)
        return content + _CRC.pack(crc32(content))


def read_header(content: bytes) -> Header | None:
    """None where it is damaged or of another format."""
    if len(content) < HEADER_BYTES:
        return None
    magic, position, kept, forgotten = _HEADER.unpack_from(content)
    (checksum,) = _CRC.unpack_from(content, _HEADER.size)
    if magic != MAGIC or checksum != crc32(content[: _HEADER.size]):
        return None
    return Header(position, kept, forgotten)


@dataclass(frozen=True, slots=True)
class Frame:
    """A payload, and where the next frame begins."""

    payload: bytes
    end: int


def framed(payload: bytes) -> bytes:
    """The payload as it is written. Its length is part of the checksum: zeros are no empty frame."""
    return _HEAD.pack(len(payload), _checksum(len(payload), payload)) + payload


def frames(read: Readable, start: int, end: int) -> Iterator[Frame]:
    """The whole frames from `start`, up to the first that is broken or leaves `end`."""
    at = start
    while at + HEAD_BYTES <= end:
        head = read(HEAD_BYTES, at)
        if len(head) < HEAD_BYTES:
            return
        length, checksum = _HEAD.unpack(head)
        if at + HEAD_BYTES + length > end:
            return
        payload = read(length, at + HEAD_BYTES)
        if len(payload) < length or checksum != _checksum(length, payload):
            return
        at += HEAD_BYTES + length
        yield Frame(payload, at)


def _checksum(length: int, payload: bytes) -> int:
    return crc32(payload, crc32(length.to_bytes(4, "big")))


def pack_key(key: WrappedKey) -> bytes:
    return key.key_id.encode() + b"\0" + key.wrapped


def read_key(payload: bytes) -> WrappedKey:
    """Of what `pack_key` made."""
    key_id, _, wrapped = payload.partition(b"\0")
    return WrappedKey(key_id.decode(errors="replace"), wrapped)
