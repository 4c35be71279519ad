"""Every envelope of Zid's refusals, and the error it becomes."""

import json
from typing import Any

import pytest

from adapters.zid.errors import LONGEST_MESSAGE, error_after, read_refusal
from core.domain.exchange import Answer, AnswerLost, NotSent, Sent, judge
from core.domain.operations.operation import Operation
from core.domain.operations.orders import GetOrder
from core.domain.operations.webhooks import DeleteWebhooks
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
    WaslError,
)
from core.ids import StoreId


def answer(status: int, body: Any, **more: Any) -> Answer:
    return Answer(status, body if isinstance(body, bytes) else json.dumps(body).encode(), **more)


ENVELOPES = [
    # Zid's own, the documented failure of the managers family
    (
        {"status": "error", "message": {"type": "error", "code": "X1", "name": "n", "description": "Not so"}},
        ("Not so", "X1", {}),
    ),
    (
        {"status": "error", "message": {"type": "error", "code": None, "name": "Name", "description": None}},
        ("Name", None, {}),
    ),
    # Laravel, as in the SDK's mocks
    (
        {"message": "Unauthenticated", "error_code": "ERROR_SESSION_INVALID"},
        ("Unauthenticated", "ERROR_SESSION_INVALID", {}),
    ),
    (
        {"message": "Validation failed", "order_status": ["Invalid status value"]},
        ("Validation failed", None, {"order_status": ["Invalid status value"]}),
    ),
    # Django REST
    ({"detail": "No such user"}, ("No such user", None, {})),
    (
        {"name": ["This field is required."]},
        ("name: This field is required.", None, {"name": ["This field is required."]}),
    ),
    (
        {"message": "taken", "code": ["in use"], "status": ["odd"]},
        ("taken", None, {"code": ["in use"], "status": ["odd"]}),
    ),
    ([{"sku": ["a"]}, {}, {"sku": ["b"]}], ("several items were refused; sku: a b", None, {"sku": ["a", "b"]})),
    # FastAPI
    ({"detail": [{"loc": ["body", "price"], "msg": "bad"}]}, ("bad", None, {"body.price": ["bad"]})),
    # the documented generic one
    (
        {
            "status": 422,
            "success": False,
            "error": {"code": "validation_failed", "message": "Invalid input data.", "fields": {"email": ["bad"]}},
        },
        ("Invalid input data.", "validation_failed", {"email": ["bad"]}),
    ),
    # league
    (
        {"error": "invalid_grant", "error_description": "The refresh token is invalid.", "hint": "h"},
        ("The refresh token is invalid.", "invalid_grant", {}),
    ),
    ({}, ("no reason was given", None, {})),
    ("text", ("no reason was given", None, {})),
    (None, ("no reason was given", None, {})),
]


@pytest.mark.parametrize(("body", "expected"), ENVELOPES)
def test_every_envelope_is_understood(body: Any, expected: tuple[str, str | None, dict[str, list[str]]]) -> None:
    refusal = read_refusal(answer(422, body))
    assert (refusal.message, refusal.code, refusal.fields) == expected


@pytest.mark.parametrize("body", [b"", b"<html>Sorry</html>", b"\xff\xfe", b'{"message":', b"[" * 5000])
def test_a_body_that_is_no_json_never_raises(body: bytes) -> None:
    assert "Sorry" not in read_refusal(answer(502, body)).message


def test_a_long_message_is_cut() -> None:
    assert len(read_refusal(answer(400, {"message": "x" * 9000})).message) == LONGEST_MESSAGE


READ: Operation[Any] = GetOrder("1")
WRITE: Operation[Any] = DeleteWebhooks("1292")


@pytest.mark.parametrize(
    ("sent", "operation", "kind"),
    [
        (answer(401, {"detail": "No such user"}), READ, NeedsReauthorization),
        (answer(302, b""), READ, NeedsReauthorization),
        (answer(403, {"detail": "You do not have permission…"}), READ, MissingScope),
        (answer(429, b""), READ, RateLimited),
        (answer(404, {"detail": "Not found."}), READ, NotFound),
        (answer(410, b""), READ, NotFound),
        (answer(400, {"message": "no"}), READ, Invalid),
        (answer(422, {"message": "no"}), READ, Invalid),
        (answer(405, b""), READ, Refused),
        (answer(500, b"<html>"), READ, ServerFault),
        (answer(500, b"<html>"), WRITE, OutcomeUnknown),
        (AnswerLost("cut"), READ, Unavailable),
        (AnswerLost("cut"), WRITE, OutcomeUnknown),
        (NotSent("refused"), WRITE, Unavailable),
    ],
)
def test_the_error_is_the_callers_next_move(sent: Sent, operation: Operation[Any], kind: type[WaslError]) -> None:
    assert type(error_after(sent, judge(sent), operation, StoreId(7))) is kind


def test_errors_carry_what_zid_said() -> None:
    error = error_after(
        answer(422, {"message": "no", "sku": ["taken"]}, request_id="r-1"), judge(Answer(422)), READ, StoreId(7)
    )
    assert isinstance(error, Invalid)
    assert (error.status, error.message, error.fields, error.request_id) == (422, "no", {"sku": ["taken"]}, "r-1")


def test_a_throttle_names_how_long_to_stay_away() -> None:
    with_header = error_after(Answer(429, retry_after=7.0), judge(Answer(429)), READ, StoreId(7))
    without = error_after(Answer(429), judge(Answer(429)), READ, StoreId(7))
    assert isinstance(with_header, RateLimited)
    assert isinstance(without, RateLimited)
    assert (with_header.retry_after, without.retry_after) == (7.0, 60.0)


def test_a_missing_permission_is_named() -> None:
    error = error_after(Answer(403), judge(Answer(403)), READ, StoreId(7))
    assert isinstance(error, MissingScope)
    assert error.scope == "orders.read"
