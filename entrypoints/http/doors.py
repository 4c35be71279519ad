"""Which door a request came to, and which doors are never shut."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from core.domain.doors import Door
from entrypoints.http.routing import canonical, route_of

_NEVER_SHUT: Final = ("/webhooks/", "/health/")
"""Zid's deliveries, which count every refusal against us, and probes, which know no names and no proxies."""
_OPEN_BY_NETWORK: Final = ("/metrics", "/auth/health")
_UNCOUNTED: Final = "/static/"
"""A few files from memory: counting them would cost more than serving them."""
_SIGN_IN: Final = ("POST", "/console/login")


def is_never_shut(request: web.Request) -> bool:
    """Neither the name it was asked by nor the scheme matters, and no visit is counted.

    It goes by the route that matched, not by what the path looks like.
    """
    path = canonical(request)
    return path.startswith(_NEVER_SHUT) or path in _OPEN_BY_NETWORK


def is_delivery(request: web.Request) -> bool:
    """Whether it came where Zid delivers."""
    return canonical(request).startswith("/webhooks/")


def door_of(request: web.Request) -> Door | None:
    """What a visit counts as; None for what is not counted."""
    route = route_of(request)
    if route is not None and route.keyed:
        return Door.WRITE if route.writes else Door.READ
    if is_never_shut(request) or canonical(request).startswith(_UNCOUNTED):
        return None
    return Door.SIGN_IN if (request.method, canonical(request)) == _SIGN_IN else Door.PAGE
