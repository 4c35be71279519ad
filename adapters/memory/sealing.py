"""A sealer that behaves like one and protects nothing."""

from __future__ import annotations

from hashlib import sha256
from itertools import count

from core.errors import KeyMissing, SealBroken
from core.ports.sealing import Sealer, WrappedKey

TAG_SIZE = 32


class ReversibleSealer(Sealer):
    """Mixes content with its key and checks on opening; anybody can undo it."""

    def __init__(self, ring: tuple[str, ...] = ("memory",)) -> None:
        self._ring = ring
        self._numbers = count(1)

    @property
    def seals_with(self) -> str:
        return self._ring[0]

    def new_data_key(self) -> WrappedKey:
        return WrappedKey(self._ring[0], sha256(f"{id(self)} {next(self._numbers)}".encode()).digest())

    def rewrap(self, key: WrappedKey) -> WrappedKey:
        return WrappedKey(self._ring[0], self._unwrapped(key))

    def seal(self, key: WrappedKey, content: bytes) -> bytes:
        data_key = self._unwrapped(key)
        return sha256(data_key + content).digest() + _mixed(data_key, content)

    def open(self, key: WrappedKey, sealed: bytes) -> bytes:
        data_key = self._unwrapped(key)
        content = _mixed(data_key, sealed[TAG_SIZE:])
        if sealed[:TAG_SIZE] != sha256(data_key + content).digest():
            raise SealBroken("the content was changed or sealed by another key")
        return content

    def _unwrapped(self, key: WrappedKey) -> bytes:
        if key.key_id not in self._ring:
            raise KeyMissing(key.key_id)
        return key.wrapped


def _mixed(key: bytes, content: bytes) -> bytes:
    return bytes(byte ^ key[i % len(key)] for i, byte in enumerate(content))
