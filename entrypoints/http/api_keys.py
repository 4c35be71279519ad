"""Who may use the API: `Authorization: Bearer wasl_…`, looked up in constant time, then the route's scope."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from core.domain.api_access import ApiScope, Caller
from core.domain.secret import Secret
from entrypoints.http.problems import Refusal
from entrypoints.http.routing import Access, Handler, route_of
from entrypoints.http.services import SERVICES

CALLER: Final = web.RequestKey("caller", Caller)
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
    """Whether no key was sent or one that does not exist is not told apart."""
    given = request.headers.getall("Authorization", [])
    scheme, _, key = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    found = None
    if scheme.lower() == "bearer" and key.isascii():
        found = await request.app[SERVICES].keys.callers.caller(Secret(key.strip()))
    if found is None:
        raise Refusal("unauthorized", "send `Authorization: Bearer wasl_…` with a valid API key", headers=_CHALLENGE)
    if not found.may(needs):
        raise Refusal("insufficient-scope", f"this key lacks the scope `{needs}`", needs=needs.value)
    return found
