"""The first page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aiohttp import web

from entrypoints.http.console.access import signed_in
from entrypoints.http.console.framing import console_page
from entrypoints.http.console.overview import Lookout
from entrypoints.http.console.streaming import live_route
from entrypoints.http.pages import language_of
from entrypoints.http.routing import Access, Route

LOOKOUT: Final = web.AppKey("lookout", Lookout)


async def show(request: web.Request) -> web.Response:
    overview = await request.app[LOOKOUT].overview()
    return console_page(request, "console/overview.html", overview.values())


async def fragments(request: web.Request) -> Mapping[str, str]:
    return (await request.app[LOOKOUT].overview()).fragments(language_of(request))


async def home(_: web.Request) -> web.Response:
    return web.Response(status=303, headers={"Location": "/console"})


ROUTES = (
    Route("GET", "/", home, page=True, quiet=True),
    Route("GET", "/console", signed_in(show), access=Access.OWN, page=True),
    live_route("/console/live", fragments),
)
