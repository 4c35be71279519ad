"""Every operation reads the answer that is kept for it, into clean values."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.zid.routes import ROUTES
from core.domain.exchange import Answer
from core.domain.operations.operation import Listing, Operation
from core.domain.paging import Page
from core.errors import UnknownShape

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "zid"
KINDS = sorted(ROUTES, key=lambda kind: kind.__name__)


def kept_for(kind: type[Operation[Any]]) -> tuple[int, Any]:
    """Status and body; a fixture may point to one that was recorded."""
    kept = json.loads((FIXTURES / "operations" / f"{kind.__name__}.json").read_text())
    body = json.loads((FIXTURES / kept["file"]).read_text()) if "file" in kept else kept["body"]
    return kept["status"], body


def asked(kind: type[Operation[Any]]) -> Any:
    """A listing with any ids it needs; other operations are not looked at by their readers."""
    if not issubclass(kind, Listing):
        return kind
    needed = [one.name for one in fields(kind) if one.default is MISSING and one.default_factory is MISSING]
    return kind(**dict.fromkeys(needed, "1"))


def read(kind: type[Operation[Any]], status: int, body: Any) -> Any:
    content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    return ROUTES[kind].result(asked(kind), Answer(status, content))


def leaves(value: Any) -> Iterator[Any]:
    """Everything in a result but what is kept raw."""
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from leaves(item)
    elif is_dataclass(value) and not isinstance(value, type):
        for one in fields(value):
            if one.name != "raw":
                yield from leaves(getattr(value, one.name))
    else:
        yield value


@pytest.mark.parametrize("kind", KINDS)
def test_the_kept_answer_is_read_into_clean_values(kind: type[Operation[Any]]) -> None:
    """No floats, no times without a zone; rows are all read."""
    result = read(kind, *kept_for(kind))
    if isinstance(result, Page):
        assert result.items
        assert result.unreadable == ()
    for leaf in leaves(result):
        assert not isinstance(leaf, (float, dict)), f"{leaf!r} is not clean"
        if isinstance(leaf, datetime):
            assert leaf.tzinfo is UTC


READS_NOTHING = {kind for kind in KINDS if ROUTES[kind].read.__name__ == "nothing"}


def test_the_documented_envelope_changes_nothing() -> None:
    for kind in KINDS:
        status, body = kept_for(kind)
        enveloped = {"status": status, "success": True, "data": body}
        assert read(kind, status, enveloped) == read(kind, status, body), kind


@pytest.mark.parametrize("body", [b"<html>Sorry</html>", b'{"status":"obj', b'"text"'], ids=["html", "cut", "text"])
def test_what_is_no_answer_is_unreadable(body: bytes) -> None:
    for kind in set(KINDS) - READS_NOTHING:
        with pytest.raises(UnknownShape):
            read(kind, 200, body)


@pytest.mark.parametrize("body", [b"", b"<html>done</html>", b"{}"], ids=["empty", "html", "object"])
def test_where_only_the_status_counts_any_body_will_do(body: bytes) -> None:
    assert [read(kind, 200, body) for kind in READS_NOTHING] == [None] * len(READS_NOTHING)
