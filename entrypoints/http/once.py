"""`Idempotency-Key`: a write that names one happens at most once, and every repeat gets the first one's answer.

A key belongs to the caller and the route. What ended without anything having happened is
forgotten again, so that the same key may be tried anew; what may have happened is never
sent a second time.
"""

from __future__ import annotations

from typing import Final

from aiohttp import web
from structlog import get_logger

from core.domain.idempotency import (
    Fresh,
    IdempotencyKey,
    InProgress,
    KeptAnswer,
    Mismatch,
    OutcomeLost,
    Replay,
    fingerprint,
)
from core.errors import Unavailable
from core.ids import StoreId
from entrypoints.http import problems
from entrypoints.http.api_keys import CALLER
from entrypoints.http.guarding import answer
from entrypoints.http.outcomes import outcome_of
from entrypoints.http.problems import Problem, Refusal, bad_request
from entrypoints.http.routing import Handler, Route, route_of
from entrypoints.http.services import SERVICES, HttpServices
from entrypoints.http.uploads import content_digest

log = get_logger()

KEY_HEADER: Final = "Idempotency-Key"
REPLAYED_HEADER: Final = "Idempotency-Replayed"
KEY_LENGTH: Final = 255
WAIT_SECONDS: Final = 10.0
"""How long a repeat waits for the first request before it is told to come back."""
_LOOK_EVERY: Final = 0.1
_FINISH_TRIES: Final = 5
_MAY_HAVE_HAPPENED: Final = frozenset({"outcome-unknown", "unreadable", "internal"})
_KEPT_BODY: Final = web.RequestKey("kept_body", bytes)
_KEPT_HEADERS: Final = ("Content-Type", "Location")


@web.middleware
async def once(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Writes that carry the header; everything else passes."""
    route = route_of(request)
    if route is None or not (route.keyed and route.writes) or KEY_HEADER not in request.headers:
        return await handler(request)
    key = _key_of(request, route)
    asked = fingerprint(request.method, str(request.rel_url), await content_digest(request, route))
    services = request.app[SERVICES]
    claim = await _claim(services, key, asked)
    if isinstance(claim, KeptAnswer):
        return _replay(claim)
    return await _first(request, handler, key, claim)


def given_key(request: web.Request) -> str | None:
    """The caller's key; 400 for one that is no key."""
    given = request.headers.getall(KEY_HEADER, [])
    if not given:
        return None
    key = given[0]
    if len(given) > 1 or not (key.isascii() and key.isprintable() and 0 < len(key) <= KEY_LENGTH):
        raise bad_request(KEY_HEADER, f"once, 1 to {KEY_LENGTH} printable ASCII characters")
    return key


def _key_of(request: web.Request, route: Route) -> IdempotencyKey:
    scope = f"{request[CALLER].holder} {route.method} {route.path}"
    return IdempotencyKey(scope, given_key(request) or "", _store_of(request))


def _store_of(request: web.Request) -> StoreId | None:
    """The store that the path names; what is no number is refused by the route itself."""
    named = request.match_info.get("store_id", "")
    return StoreId(int(named)) if named.isascii() and named.isdigit() and len(named) <= 18 else None


async def _claim(services: HttpServices, key: IdempotencyKey, asked: bytes) -> Fresh | KeptAnswer:
    """The right to go on, or the answer that was given. A repeat waits a while for the first request."""
    deadline = services.clock.monotonic() + WAIT_SECONDS
    while True:
        match await services.idempotency.begin(key, asked, worker=services.worker()):
            case Fresh() as fresh:
                return fresh
            case Replay(kept):
                return kept
            case Mismatch():
                raise Refusal("key-reused", problems.KINDS["key-reused"].meaning)
            case OutcomeLost(since):
                raise _lost(since.isoformat())
            case InProgress() if services.clock.monotonic() >= deadline:
                wait = {"Retry-After": "1"}
                raise Refusal("in-progress", problems.KINDS["in-progress"].meaning, headers=wait)
            case InProgress():
                await services.clock.sleep(_LOOK_EVERY)


def _lost(since: str) -> Refusal:
    how = "Read the thing it would have changed, at Zid or here; ask again under a new key only if nothing changed."
    return Refusal(
        "outcome-unknown",
        f"the first request with this key (begun {since}) ended without an answer, and is not sent again. {how}",
        how_to_check=how,
    )


async def _first(request: web.Request, handler: Handler, key: IdempotencyKey, claim: Fresh) -> web.StreamResponse:
    """Handles the request and remembers what came of it. A cancelled one stays open: its outcome is not known."""
    keys = request.app[SERVICES].idempotency
    outcome = await outcome_of(request, handler)
    if not isinstance(outcome, Problem):
        await _keep(request, key, claim, outcome)
        return outcome
    response = answer(request, outcome)
    if outcome.kind.slug in _MAY_HAVE_HAPPENED:
        await _keep(request, key, claim, response)
    else:
        await keys.abandon(key, claim.claim)
    return response


def keep_instead(request: web.Request, body: bytes) -> None:
    """The answer to come holds what may be shown once only: repeats are answered with this in its place."""
    request[_KEPT_BODY] = body


async def _keep(request: web.Request, key: IdempotencyKey, claim: Fresh, response: web.StreamResponse) -> None:
    """Where it cannot be written down the key stays open, so that a repeat is refused and never sent again."""
    services = request.app[SERVICES]
    kept = _kept(request, response)
    for _ in range(_FINISH_TRIES):
        try:
            await services.idempotency.finish(key, claim.claim, kept)
        except Unavailable as error:
            log.warning("idempotency_not_kept", problem=str(error))
            await services.clock.sleep(_LOOK_EVERY)
        else:
            return


def _kept(request: web.Request, response: web.StreamResponse) -> KeptAnswer:
    body = request.get(_KEPT_BODY) or (response.body if isinstance(response, web.Response) else b"")
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    return KeptAnswer(response.status, bytes(body) if isinstance(body, (bytes, bytearray)) else b"", headers)


def _replay(kept: KeptAnswer) -> web.Response:
    return web.Response(status=kept.status, body=kept.body, headers={**kept.headers, REPLAYED_HEADER: "true"})
