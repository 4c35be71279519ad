"""Who may use the API: `Authorization: Bearer wasl_…`, found by its hash, then the route's scope."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from core.domain.api_access import ApiScope, Caller
from core.domain.api_keys import PREFIX, is_whole
from core.domain.secret import Secret
from entrypoints.http.problems import Refusal
from entrypoints.http.routing import Access, Handler, route_of
from entrypoints.http.services import SERVICES

CALLER: Final = web.RequestKey("caller", Caller)
_NONE: Final = "send `Authorization: Bearer wasl_…` with a valid API key"
_MISTYPED: Final = "this key was cut or mistyped: its checksum is wrong. Copy it anew, or make another"
_CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="wasl"'}


@web.middleware
async def check_access(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuses routes that need a key before anything of the request is read."""
    route = route_of(request)
    if route is not None and route.access is Access.API_KEY:
        request[CALLER] = await _caller(request, route.needs)
    return await handler(request)


def actor(request: web.Request) -> str:
    """The caller as the audit names them."""
    return request[CALLER].actor


async def _caller(request: web.Request, needs: ApiScope) -> Caller:
    """No key, one that never was, and one that is over are not told apart; one that was copied badly is."""
    key = _given(request)
    found = await request.app[SERVICES].keys.callers.caller(Secret(key)) if key else None
    if found is None:
        raise Refusal("unauthorized", _MISTYPED if _is_mistyped(key) else _NONE, headers=_CHALLENGE)
    if not found.may(needs):
        raise Refusal("insufficient-scope", f"this key lacks the scope `{needs}`", needs=needs.value)
    return found


def _given(request: web.Request) -> str:
    """The one bearer key of the request, else nothing."""
    given = request.headers.getall("Authorization", [])
    scheme, _, key = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    return key.strip() if scheme.lower() == "bearer" and key.isascii() else ""


def _is_mistyped(key: str) -> bool:
    """Whether it set out to be a key; what a checksum is made of is no secret."""
    return key.startswith(PREFIX) and not is_whole(key)
