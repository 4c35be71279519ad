"""`/console/stores`: finding a store among all, and links by which merchants authorize new ones."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from core.domain.api_access import ApiScope
from core.domain.bounds import OutOfBounds
from entrypoints.http.api_keys import actor
from entrypoints.http.console.access import SESSION, form_of, signed_in
from entrypoints.http.console.framing import console_page
from entrypoints.http.console.store_rows import STATES, StoreSearch, find_stores
from entrypoints.http.routing import Access, Route
from entrypoints.http.services import SERVICES
from entrypoints.http.tracing import REQUEST_ID

STORES: Final = "/console/stores"
LINK: Final = "/console/stores/link"


async def index(request: web.Request) -> web.Response:
    search = StoreSearch.read(request)
    found = await find_stores(request.app[SERVICES], search, request.query.get("cursor") or None)
    shown = {"rows": found.rows, "search": search, "states": STATES, "next": found.next}
    return console_page(request, "console/stores.html", {**shown, "first": "cursor" not in request.query})


async def link_form(request: web.Request) -> web.Response:
    return _link_page(request)


async def make_link(request: web.Request) -> web.Response:
    """Shown once, in the answer itself: whoever has it can authorize a store."""
    fields = await form_of(request)
    return_url = fields.get("return_url", "").strip() or None
    links = request.app[SERVICES].install.links
    try:
        made = await links.make(return_url, actor=actor(request), request_id=request[REQUEST_ID])
    except OutOfBounds as error:
        return _link_page(request, return_url=return_url or "", problem=error.problem, status=400)
    return _link_page(request, made=made)


def _link_page(
    request: web.Request,
    *,
    made: object = None,
    return_url: str = "",
    problem: str | None = None,
    status: int = 200,
) -> web.Response:
    may_make = request[SESSION].caller.may(ApiScope.OPERATE)
    shown = {"made": made, "return_url": return_url, "problem": problem, "may_make": may_make}
    response = console_page(request, "console/store_link.html", shown, status=status)
    response.headers["Cache-Control"] = "no-store"
    return response


ROUTES = (
    Route("GET", STORES, signed_in(index), access=Access.OWN, page=True),
    Route("GET", LINK, signed_in(link_form), access=Access.OWN, page=True),
    Route("POST", LINK, signed_in(make_link, ApiScope.OPERATE), access=Access.OWN, page=True),
)
