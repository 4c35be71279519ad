"""`/console/events`: events by what they are, newest first, and live as they come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aiohttp import web

from core.domain.event_states import EventState, Origin
from core.domain.topics import DERIVED_SOURCES, ZID_TOPICS
from core.ids import Seq
from entrypoints.http import cursors
from entrypoints.http.api.events import event_view
from entrypoints.http.console.access import signed_in
from entrypoints.http.console.events_search import EVENTS, EventsForm, read_form
from entrypoints.http.console.framing import console_page
from entrypoints.http.console.streaming import live_route
from entrypoints.http.pages import language_of, render
from entrypoints.http.routing import Access, Route
from entrypoints.http.services import SERVICES

PAGE: Final = 50
TAIL: Final = 50
"""Rows that the live list shows."""
TOPICS: Final = (*ZID_TOPICS, *DERIVED_SOURCES)


async def index(request: web.Request) -> web.Response:
    form = read_form(request)
    tail = request.query.get("tail") == "on" and not form.problems
    choices = {"states": list(EventState), "origins": list(Origin), "topics": TOPICS}
    shown: dict[str, object] = {
        "form": form,
        "tail": tail,
        "events": [],
        "next": None,
        "short": False,
        "newest": True,
        **choices,
    }
    if form.problems:
        return console_page(request, "console/events.html", shown, status=400)
    return console_page(request, "console/events.html", {**shown, **await _page(request, form, tail=tail)})


async def _page(request: web.Request, form: EventsForm, *, tail: bool) -> Mapping[str, object]:
    """The rows, and where the older ones begin; `short` when the look ended before the page was full."""
    before = None if tail else cursors.decode("events", request.query.get("cursor") or None)
    found = await request.app[SERVICES].search.page(
        form.wanted, before=None if before is None else Seq(before), limit=PAGE
    )
    return {
        "events": [event_view(event) for event in found.events],
        "next": None if found.before is None else cursors.encode("events", found.before),
        "short": found.before is not None and len(found.events) < PAGE,
        "newest": before is None,
    }


async def rows(request: web.Request) -> Mapping[str, str]:
    """The newest that match, as the fragment `events`."""
    found = await request.app[SERVICES].search.page(read_form(request).wanted, limit=TAIL)
    values = {"events": [event_view(event) for event in found.events]}
    return {"events": render("console/_event_rows.html", language_of(request), values)}


ROUTES: tuple[Route, ...] = (
    Route("GET", EVENTS, signed_in(index), access=Access.OWN, page=True),
    live_route(f"{EVENTS}/live", rows),
)
