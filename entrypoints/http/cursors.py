"""Cursors of lists: opaque to callers, so that what they hold may change."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Final, TypeVar

from entrypoints.http.problems import Refusal, bad_request

T = TypeVar("T")
_NUMBER: Final = re.compile(r"[0-9]{1,18}", re.ASCII)


def encode(kind: str, number: int) -> str:
    return seal_text(kind, str(number))


def decode(kind: str, cursor: str | None) -> int | None:
    """The number in a cursor of this kind of list; 400 for anything that is not one."""
    if cursor is None:
        return None
    text = open_text(kind, cursor)
    if not _NUMBER.fullmatch(text):
        raise foreign()
    return int(text)


def seal_text(kind: str, text: str) -> str:
    return urlsafe_b64encode(f"{kind}:{text}".encode()).decode().rstrip("=")


def open_text(kind: str, cursor: str) -> str:
    """The text in a cursor of this kind of list; 400 for anything that is not one."""
    try:
        found, separator, text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition(":")
    except ValueError:
        raise foreign() from None
    if not separator or found != kind or seal_text(kind, text) != cursor:
        raise foreign()
    return text


def foreign() -> Refusal:
    """The cursor is not one of this list."""
    return bad_request("cursor", "pass on `next_cursor` of the same list unchanged")


def cut(found: Sequence[T], limit: int) -> tuple[Sequence[T], T | None]:
    """One page of what was read one too many, and its last member when there is more."""
    page = found[:limit]
    return page, page[-1] if len(found) > limit else None
