"""`/console/settings/keys`: API keys, made and rotated with their text shown once, and ended."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

from aiohttp import web

from core.domain.api_access import ApiScope, KeyId
from core.domain.api_keys import ApiKey, KeyDraft, overlap_of
from core.domain.bounds import OutOfBounds
from core.features.api_keys import NewKey
from entrypoints.http import cursors
from entrypoints.http.api_keys import actor
from entrypoints.http.console.access import form_of, signed_in
from entrypoints.http.console.framing import console_page
from entrypoints.http.console.navigation import Crumb
from entrypoints.http.console.notices import Notice, Tone, done
from entrypoints.http.console.settings import SETTINGS
from entrypoints.http.pages import Texts, language_of
from entrypoints.http.path_ids import path_id
from entrypoints.http.problems import not_found
from entrypoints.http.routing import Access, Handler, Route
from entrypoints.http.services import SERVICES
from entrypoints.http.tracing import REQUEST_ID

KEYS: Final = "/console/settings/keys"
ONE: Final = f"{KEYS}/{{key_id}}"
ROWS: Final = 50
LASTS: Final = ("30", "90", "365")
"""Days that a key may be made for; nothing is for ever."""
OVERLAPS: Final = ("0", "3600", "86400", "604800")
"""Seconds that a rotated key goes on."""
_NUMBER: Final = re.compile(r"[0-9]{1,7}", re.ASCII)


async def index(request: web.Request) -> web.Response:
    return await _list(request)


async def _list(
    request: web.Request, *, given: dict[str, str] | None = None, problem: str | None = None, status: int = 200
) -> web.Response:
    services, cursor = request.app[SERVICES], request.query.get("cursor") or None
    before = cursors.decode("keys", cursor)
    found = await services.keys.book.page(before=KeyId(before) if before is not None else None, limit=ROWS + 1)
    page, last = cursors.cut(found, ROWS)
    shown = {
        "rows": [(key, key.state(services.clock.now())) for key in page],
        "next": cursors.encode("keys", last.key_id) if last else None,
        "first": cursor is None,
        "scopes": tuple(ApiScope),
        "lasts": LASTS,
        "given": given or {},
        "problem": problem,
    }
    crumbs = (Crumb(Texts(language_of(request))("nav.settings"), SETTINGS),)
    return console_page(request, "console/settings_keys.html", shown, crumbs=crumbs, status=status)


async def create(request: web.Request) -> web.Response:
    """The key is shown in this answer and nowhere else."""
    fields = await form_of(request)
    try:
        draft = _draft(fields, request.app[SERVICES].clock.now())
    except OutOfBounds as error:
        return await _list(request, given=fields, problem=f"settings.fix.{error.field}", status=422)
    who = {"actor": actor(request), "request_id": request[REQUEST_ID]}
    return _made(request, await request.app[SERVICES].keys.keeping.create(draft, **who))


def _draft(fields: dict[str, str], now: datetime) -> KeyDraft:
    """Raises OutOfBounds, naming the field."""
    scope, lasts, rate = fields.get("scope", ""), fields.get("lasts", ""), fields.get("rate_per_minute", "").strip()
    if lasts not in ("", *LASTS):
        raise OutOfBounds("expires_at", "one of those offered")
    if rate and not _NUMBER.fullmatch(rate):
        raise OutOfBounds("rate_per_minute", "a number")
    return KeyDraft.of(
        fields.get("name", ""),
        [ApiScope(scope)] if scope in set(ApiScope) else [],
        now=now,
        expires_at=now + timedelta(days=int(lasts)) if lasts else None,
        rate_per_minute=int(rate) if rate else None,
    )


def _made(request: web.Request, made: NewKey, *, replaces: ApiKey | None = None) -> web.Response:
    texts = Texts(language_of(request))
    crumbs = (Crumb(texts("nav.settings"), SETTINGS), Crumb(texts("settings.keys"), KEYS))
    shown = {"key": made.key, "text": made.text.reveal(), "replaces": replaces}
    response = console_page(request, "console/settings_key_made.html", shown, crumbs=crumbs, status=201)
    response.headers["Cache-Control"] = "no-store"
    return response


async def show(request: web.Request) -> web.Response:
    return await _one(request)


async def _one(request: web.Request, *, wrong: bool = False) -> web.Response:
    services, key = request.app[SERVICES], await _key(request)
    texts = Texts(language_of(request))
    crumbs = (Crumb(texts("nav.settings"), SETTINGS), Crumb(texts("settings.keys"), KEYS))
    shown = {"key": key, "state": key.state(services.clock.now()), "overlaps": OVERLAPS, "wrong": wrong}
    return console_page(request, "console/settings_key.html", shown, crumbs=crumbs, status=422 if wrong else 200)


async def _key(request: web.Request) -> ApiKey:
    key_id = KeyId(int(path_id(request, "key_id")))
    key = await request.app[SERVICES].keys.book.get(key_id)
    if key is None:
        raise not_found(f"API key {key_id}")
    return key


async def rotate(request: web.Request) -> web.Response:
    fields, key = await form_of(request), await _key(request)
    seconds = fields.get("overlap", "")
    overlap = overlap_of(int(seconds) if seconds in OVERLAPS else 0)
    who = {"actor": actor(request), "request_id": request[REQUEST_ID]}
    made = await request.app[SERVICES].keys.keeping.rotate(key.key_id, overlap=overlap, **who)
    if made is None:
        return done(request, f"{KEYS}/{key.key_id}", Notice("notice.settings.not_rotated", tone=Tone.BAD))
    return _made(request, made, replaces=key)


async def revoke(request: web.Request) -> web.Response:
    """Its name is typed: nobody ends another's key by a slip."""
    fields, key = await form_of(request), await _key(request)
    if fields.get("typed", "").strip() != key.name:
        return await _one(request, wrong=True)
    who = {"actor": actor(request), "request_id": request[REQUEST_ID]}
    await request.app[SERVICES].keys.keeping.revoke(key.key_id, **who)
    return done(request, KEYS, Notice("notice.settings.revoked", key.key_id))


def _admin(method: str, path: str, handler: Handler) -> Route:
    return Route(method, path, signed_in(handler, ApiScope.ADMIN), access=Access.OWN, page=True)


ROUTES = (
    _admin("GET", KEYS, index),
    _admin("POST", KEYS, create),
    _admin("GET", ONE, show),
    _admin("POST", f"{ONE}/rotate", rotate),
    _admin("POST", f"{ONE}/revoke", revoke),
)
