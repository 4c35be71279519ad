"""Pages of lists that stay right while rows come and go: a page goes on after the last row, not after a number."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Generic, NoReturn, TypeVar

T = TypeVar("T")
_NUMBER: Final = re.compile(r"[0-9]{1,18}")
_RANK: Final = re.compile(r"[0-9](?:\.[0-9]{1,20})?(?:e-[0-9]{1,2})?")


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

    @property
    def time(self) -> datetime | None:
        """What a list sorted by time goes on after; BadCursor for anything else."""
        if not self.sort:
            return None
        try:
            found = datetime.fromisoformat(self.sort)
            return found.astimezone(UTC) if found.tzinfo else self._refuse()
        except (ValueError, OverflowError) as error:
            raise BadCursor from error

    @property
    def number(self) -> int:
        """The id of a list of numbered rows; BadCursor for anything else."""
        return int(self.id) if _NUMBER.fullmatch(self.id) and not self.sort else self._refuse()

    @property
    def rank(self) -> float:
        """What a list sorted by likeness goes on after; BadCursor for anything else."""
        return float(self.sort) if _RANK.fullmatch(self.sort) else self._refuse()

    @property
    def bare_id(self) -> str:
        """What a list sorted by id alone goes on after; BadCursor for anything else."""
        return self._refuse() if self.sort else self.id

    def _refuse(self) -> NoReturn:
        raise BadCursor


def by_time(at: datetime | None, id_: str) -> Position:
    """The position of a row in a list sorted by time; `at` is aware."""
    return Position(at.isoformat() if at else "", id_)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows, and where the next page goes on; None after the last."""

    items: Sequence[T]
    next: Position | None = None

    @classmethod
    def cut(cls, found: Sequence[T], limit: int, position: Callable[[T], Position]) -> Page[T]:
        """From up to one row more than asked for, which tells whether there is a next page."""
        items = found[:limit]
        return cls(items, position(items[-1]) if len(found) > limit else None)
