"""Values as people read them, and nothing in them that a terminal would obey."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from typing import Final

_KEPT: Final = "\n\t"
_STEERING: Final = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that turn the direction of what stands beside them."""


def text_of(value: object) -> str:
    """A value as people read it."""
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"
        case list() | tuple():
            return ", ".join(map(text_of, value)) or "-"
        case dict():
            return ", ".join(f"{key}={text_of(inner)}" for key, inner in value.items()) or "-"
        case _:
            return plain_text(str(value))


def plain_text(text: str) -> str:
    """The text without escape sequences and marks of direction: a store's name must not repaint the screen."""
    if text.isascii() and text.isprintable():
        return text
    return "".join("\ufffd" if _steers(character) else character for character in text)


def _steers(character: str) -> bool:
    if character in _KEPT:
        return False
    return character in _STEERING or unicodedata.category(character) == "Cc"
