"""What went wrong, as RFC 9457 problems: one table from our errors to answers with stable types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil
from types import MappingProxyType
from typing import Final

import msgspec
from aiohttp import web

from core import errors
from core.ports.segments import NameTaken

CONTENT_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "/problems/"


@dataclass(frozen=True, slots=True)
class Kind:
    """One type of problem: `slug` is its stable name, `meaning` says what to do about it."""

    slug: str
    status: int
    title: str
    meaning: str


KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        kind.slug: kind
        for kind in (
            Kind("bad-request", 400, "The request is not understood", "Correct the part that `detail` names."),
            Kind(
                "unauthorized", 401, "No valid API key", "Send `Authorization: Bearer wasl_…` with a key that exists."
            ),
            Kind("wrong-credentials", 401, "Wrong credentials", "Send the credentials the webhook was created with."),
            Kind("visit-over", 401, "The visit is over", "Open the app again from Zid's dashboard."),
            Kind("forbidden", 403, "Not for this network", "Ask from an address that METRICS_ALLOW contains."),
            Kind("insufficient-scope", 403, "This key may not do that", "Use a key with the scope that `needs` names."),
            Kind("missing-scope", 403, "The app lacks a permission", "Tick `scope` in the Partner Dashboard."),
            Kind("https-required", 403, "Only by https", "Ask by https, and replace a key that was sent without it."),
            Kind("not-found", 404, "There is no such thing", "Check the address and the id in it."),
            Kind("zid-not-found", 404, "Zid has no such thing", "Check the id; it may have been deleted at Zid."),
            Kind("method-not-allowed", 405, "Not with this method", "Use a method that the `Allow` header names."),
            Kind("conflict", 409, "The state does not allow it", "Read the thing again, then decide."),
            Kind(
                "in-progress", 409, "The same request is being handled", "Wait for `Retry-After` seconds and repeat it."
            ),
            Kind(
                "outcome-unknown",
                409,
                "It may or may not have happened",
                "Look whether it did, as `how_to_check` says, before you ask again under a new Idempotency-Key.",
            ),
            Kind("needs-reauthorization", 409, "The store must be authorized again", "Let the merchant install again."),
            Kind("too-large", 413, "The body is too large", "Send less at once."),
            Kind(
                "wrong-host",
                421,
                "Not a name of this service",
                "Ask by the name in PUBLIC_URL, or let the operator add yours to ALLOWED_HOSTS.",
            ),
            Kind(
                "key-reused",
                422,
                "The Idempotency-Key was used for another request",
                "Use a new key for a new request, and repeat a request unchanged.",
            ),
            Kind("zid-refused", 422, "Zid refused", "Change the request; `zid` holds what Zid said."),
            Kind("zid-rate-limited", 429, "Zid's allowance is used up", "Wait for `Retry-After` seconds."),
            Kind("rate-limited", 429, "Too many requests", "Wait for `Retry-After` seconds, then ask less often."),
            Kind("overloaded", 429, "Too much at once", "Wait for `Retry-After` seconds and send it again."),
            Kind("internal", 500, "Something unexpected happened", "Tell the operator the request id."),
            Kind(
                "configuration", 500, "This installation is set up wrongly", "Let the operator fix what the log names."
            ),
            Kind("unreadable", 502, "An answer that cannot be read", "Tell the operator the request id."),
            Kind("unavailable", 503, "Something does not answer", "Wait for `Retry-After` seconds and try again."),
            Kind(
                "not-offered",
                501,
                "Zid publishes no way to do it",
                "Change it at Zid; leave the fields that `fields` names out of the request.",
            ),
        )
    }
)

_OF_ERROR: Final[Mapping[type[errors.WaslError], str]] = MappingProxyType(
    {
        errors.TryLater: "unavailable",
        errors.RateLimited: "zid-rate-limited",
        errors.NeedsReauthorization: "needs-reauthorization",
        errors.MissingScope: "missing-scope",
        errors.FixSetup: "configuration",
        errors.Refused: "zid-refused",
        errors.NotFound: "zid-not-found",
        errors.OutcomeUnknown: "outcome-unknown",
        errors.Stale: "conflict",
        NameTaken: "conflict",
        errors.Unreadable: "unreadable",
        errors.WaslError: "internal",
    }
)
_OF_STATUS: Final[Mapping[int, str]] = MappingProxyType(
    {400: "bad-request", 404: "not-found", 405: "method-not-allowed", 413: "too-large"}
)
_HIDDEN: Final = frozenset({"configuration", "internal", "unreadable"})
"""Problems whose cause is for the operator's log, not for the caller."""

NOT_SENT: Final = "not_sent"
"""The code of refusals that are our own."""

Extra = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Problem:
    """One occurrence of a kind of problem."""

    kind: Kind
    detail: str
    retry_after: float | None = None
    extra: Extra = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """Ends the request with this problem."""

    def __init__(
        self,
        slug: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        retry_after: float | None = None,
        **extra: object,
    ) -> None:
        super().__init__(detail)
        self.problem = Problem(KINDS[slug], detail, retry_after, extra=extra, headers=headers or {})


def bad_request(parameter: str, fix: str) -> Refusal:
    """The request is wrong at `parameter`; `fix` says how to write it."""
    return Refusal("bad-request", f"{parameter}: {fix}", parameter=parameter)


def not_found(what: str) -> Refusal:
    return Refusal("not-found", f"there is no {what}")


def problem_of(error: errors.WaslError) -> Problem:
    """The problem of the nearest class in the table; causes that concern only the operator are left out."""
    if isinstance(error, errors.Invalid) and error.code == NOT_SENT:
        return _not_sent(error)
    slug = next(_OF_ERROR[ancestor] for ancestor in type(error).__mro__ if ancestor in _OF_ERROR)
    kind = KINDS[slug]
    detail = kind.meaning if slug in _HIDDEN else str(error)
    wait = error.retry_after if isinstance(error, errors.TryLater) else None
    return Problem(kind, detail, wait, _extra(error))


def _not_sent(error: errors.Invalid) -> Problem:
    """A parameter that our own rules refused before Zid was asked."""
    name = next(iter(error.fields), "body")
    return Problem(KINDS["bad-request"], error.message, extra={"parameter": name})


def problem_of_status(error: web.HTTPException) -> Problem:
    """The problem of an answer the HTTP server itself gives, such as 404 or 405."""
    kind = KINDS[_OF_STATUS.get(error.status, "internal" if error.status >= 500 else "bad-request")]
    kept = {name: value for name, value in error.headers.items() if name.lower() == "allow"}
    return Problem(kind, kind.meaning, headers=kept)


def internal() -> Problem:
    kind = KINDS["internal"]
    return Problem(kind, kind.meaning)


def respond(problem: Problem, request_id: str) -> web.Response:
    """The problem as its JSON document."""
    document: dict[str, object] = {
        "type": TYPE_PREFIX + problem.kind.slug,
        "title": problem.kind.title,
        "status": problem.kind.status,
        "detail": problem.detail,
        "request_id": request_id,
        **problem.extra,
    }
    return web.Response(
        body=msgspec.json.encode(document),
        status=problem.kind.status,
        content_type=CONTENT_TYPE,
        headers=headers_of(problem),
    )


def headers_of(problem: Problem) -> dict[str, str]:
    """The problem's own headers, and a `Retry-After` of whole seconds where waiting helps."""
    found = dict(problem.headers)
    if problem.retry_after is not None or problem.kind.status in {429, 503}:
        found["Retry-After"] = str(max(1, ceil(problem.retry_after or 1)))
    return found


def _extra(error: errors.WaslError) -> Extra:
    match error:
        case errors.Refused():
            zid = {"status": error.status, "message": error.message, "code": error.code, "fields": error.fields}
            return {"zid": {**zid, "request_id": error.request_id}}
        case errors.MissingScope():
            return {"scope": error.scope}
        case errors.OutcomeUnknown():
            return {"how_to_check": error.how_to_check}
        case errors.NeedsReauthorization():
            return {"store_id": error.store_id}
        case errors.Unavailable():
            return {"dependency": error.dependency}
        case _:
            return {}
