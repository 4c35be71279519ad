"""Whatever a dead letter holds, its file is Python that does nothing but test it."""

import ast
import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.event_states import EventState, Origin
from core.ids import EntityKind, EventId, InstallId, Seq, StoreId
from core.ports.ledger_reading import EventDetail, EventSummary
from entrypoints.dead_letter_file import Exported, render_test

TEXTS = st.text(max_size=40) | st.sampled_from(
    ['"""\nprint(1)\n"""', "'''", "\\", "\n# x", "\u2028import os", "$topic"]
)


def exported(topic: str, handler: str, reason: str | None, body: bytes, *, mask: bool = False) -> Exported:
    summary = EventSummary(
        event_id=EventId(UUID(int=5)),
        seq=Seq(1),
        store_id=StoreId(1001),
        install_id=InstallId(1),
        topic=topic,
        entity_kind=EntityKind.ORDER,
        entity_id=topic,
        origin=Origin.ZID,
        state=EventState.DEAD,
        reason=reason,
        attempts=8,
        received_at=datetime(2026, 1, 1, tzinfo=UTC),
        settled_at=None,
        due_at=None,
        size=len(body),
        stale=False,
    )
    return Exported(EventDetail(summary, body, []), handler, reason, [handler], mask)


def members(written: str) -> list[str]:
    """The top level of the file, without imports."""
    found = []
    for node in ast.parse(written).body:
        match node:
            case ast.Expr(ast.Constant()):
                found.append("docstring")
            case ast.Assign([ast.Name(name)], ast.Constant()):
                found.append(name)
            case ast.FunctionDef(name) | ast.AsyncFunctionDef(name):
                found.append(name)
            case ast.Import() | ast.ImportFrom():
                continue
            case _:
                pytest.fail(f"unexpected in the file: {ast.dump(node)}")
    return found


@given(TEXTS, TEXTS, TEXTS | st.none(), TEXTS | st.binary(max_size=40), st.booleans())
def test_no_content_becomes_code(topic: str, handler: str, reason: str | None, body: str | bytes, mask: bool) -> None:
    raw = body if isinstance(body, bytes) else f'{{"note": {body!r}}}'.encode(errors="surrogatepass")
    written = render_test(exported(topic, handler, reason, raw, mask=mask))
    tests = ["test_the_handler_copes", "call"] if handler else ["test_the_body_can_be_read"]
    assert members(written) == ["docstring", "BODY", *tests]
    assert written.encode()


@pytest.mark.parametrize("body", [b'{"n": "\\ud800"}', b'{"n": "a\\u2028b"}', b"not json", b"\"'''\"", b"\xff", b""])
def test_a_body_is_kept_as_it_means(body: bytes) -> None:
    written = render_test(exported("order.create", "shop.bill", "x", body))
    [value] = [ast.literal_eval(node.value) for node in ast.parse(written).body if isinstance(node, ast.Assign)]
    try:
        meant = json.loads(body)
    except ValueError:
        assert value == body
    else:
        assert json.loads(value) == meant
