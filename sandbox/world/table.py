"""Rows by key that know which of them changed since the last save."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

Row = TypeVar("Row")


class Table(Generic[Row]):
    """A dictionary of rows; `drain()` gives every row put, touched or removed since it was last called.

    Nothing is remembered until `record()` is called, so that a world without a state file does not grow.
    """

    def __init__(self, name: str, encode: Callable[[Row], bytes], decode: Callable[[bytes], Row]) -> None:
        self.name = name
        self._encode = encode
        self._decode = decode
        self._rows: dict[str, Row] = {}
        self._dirty: dict[str, None] = {}
        self._recording = False

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows.values())

    def __contains__(self, key: str) -> bool:
        return key in self._rows

    def get(self, key: str) -> Row | None:
        return self._rows.get(key)

    def put(self, key: str, row: Row) -> None:
        self._rows[key] = row
        self.touch(key)

    def remove(self, key: str) -> Row | None:
        self.touch(key)
        return self._rows.pop(key, None)

    def touch(self, key: str) -> None:
        """Says that the row under `key` was changed in place."""
        if self._recording:
            self._dirty[key] = None

    def clear(self) -> None:
        self._rows.clear()
        self._dirty.clear()

    def record(self) -> None:
        self._recording = True

    def load(self, key: str, value: bytes) -> Row:
        """Takes a saved row back; raises ValueError, KeyError or TypeError when it is not one."""
        row = self._decode(value)
        self._rows[key] = row
        return row

    def drain(self) -> list[tuple[str, bytes | None]]:
        """Changed keys in the order they changed, with their encoded rows; None for a row that is gone."""
        changed = [(key, self._encoded(key)) for key in self._dirty]
        self._dirty.clear()
        return changed

    def _encoded(self, key: str) -> bytes | None:
        row = self._rows.get(key)
        return None if row is None else self._encode(row)
