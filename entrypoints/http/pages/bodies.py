"""JSON as people read it: indented, each object and list foldable, always left to right."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from markupsafe import Markup

MOST_SHOWN: Final = 200_000
"""Characters of a body that a page shows; the rest is at the API."""
_DEEP: Final = 40
_OPEN: Final = 2
"""Levels that are unfolded to begin with."""


def pretty(text: str) -> str:
    """Indented where it is JSON, else as it is."""
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return text


def foldable(text: str) -> Markup:
    """Nested `<details>` where it is JSON of a bearable depth, else the text in a `<pre>`; escaped all through."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return _plain(text)
    if len(text) > MOST_SHOWN or _depth(value) > _DEEP:
        return _plain(pretty(text))
    return Markup('<div class="json" dir="ltr">{}</div>').format(Markup("").join(_lines(value, Markup(""), 0)))


def _plain(text: str) -> Markup:
    return Markup('<pre class="code" dir="ltr" tabindex="0"><code>{}</code></pre>').format(text[:MOST_SHOWN])


def _depth(value: object) -> int:
    """How many levels there are, counted without recursion."""
    deepest, left = 0, [(value, 1)]
    while left:
        one, level = left.pop()
        deepest = max(deepest, level)
        left.extend((inner, level + 1) for inner in _inner(one))
    return deepest


def _inner(value: object) -> list[object]:
    match value:
        case dict():
            return list(value.values())
        case list():
            return list(value)
        case _:
            return []


def _lines(value: object, name: Markup, level: int) -> Iterator[Markup]:
    match value:
        case dict() if value:
            inner = (
                (Markup('<span class="name">{}</span>: ').format(json.dumps(key, ensure_ascii=False)), one)
                for key, one in value.items()
            )
            yield _folded(
                name, "{", "}", len(value), [line for key, one in inner for line in _lines(one, key, level + 1)], level
            )
        case list() if value:
            found = [line for one in value for line in _lines(one, Markup(""), level + 1)]
            yield _folded(name, "[", "]", len(value), found, level)
        case _:
            text = json.dumps(value, ensure_ascii=False)
            kind = type(value).__name__.lower()
            yield Markup('<div class="line">{}<span class="{}">{}</span></div>').format(name, kind, text)


def _folded(name: Markup, first: str, last: str, count: int, inner: list[Markup], level: int) -> Markup:
    return Markup(
        '<details{}><summary>{}{} <span class="count">{}</span> {}</summary><div class="inner">{}</div></details>'
    ).format(Markup(" open") if level < _OPEN else "", name, first, count, last, Markup("").join(inner))
