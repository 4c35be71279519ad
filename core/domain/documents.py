"""Reading Zid's JSON without trusting its shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.errors import UnknownShape

Document = Mapping[str, object]
"""A JSON object as a parser returns it."""


def as_document(value: object) -> Document:
    """The value if it is a JSON object; UnknownShape otherwise."""
    if isinstance(value, dict):
        return value
    raise UnknownShape(f"expected a JSON object, got {type(value).__name__}")


def sub(document: Document, *path: str) -> Document:
    """The object at a path, or an empty one: Zid writes `[]`, null or a string where an object is absent."""
    here: object = document
    for key in path:
        here = here.get(key) if isinstance(here, dict) else None
    return here if isinstance(here, dict) else {}


def rows(document: Document, key: str) -> Sequence[Document]:
    """The objects of a list, or none."""
    found = document.get(key)
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def text(value: object) -> str | None:
    """A string or number as text; None for anything else or empty."""
    if isinstance(value, str):
        return value.strip() or None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def both_languages(value: object) -> dict[str, str]:
    """`{"ar": …, "en": …}` from either of Zid's forms (an object, or one string), empty values left out."""
    if isinstance(value, str):
        return {"ar": value} if value else {}
    if isinstance(value, Mapping):
        return {lang: name for lang in ("ar", "en") if isinstance(name := value.get(lang), str) and name}
    return {}
