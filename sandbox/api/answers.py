"""Answers and refusals of the Merchant API, before they become HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from sandbox.world.records import Json

Family = Literal["managers", "products"]

SUCCESS_MESSAGE: Json = {"type": "object", "code": None, "name": None, "description": None}


@dataclass(frozen=True, slots=True)
class Answer:
    """A status with a JSON document (None: an empty body), or with text of another type."""

    status: int = 200
    document: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None
    content_type: str = "application/json"


def managers_answer(**parts: object) -> Answer:
    """Envelope (a) of the managers family: `status`, the resource, `message`."""
    return Answer(document={"status": "object", **parts, "message": SUCCESS_MESSAGE})


def payload_answer(payload: object) -> Answer:
    """Envelope (b) of the managers family: `code`, `message`, `payload`."""
    kind = "LIST_PAYLOAD_OBJECTS" if isinstance(payload, list) else "SINGLE_PAYLOAD_OBJECT"
    return Answer(document={"code": f"SUCCESS_WITH_{kind}", "message": None, "payload": payload})


class RefusalError(Exception):
    """A request that is answered with an error: which kind, and the fields that were wrong.

    `rows` takes the place of `fields` where a list was sent: one object per item, empty for a good one.
    """

    kind = "refused"
    status = 400

    def __init__(
        self,
        fields: Mapping[str, list[str]] | None = None,
        detail: str | None = None,
        rows: Sequence[Mapping[str, list[str]]] = (),
    ) -> None:
        super().__init__(detail or self.kind)
        self.fields = dict(fields or {})
        self.detail = detail
        self.rows = [dict(row) for row in rows]


class NotAuthenticatedError(RefusalError):
    """Missing, unknown, expired or mismatched tokens, or no usable Store-Id."""

    kind, status = "authentication", 401


class ForbiddenError(RefusalError):
    """The token's scopes do not cover this."""

    kind, status = "forbidden", 403


class NotFoundError(RefusalError):
    """No such thing in this store."""

    kind, status = "not_found", 404


class NotAllowedError(RefusalError):
    """The path is known, but not with this method; `detail` names the method."""

    kind, status = "not_allowed", 405


class InvalidError(RefusalError):
    """A parameter that is missing or makes no sense; `fields` says which."""

    kind, status = "validation", 422


class BadRequestError(RefusalError):
    """What the products family answers 400 to."""

    kind, status = "validation", 400


class ConflictError(RefusalError):
    """It exists already."""

    kind, status = "conflict", 409


class ThrottledError(RefusalError):
    """Too many requests; `wait` is how long until one would pass, in sandbox seconds."""

    kind, status = "throttled", 429

    def __init__(self, wait: float) -> None:
        super().__init__()
        self.wait = wait
