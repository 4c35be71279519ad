"""Pages of lists that stay right while rows come and go: a page goes on after the last row, not after a number."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


class BadCursor(ValueError):
    """Not a cursor of this list: pass on the cursor of the page before unchanged."""

    def __init__(self) -> None:
        super().__init__("not a cursor of this list: pass on the one of the page before, unchanged")


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page ended: what its last row was sorted by, as text ("" = nothing), and its id."""

    sort: str
    id: str

    def to_cursor(self) -> str:
        """URL-safe text; opaque to callers."""
        return urlsafe_b64encode(json.dumps([self.sort, self.id]).encode()).decode().rstrip("=")

    @classmethod
    def from_cursor(cls, cursor: str) -> Position:
        """BadCursor for anything that `to_cursor` cannot have made."""
        try:
            found = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        except (ValueError, RecursionError) as error:
            raise BadCursor from error
        match found:
            case [str(sort), str(id_)] if "\0" not in sort + id_:
                return cls(sort, id_)
        raise BadCursor


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows, and where the next page goes on; None after the last."""

    items: Sequence[T]
    next: Position | None = None
