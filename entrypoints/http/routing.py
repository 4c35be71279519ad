"""A route as a value: what answers it, who may ask, and what its OpenAPI entry says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec
from aiohttp import web

from core.domain.api_access import ApiScope

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Access(StrEnum):
    """Who may ask."""

    OPEN = "open"
    API_KEY = "api_key"
    OWN = "own"
    """The handler looks itself: an address that is a secret, a session, a network."""


class NoQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A route without query parameters."""


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path.

    `page`: problems are shown as a page for people. `quiet`: a good answer is logged
    at debug level only. `summary` puts the route into the OpenAPI document.
    `zid`: asks Zid, so Zid's refusals are among the answers. `raw`: may answer with
    Zid's own JSON. `aged`: tells the age of mirrored data in `X-Data-Age`. `upload`:
    the body is multipart/form-data with the fields of `body` and one file.
    `problems` are kinds of problems that routes like it do not answer. `framed_by` are
    the origins whose pages may show it in a frame.
    """

    method: str
    path: str
    handler: Handler
    summary: str = ""
    access: Access = Access.OPEN
    page: bool = False
    quiet: bool = False
    query: type[msgspec.Struct] | None = None
    body: type[msgspec.Struct] | None = None
    answer: type[msgspec.Struct] | None = None
    status: int = 200
    scope: ApiScope | None = None
    zid: bool = False
    raw: bool = False
    aged: bool = False
    upload: bool = False
    content_type: str = "application/json"
    other_answers: tuple[tuple[int, type[msgspec.Struct]], ...] = ()
    problems: tuple[str, ...] = ()
    framed_by: tuple[str, ...] = ()

    @property
    def writes(self) -> bool:
        return self.method not in {"GET", "HEAD"}

    @property
    def keyed(self) -> bool:
        return self.access is Access.API_KEY

    @property
    def needs(self) -> ApiScope:
        """The scope a key must have: reading for reads, operating for writes, unless the route says otherwise."""
        return self.scope or (ApiScope.OPERATE if self.writes else ApiScope.READ)


ROUTES: Final = web.AppKey("routes", dict[tuple[str, str], Route])
"""By method and canonical path."""


def add_routes(app: web.Application, routes: Iterable[Route]) -> None:
    """Registers the routes, GET ones for HEAD too, and remembers them by method and path."""
    table: dict[tuple[str, str], Route] = {}
    for route in routes:
        added = app.router.add_route(route.method, route.path, route.handler)
        if route.method == "GET":
            app.router.add_route("HEAD", route.path, route.handler)
        resource = added.resource
        assert resource is not None
        table[route.method, resource.canonical] = route
    app[ROUTES] = table


def route_of(request: web.Request) -> Route | None:
    """The route that matched, or None where none did."""
    method = "GET" if request.method == "HEAD" else request.method
    return request.app[ROUTES].get((method, canonical(request)))


UNMATCHED: Final = "unmatched"


def canonical(request: web.Request) -> str:
    """The pattern of the matched route: bounded, and free of what is in the path (tokens, ids)."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else UNMATCHED
