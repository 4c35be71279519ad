"""Who may use the API: `Authorization: Bearer wasl_…`, compared in constant time."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from core.domain.secret import matches_any
from entrypoints.http.problems import Refusal
from entrypoints.http.routing import Access, Handler, route_of
from entrypoints.http.services import SERVICES

ADMIN: Final = "admin"
"""The actor of audit entries made with the bootstrap key."""
_CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="wasl"'}


@web.middleware
async def check_access(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuses routes that need a key before anything of the request is read."""
    route = route_of(request)
    if route is not None and route.access is Access.API_KEY:
        _require_key(request)
    return await handler(request)


def _require_key(request: web.Request) -> None:
    """Whether no key was sent or one that does not exist is not told apart."""
    given = request.headers.getall("Authorization", [])
    scheme, _, key = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    keys = request.app[SERVICES].settings.admin_keys
    if scheme.lower() != "bearer" or not key.isascii() or not matches_any(key.strip(), keys):
        raise Refusal("unauthorized", "send `Authorization: Bearer wasl_…` with a valid API key", headers=_CHALLENGE)
