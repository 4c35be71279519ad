"""`GET /openapi.json` and `GET /docs`: built from the route table, so they cannot promise what is not there."""

from __future__ import annotations

from aiohttp import web

from entrypoints.http.api.openapi import describe
from entrypoints.http.api.reference import reference
from entrypoints.http.pages import page
from entrypoints.http.problems import KINDS, TYPE_PREFIX, Kind, not_found
from entrypoints.http.routing import ROUTES as BY_PATH
from entrypoints.http.routing import Route
from entrypoints.http.services import SERVICES


async def openapi(request: web.Request) -> web.Response:
    content = describe(_all(request), request.app[SERVICES].settings.version)
    return web.Response(body=content, content_type="application/json")


async def docs(request: web.Request) -> web.Response:
    found = reference(_all(request), request.app[SERVICES].settings.version)
    return page(request, "docs.html", {"reference": found})


async def explain(request: web.Request) -> web.Response:
    """What the `type` of a problem points to."""
    kind: Kind | None = KINDS.get(request.match_info["slug"])
    if kind is None:
        raise not_found("such kind of problem")
    return page(request, "problem.html", {"kind": kind})


def _all(request: web.Request) -> tuple[Route, ...]:
    return tuple(request.app[BY_PATH].values())


ROUTES = (
    Route("GET", "/openapi.json", openapi, quiet=True),
    Route("GET", "/docs", docs, page=True, quiet=True),
    Route("GET", TYPE_PREFIX + "{slug}", explain, page=True, quiet=True),
)
