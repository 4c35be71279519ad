"""Who may use the API: `Authorization: Bearer wasl_…`, looked up in constant time, then the route's scope."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from core.domain.api_access import ApiScope, Caller
from core.domain.secret import Secret, matches_any
from core.ports.api_keys import ApiKeys
from entrypoints.http.problems import Refusal
from entrypoints.http.routing import Access, Handler, route_of
from entrypoints.http.services import SERVICES

CALLER: Final = web.RequestKey("caller", Caller)
BOOTSTRAP: Final = Caller("admin", frozenset(ApiScope))
"""Holds the key of the configuration: may do everything."""
_CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="wasl"'}


class BootstrapKeys(ApiKeys):
    """The keys of the configuration (ADMIN_API_KEY)."""

    def __init__(self, keys: tuple[Secret, ...]) -> None:
        self._keys = keys

    async def caller(self, key: Secret) -> Caller | None:
        return BOOTSTRAP if matches_any(key.reveal(), self._keys) else None

    async def holder(self, reference: str) -> Caller | None:
        return BOOTSTRAP if self._keys and reference == BOOTSTRAP.reference else None


@web.middleware
async def check_access(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuses routes that need a key before anything of the request is read."""
    route = route_of(request)
    if route is not None and route.access is Access.API_KEY:
        request[CALLER] = await _caller(request, route.needs)
    return await handler(request)


def actor(request: web.Request) -> str:
    """The caller as the audit names them."""
    return request[CALLER].name


async def _caller(request: web.Request, needs: ApiScope) -> Caller:
    """Whether no key was sent or one that does not exist is not told apart."""
    given = request.headers.getall("Authorization", [])
    scheme, _, key = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    found = None
    if scheme.lower() == "bearer" and key.isascii():
        found = await request.app[SERVICES].api_keys.caller(Secret(key.strip()))
    if found is None:
        raise Refusal("unauthorized", "send `Authorization: Bearer wasl_…` with a valid API key", headers=_CHALLENGE)
    if not found.may(needs):
        raise Refusal("insufficient-scope", f"this key lacks the scope `{needs}`", needs=needs.value)
    return found
