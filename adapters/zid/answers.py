"""Reading the body of an answer."""

from __future__ import annotations

import orjson

from core.domain.documents import Document, as_document
from core.domain.exchange import Answer
from core.errors import UnknownShape


def read_json(answer: Answer) -> object:
    """The JSON of an answer, None for an empty body. UnknownShape for anything else, such as an HTML page."""
    if not answer.body.strip():
        return None
    try:
        return orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        raise UnknownShape(f"Zid answered {answer.status} with {len(answer.body)} bytes that are no JSON") from None


def read_document(answer: Answer) -> Document:
    """The JSON object of an answer; UnknownShape when it is none."""
    return as_document(read_json(answer))
