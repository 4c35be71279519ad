"""Single fields of Zid's JSON, each in every type it was seen with."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Final, TypeVar

from core.domain.documents import Document, rows, text
from core.domain.money import parse_amount
from core.domain.timestamps import parse_time
from core.errors import UnknownShape

T = TypeVar("T")

_UNDASHED: Final = re.compile(r"[0-9a-fA-F]{32}")


def needed_id(document: Document, what: str, *keys: str) -> str:
    """The id under one of the keys (`id` if none is named); UnknownShape when there is none."""
    for key in keys or ("id",):
        if found := same_id(document.get(key)):
            return found
    raise UnknownShape(f"{what} without an id")


def same_id(value: object) -> str | None:
    """An id as text; a UUID that Zid wrote without dashes gets them back."""
    found = text(value)
    if found and _UNDASHED.fullmatch(found):
        found = found.lower()
        return "-".join((found[:8], found[8:12], found[12:16], found[16:20], found[20:]))
    return found


def flag(value: object) -> bool | None:
    """A yes or no, which Zid writes as a bool, as 1 and 0, and as text; None when it is neither."""
    match value:
        case True | 1 | "1" | "true" | "True":
            return True
        case False | 0 | "0" | "false" | "False":
            return False
        case _:
            return None


def whole(value: object) -> int | None:
    """A whole number, also from text or from a float."""
    amount = parse_amount(value)
    return None if amount is None else int(amount)


def lower(value: object) -> str | None:
    """A code in lower case."""
    found = text(value)
    return found.lower() if found else None


def day(value: object) -> date | None:
    """A date without a time, such as a coupon's; the date of a time when there is one."""
    at: datetime | None = parse_time(value)
    return at.date() if at else None


def every(read: Callable[[Document], T], document: Document, key: str) -> tuple[T, ...]:
    """The readable objects of a list; those that are not stay in `raw` alone."""
    return tuple(found for row in rows(document, key) if (found := _readable(read, row)) is not None)


def _readable(read: Callable[[Document], T], row: Document) -> T | None:
    try:
        return read(row)
    except UnknownShape:
        return None


def texts(value: object) -> tuple[str, ...]:
    """The texts and numbers of a list, as text."""
    listed = value if isinstance(value, Sequence) and not isinstance(value, str) else ()
    return tuple(found for item in listed if (found := text(item)))


def first_object(*candidates: object) -> Document:
    """The first that is an object with something in it, or an empty one."""
    return next((found for found in candidates if isinstance(found, dict) and found), {})
