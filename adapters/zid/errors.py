"""Zid's refusals, in every envelope its back-ends use, as the errors of the core.

Messages are localized texts for people; statuses and codes decide. Envelopes: Zid's
own `{status, message{…, description}}`, Laravel's `{message, <field>: [..]}`, Django's
`{detail}` and lists, FastAPI's `{detail: [{loc, msg}]}`, and the documented generic
`{success: false, error{code, message, fields}}` that was never seen live (X24).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from adapters.zid.answers import read_json
from core.domain.documents import Document, rows, sub, text
from core.domain.exchange import Answer, AnswerLost, NotSent, Sent, Verdict
from core.domain.operations.operation import Operation
from core.errors import (
    Invalid,
    MissingScope,
    NeedsReauthorization,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Refused,
    ServerFault,
    Unavailable,
    UnknownShape,
    WaslError,
)
from core.ids import StoreId

THROTTLED_FOR: Final = 60.0
"""Seconds to stay away after a 429 that names none; what Zid's own SDK assumes."""
LONGEST_MESSAGE: Final = 300
_NO_REASON: Final = "no reason was given"
_NO_FIELDS: Final = frozenset({"message", "error", "error_description", "detail", "hint"})
"""Keys that speak of the whole request; `code` and `status` can be fields as well, of a coupon or a voucher."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a body says about a refusal."""

    message: str
    code: str | None = None
    fields: dict[str, list[str]] = field(default_factory=dict)


def read_refusal(answer: Answer) -> Refusal:
    """Understands every envelope; never raises."""
    try:
        content = read_json(answer)
    except UnknownShape as unreadable:
        return Refusal(str(unreadable))
    if isinstance(content, Mapping):
        fields = _fields(content)
        return Refusal((_message(content) or _of_fields(fields))[:LONGEST_MESSAGE], _code(content), fields)
    if isinstance(content, list):
        fields = _merged(_fields(row) for row in content if isinstance(row, Mapping))
        return Refusal(f"several items were refused; {_of_fields(fields)}"[:LONGEST_MESSAGE], fields=fields)
    return Refusal(_NO_REASON)


def _of_fields(fields: Mapping[str, list[str]]) -> str:
    """What the fields say, for a body that has no message of its own."""
    return "; ".join(f"{name}: {' '.join(lines)}" for name, lines in fields.items()) or _NO_REASON


def _message(body: Document) -> str:
    """In the order in which Zid's SDK looks: message, error, detail; empty without any."""
    candidates = (
        body.get("message"),
        sub(body, "message").get("description"),
        sub(body, "message").get("name"),
        sub(body, "error").get("message"),
        body.get("error_description"),
        body.get("error"),
        body.get("detail"),
        *(detail.get("msg") for detail in rows(body, "detail")),
    )
    return next((found for found in map(text, candidates) if found), "")


def _code(body: Document) -> str | None:
    candidates = (
        body.get("error_code"),
        body.get("code"),
        sub(body, "message").get("code"),
        sub(body, "error").get("code"),
        body.get("error"),
    )
    return next((found for found in map(text, candidates) if found), None)


def _fields(body: Document) -> dict[str, list[str]]:
    """Root keys holding lists of strings, the documented `error.fields`, and FastAPI's locations."""
    located = [
        {".".join(map(str, _location(detail))): [str(detail["msg"])]}
        for detail in rows(body, "detail")
        if "msg" in detail
    ]
    named = {name: value for name, value in body.items() if name not in _NO_FIELDS}
    return _merged([_texts(named), _texts(sub(body, "error", "fields")), *located])


def _location(detail: Document) -> list[object]:
    found = detail.get("loc")
    return found if isinstance(found, list) else []


def _texts(body: Document) -> dict[str, list[str]]:
    return {
        name: value
        for name, value in body.items()
        if isinstance(value, list) and value and all(isinstance(line, str) for line in value)
    }


def _merged(parts: Iterable[Mapping[str, list[str]]]) -> dict[str, list[str]]:
    merged: dict[str, list[str]] = {}
    for part in parts:
        for name, lines in part.items():
            merged.setdefault(name, []).extend(lines)
    return merged


def refused(answer: Answer) -> Refused:
    """The error of a 4xx that concerns the request itself."""
    refusal = read_refusal(answer)
    kind = {404: NotFound, 410: NotFound, 400: Invalid, 422: Invalid}.get(answer.status, Refused)
    return kind(answer.status, refusal.message, code=refusal.code, fields=refusal.fields, request_id=answer.request_id)


def error_after(sent: Sent, verdict: Verdict, operation: Operation[object], store_id: StoreId) -> WaslError:
    """The error of an operation that was given up."""
    match sent:
        case Answer():
            return _error_of_answer(sent, verdict, operation, store_id)
        case NotSent(reason):
            return Unavailable("Zid", reason)
        case AnswerLost(reason):
            return _perhaps(operation, store_id, Unavailable("Zid", reason))


def _error_of_answer(answer: Answer, verdict: Verdict, operation: Operation[object], store_id: StoreId) -> WaslError:
    match verdict:
        case Verdict.TOKENS_REFUSED:
            return NeedsReauthorization(store_id, f"Zid refuses its renewed tokens ({answer.status})")
        case Verdict.FORBIDDEN:
            return MissingScope(operation.scope)
        case Verdict.THROTTLED:
            return RateLimited(f"Zid throttles store {store_id}", answer.retry_after or THROTTLED_FOR)
        case Verdict.FAULT:
            fault = ServerFault("Zid", f"it answered {answer.status}", answer.retry_after or 1.0)
            return _perhaps(operation, store_id, fault)
        case _:
            return refused(answer)


def _perhaps(operation: Operation[object], store_id: StoreId, nothing_happened: WaslError) -> WaslError:
    """A write that may have happened is not the same as one that did not."""
    if not operation.writes:
        return nothing_happened
    name = type(operation).__name__
    return OutcomeUnknown(f"{name} of store {store_id}", operation.check)
