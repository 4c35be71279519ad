"""What is kept of an exception: enough to find the cause, nothing that leads to a person or opens a door."""

import json
import traceback

import pytest

from adapters.process.tracebacks import describe
from core.domain.failure_text import LONGEST_MESSAGE, fit_to_keep

TOKEN = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJhdWQiOiIyIn0.q-x_9F3z"
BODY = {"id": 7, "customer": {"name": "نورة", "mobile": "966551234567", "email": "noura@example.com"}}


@pytest.mark.parametrize(
    "message",
    [
        f"bad token {TOKEN}",
        f"Authorization: Bearer {TOKEN}",
        f"cannot handle {BODY}",
        f"cannot handle {json.dumps(BODY, ensure_ascii=False)}",
        f"cannot handle [{BODY}]",
        "noura@example.com has no order",
        "call +966 55 123 4567",
        "call 966551234567",
    ],
)
def test_secrets_documents_and_addresses_are_left_out(message: str) -> None:
    kept = fit_to_keep(message)
    for value in (TOKEN, "نورة", "966551234567", "123 4567", "noura@example.com"):
        assert value not in kept
    assert "…" in kept


@pytest.mark.parametrize(
    "message",
    [
        "order 37160512 has no address",
        "'city'",
        "run 0199c0de-0000-7000-8000-000000000001 is no longer held",
        "expected str, got int (2026-11-23 13:27:01)",
        "core.features.event_handlers.registry.names_for_a_long_module_path",
        "list index out of range: x[3]",
    ],
)
def test_what_tells_the_cause_stays(message: str) -> None:
    assert fit_to_keep(message) == message


def test_a_message_has_an_end() -> None:
    assert len(fit_to_keep("word " * 100_000)) == LONGEST_MESSAGE


def failing() -> None:
    customer = {"secret_of": "a local variable"}
    try:
        refuse(TOKEN)
    except KeyError as cause:
        raise ValueError(f"cannot handle {BODY} of {len(customer)}") from cause


def refuse(token: str) -> None:
    raise KeyError(token)


def test_a_traceback_has_frames_and_no_values() -> None:
    with pytest.raises(ValueError) as caught:
        failing()
    failure = describe(caught.value)
    assert (failure.type, failure.message) == ("ValueError", "cannot handle {…}")
    assert "in failing" in failure.traceback
    assert "direct cause" in failure.traceback
    assert failure.traceback.index("KeyError") < failure.traceback.index("ValueError: cannot")
    for value in (TOKEN, "نورة", "a local variable'", "966551234567"):
        assert value not in failure.traceback.replace('"a local variable"', "")


def hiding() -> None:
    try:
        int("no number")
    except ValueError:
        raise LookupError("gone")  # noqa: B904 - the implicit chain is what is looked at


def test_a_chain_reads_as_python_prints_it() -> None:
    with pytest.raises(LookupError) as caught:
        hiding()
    printed = "".join(traceback.format_exception(caught.value))
    assert describe(caught.value).traceback == printed


def test_the_parts_of_a_group_are_told() -> None:
    failure = describe(ExceptionGroup("two", [ValueError("first"), KeyError("second")]))
    assert "ValueError: first" in failure.traceback
    assert "KeyError: 'second'" in failure.traceback


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError


def test_an_exception_without_words_has_a_name() -> None:
    assert describe(Mute()).type == "Mute"
