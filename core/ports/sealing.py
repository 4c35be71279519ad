"""Sealing: a ring of keys seals one data key per store, the data key seals that store's secrets."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A store's data key, sealed by the ring key `key_id`."""

    key_id: str
    wrapped: bytes


class Sealer(Protocol):
    """Seals and opens bytes under a wrapped data key. Never logs what it handles."""

    @property
    @abstractmethod
    def seals_with(self) -> str:
        """The id of the first key of the ring."""

    @abstractmethod
    def new_data_key(self) -> WrappedKey:
        """A fresh data key, sealed by the first key of the ring."""

    @abstractmethod
    def rewrap(self, key: WrappedKey) -> WrappedKey:
        """The same data key under the first key of the ring; the same value when it already is."""

    @abstractmethod
    def seal(self, key: WrappedKey, content: bytes) -> bytes:
        """Raises KeyMissing when no key of the ring opens the data key."""

    @abstractmethod
    def open(self, key: WrappedKey, sealed: bytes) -> bytes:
        """Raises KeyMissing as `seal` does, SealBroken when the content was changed or sealed by another key."""
