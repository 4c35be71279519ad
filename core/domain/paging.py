"""Where a listing goes on, and where it ends.

Zid pages in three ways: numbered pages with totals only (orders, coupons, carts), a
`next` URL (the products family), a cursor (customers). Wherever an answer leaves the
end open, a page is asked for once more; an empty page is always the end (U16, U20).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from core.errors import UnknownShape

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a listing goes on; `token` is its text form, to be kept and read back after a crash.

    `page` counts from 1, `seen` the rows before it; `cursor` and `query` take the place of
    `page` where Zid hands them out. An empty cursor means that Zid was asked and has none.
    """

    page: int = 1
    seen: int = 0
    cursor: str | None = None
    query: tuple[tuple[str, str], ...] = ()

    @property
    def token(self) -> str:
        """The place as one line of text."""
        own = {"page": str(self.page), "seen": str(self.seen)}
        if self.cursor is not None:
            own["cursor"] = self.cursor
        if self.query:
            own["query"] = urlencode(self.query)
        return urlencode(own)

    @classmethod
    def parse(cls, token: str) -> Place:
        """The place a token names; UnknownShape for anything else."""
        found = dict(parse_qsl(token, keep_blank_values=True))
        page, seen = found.get("page", ""), found.get("seen", "")
        if not (page.isdecimal() and seen.isdecimal() and int(page) >= 1):
            raise UnknownShape("that is no page token; start again without one")
        return cls(int(page), int(seen), found.get("cursor"), tuple(parse_qsl(found.get("query", ""))))


START = Place()


@dataclass(frozen=True, slots=True)
class Page(Generic[T_co]):
    """Some rows of a listing. `next` is None at its end; `total` is Zid's own count, where it sends one.

    `unreadable` says why rows were left out, one line each.
    """

    items: Sequence[T_co]
    next: Place | None
    total: int | None = None
    unreadable: tuple[str, ...] = ()


def after_numbered(here: Place, rows: int, size: int, total: int | None, last_page: int | None) -> Place | None:
    """The page after a numbered one.

    A page may hold fewer rows than asked for (X31), so totals decide by the rows seen,
    never by page × size; without any total a short page is the end.
    """
    following = Place(page=here.page + 1, seen=here.seen + rows)
    if rows == 0:
        return None
    if last_page is not None:
        return following if here.page < last_page else None
    if total is not None:
        return following if following.seen < total else None
    return following if rows >= size else None


def after_link(here: Place, rows: int, link: str | None) -> Place | None:
    """The page a `next` URL names. Only its query counts: Zid writes http://, and hosts are ours to choose."""
    if not link or rows == 0:
        return None
    query = tuple(parse_qsl(urlsplit(link).query))
    if not query or query == here.query:
        return None
    return Place(here.page + 1, here.seen + rows, query=query)


def after_cursor(here: Place, rows: int, cursor: str | None) -> Place | None:
    """The page after a cursor."""
    if cursor is None or rows == 0 or cursor == here.cursor:
        return None
    return Place(here.page + 1, here.seen + rows, cursor=cursor)
