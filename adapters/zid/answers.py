"""Reading the body of an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import orjson

from core.domain.documents import Document, as_document, sub
from core.domain.exchange import Answer
from core.errors import UnknownShape

T = TypeVar("T")


def read_json(answer: Answer) -> object:
    """The JSON of an answer, None for an empty body. UnknownShape for anything else, such as an HTML page."""
    if not answer.body.strip():
        return None
    try:
        return _opened(orjson.loads(answer.body))
    except orjson.JSONDecodeError:
        raise UnknownShape(f"Zid answered {answer.status} with {len(answer.body)} bytes that are no JSON") from None


def _opened(content: object) -> object:
    """What stands in the documented envelope `{status, success: true, data}`, which was never seen live (X24)."""
    if isinstance(content, Mapping) and content.get("success") is True and "data" in content:
        return content["data"]
    return content


def read_document(answer: Answer) -> Document:
    """The JSON object of an answer; UnknownShape when it is none."""
    return as_document(read_json(answer))


def one(read: Callable[[Document], T], *keys: str) -> Callable[[Answer, object], T]:
    """Reads one object: under one of the keys, in `payload` or `data`, or at the root."""
    return lambda answer, _: read(unwrapped(read_document(answer), keys))


def unwrapped(document: Document, keys: Sequence[str]) -> Document:
    """The object under the first key that holds one, looking into Zid's envelopes; else the document itself."""
    for inner in (document, sub(document, "payload"), sub(document, "data")):
        for key in keys:
            if found := sub(inner, key):
                return found
    return sub(document, "payload") or sub(document, "data") or document


def nothing(_: Answer, __: object) -> None:
    """Only the status counts."""


def many(read: Callable[[Document], T], *keys: str) -> Callable[[Answer, object], Sequence[T]]:
    """Reads a list that Zid does not page, under one of the keys, or bare."""
    return lambda answer, _: tuple(readable(read, rows_of(read_json(answer), keys))[0])


def rows_of(content: object, keys: Sequence[str]) -> Sequence[object]:
    """The list under one of the keys, in an envelope or not, or the list itself; UnknownShape without one."""
    if isinstance(content, list):
        return content
    document = as_document(content)
    for inner in (document, sub(document, "payload"), sub(document, "data")):
        for key in keys:
            if isinstance(found := inner.get(key), list):
                return found
    raise UnknownShape(f"the answer holds no list {' or '.join(keys)}")


def readable(read: Callable[[Document], T], listed: Sequence[object]) -> tuple[list[T], tuple[str, ...]]:
    """The rows that can be read, and why the others cannot: one odd row does not hide its neighbours."""
    found: list[T] = []
    problems: list[str] = []
    for row in listed:
        try:
            found.append(read(as_document(row)))
        except UnknownShape as problem:
            problems.append(problem.reason)
    return found, tuple(problems)
