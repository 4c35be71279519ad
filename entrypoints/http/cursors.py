"""Cursors of lists: opaque to callers, so that what they hold may change."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Final, TypeVar

from entrypoints.http.problems import bad_request

T = TypeVar("T")
_CONTENT: Final = re.compile(r"(?P<kind>[a-z]+):(?P<number>[0-9]{1,18})")


def encode(kind: str, number: int) -> str:
    return urlsafe_b64encode(f"{kind}:{number}".encode()).decode().rstrip("=")


def decode(kind: str, cursor: str | None) -> int | None:
    """The number in a cursor of this kind of list; 400 for anything that is not one."""
    if cursor is None:
        return None
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except ValueError:
        text = ""
    found = _CONTENT.fullmatch(text)
    if found is None or found["kind"] != kind:
        raise bad_request("cursor", "pass on `next_cursor` of the same list unchanged")
    return int(found["number"])


def cut(found: Sequence[T], limit: int) -> tuple[Sequence[T], T | None]:
    """One page of what was read one too many, and its last member when there is more."""
    page = found[:limit]
    return page, page[-1] if len(found) > limit else None
