"""`/v1/api-keys`: keys are made, rotated and ended here. A key's text is told once, in the answer that makes it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

import msgspec
from aiohttp import web

from core.domain.api_access import ApiScope, KeyId
from core.domain.api_keys import LONGEST_OVERLAP, MOST_PER_MINUTE, NAME_LENGTH, ApiKey, KeyDraft, KeyState
from core.features.api_keys import NewKey
from entrypoints.http.api.shapes import DEFAULT_LIMIT, NOT_BLANK, Asked, Cursor, Limit, Moment, Told, json, utc
from entrypoints.http.api_keys import actor
from entrypoints.http.cursors import cut, decode, encode
from entrypoints.http.once import keep_instead
from entrypoints.http.path_ids import path_id
from entrypoints.http.problems import Refusal, not_found
from entrypoints.http.reading import no_query, read_body, read_query
from entrypoints.http.routing import Access, NoQuery, Route
from entrypoints.http.services import SERVICES, HttpServices
from entrypoints.http.tracing import REQUEST_ID

_LIST = "api-keys"
_SHOWN_ONCE = "The key itself: shown in this answer only. Null where the answer is repeated."
# Where any text may be that is not blank: no control characters.
_ONE_LINE = NOT_BLANK.replace(r"[^\x00]", r"[^\x00-\x1f\x7f-\x9f]").replace(r"\x85", r"\x7f-\x9f")
Name = Annotated[
    str, msgspec.Meta(min_length=1, max_length=NAME_LENGTH, pattern=_ONE_LINE, description="Whose key it is.")
]
Scopes = Annotated[
    list[ApiScope], msgspec.Meta(min_length=1, max_length=len(ApiScope), description="Each contains those before it.")
]
Rate = Annotated[
    int, msgspec.Meta(ge=1, le=MOST_PER_MINUTE, description="Requests a minute; the service's own limit if left out.")
]
Overlap = Annotated[
    int,
    msgspec.Meta(
        ge=0, le=int(LONGEST_OVERLAP.total_seconds()), description="How long the old key goes on, in seconds."
    ),
]


class KeyBody(Asked, frozen=True):
    name: Name
    scopes: Scopes
    expires_at: Moment | None = None
    rate_per_minute: Rate | None = None


class RotationBody(Asked, frozen=True):
    overlap_seconds: Overlap = 24 * 60 * 60


class KeysQuery(Asked, frozen=True):
    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor | None = None


class KeyView(Told, frozen=True):
    """A key by everything but itself. `hint` is how it begins; `last_used_at` is true to the minute."""

    id: int
    name: str
    scopes: Sequence[ApiScope]
    state: KeyState
    hint: str
    rate_per_minute: int | None
    created_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    rotated_to: int | None


class NewKeyView(KeyView, frozen=True, kw_only=True):
    """A key that was made just now."""

    key: Annotated[str | None, msgspec.Meta(description=_SHOWN_ONCE)]


class KeysPage(Told, frozen=True):
    items: Sequence[KeyView]
    next_cursor: str | None = None


async def index(request: web.Request) -> web.Response:
    query = read_query(request, KeysQuery)
    services = request.app[SERVICES]
    before = decode(_LIST, query.cursor)
    found = await services.keys.book.page(before=KeyId(before) if before is not None else None, limit=query.limit + 1)
    page, last = cut(found, query.limit)
    return json(KeysPage([_view(services, key) for key in page], encode(_LIST, last.key_id) if last else None))


async def show(request: web.Request) -> web.Response:
    no_query(request)
    services, key_id = request.app[SERVICES], _key_id(request)
    key = await services.keys.book.get(key_id)
    if key is None:
        raise _unknown(key_id)
    return json(_view(services, key))


async def create(request: web.Request) -> web.Response:
    """The key's text is in this answer and nowhere else; a repeat by Idempotency-Key tells everything but that."""
    no_query(request)
    body, services = await read_body(request, KeyBody), request.app[SERVICES]
    draft = KeyDraft.of(
        body.name,
        body.scopes,
        now=services.clock.now(),
        expires_at=body.expires_at,
        rate_per_minute=body.rate_per_minute,
    )
    return _told_once(request, await services.keys.keeping.create(draft, **_who(request)))


async def rotate(request: web.Request) -> web.Response:
    """A new key now; the old one goes on for the overlap. 409 for a key that is over or was rotated before."""
    no_query(request)
    body, services, key_id = await read_body(request, RotationBody), request.app[SERVICES], _key_id(request)
    overlap = timedelta(seconds=body.overlap_seconds)
    made = await services.keys.keeping.rotate(key_id, overlap=overlap, **_who(request))
    if made is None:
        raise await _not_rotated(services, key_id)
    return _told_once(request, made)


async def revoke(request: web.Request) -> web.Response:
    """Opens nothing from now on, and whoever signed in to the console with it is signed out."""
    no_query(request)
    key_id = _key_id(request)
    if await request.app[SERVICES].keys.keeping.revoke(key_id, **_who(request)) is None:
        raise _unknown(key_id)
    return web.Response(status=204)


def _who(request: web.Request) -> dict[str, str]:
    return {"actor": actor(request), "request_id": request[REQUEST_ID]}


def _key_id(request: web.Request) -> KeyId:
    return KeyId(int(path_id(request, "key_id")))


def _unknown(key_id: KeyId) -> Refusal:
    return not_found(f"API key {key_id}")


async def _not_rotated(services: HttpServices, key_id: KeyId) -> Refusal:
    key = await services.keys.book.get(key_id)
    if key is None:
        return _unknown(key_id)
    if key.rotated_to is not None:
        return Refusal("conflict", f"API key {key_id} was rotated already: rotate {key.rotated_to}, its successor")
    return Refusal("conflict", f"API key {key_id} is {key.state(services.clock.now())}: make a new one")


def _told_once(request: web.Request, made: NewKey) -> web.Response:
    """What is kept for repeats of the request lacks the key."""
    view = msgspec.structs.asdict(_view(request.app[SERVICES], made.key))
    keep_instead(request, msgspec.json.encode(NewKeyView(**view, key=None)))
    return json(NewKeyView(**view, key=made.text.reveal()), 201)


def _view(services: HttpServices, key: ApiKey) -> KeyView:
    return KeyView(
        key.key_id,
        key.name,
        key.scopes,
        key.state(services.clock.now()),
        key.hint,
        key.rate_per_minute,
        utc(key.created_at),
        utc(key.expires_at),
        utc(key.revoked_at),
        utc(key.last_used_at),
        key.rotated_to,
    )


_KEYS = "/v1/api-keys"
_ONE = f"{_KEYS}/{{key_id}}"

ROUTES = (
    Route(
        "GET",
        _KEYS,
        index,
        "API keys, newest first, those that are over included",
        Access.API_KEY,
        query=KeysQuery,
        answer=KeysPage,
        scope=ApiScope.ADMIN,
    ),
    Route(
        "POST",
        _KEYS,
        create,
        "Make an API key; its text is shown in this answer only",
        Access.API_KEY,
        query=NoQuery,
        body=KeyBody,
        answer=NewKeyView,
        status=201,
        scope=ApiScope.ADMIN,
    ),
    Route("GET", _ONE, show, "One API key", Access.API_KEY, query=NoQuery, answer=KeyView, scope=ApiScope.ADMIN),
    Route(
        "POST",
        f"{_ONE}/rotate",
        rotate,
        "Make an API key's successor; the old one goes on for a while",
        Access.API_KEY,
        query=NoQuery,
        body=RotationBody,
        answer=NewKeyView,
        status=201,
        scope=ApiScope.ADMIN,
    ),
    Route("DELETE", _ONE, revoke, "End an API key", Access.API_KEY, query=NoQuery, status=204, scope=ApiScope.ADMIN),
)
