"""`/console/events/{id}`: one event with everything that is known of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import orjson
from aiohttp import web

from core.domain.api_access import ApiScope
from core.domain.attempts import AttemptEnd
from core.domain.backfill import BACKFILLED
from core.domain.event_states import EventState
from core.domain.topics import BACKFILL_TOPICS
from core.ports.event_search import Consequence, EventStory
from core.ports.ledger_reading import AttemptSummary, EventDetail
from entrypoints.http.console.access import SESSION, signed_in
from entrypoints.http.console.events_search import EVENTS
from entrypoints.http.console.framing import console_page
from entrypoints.http.console.navigation import Crumb
from entrypoints.http.pages import Texts, language_of
from entrypoints.http.path_ids import event_id_of
from entrypoints.http.problems import Problem, not_found
from entrypoints.http.routing import Access, Route
from entrypoints.http.services import SERVICES
from entrypoints.http.tracing import REQUEST_ID

EVENT: Final = f"{EVENTS}/{{event_id}}"
TONES: Final = {
    AttemptEnd.DONE: "good",
    AttemptEnd.FAILED: "bad",
    AttemptEnd.TIMED_OUT: "bad",
    AttemptEnd.LOST: "bad",
    AttemptEnd.RETRY: "warn",
    AttemptEnd.SNOOZED: "calm",
    AttemptEnd.CANCELLED: "quiet",
    AttemptEnd.GIVEN_BACK: "quiet",
}
LARGE: Final = 32_000
"""Characters of a body that the page itself shows."""
_READ_BY_BACKFILL: Final = frozenset(BACKFILL_TOPICS[kind].name for kind in BACKFILLED)


async def show(request: web.Request) -> web.Response:
    return await event_page(request)


async def event_page(request: web.Request, *, problem: Problem | None = None) -> web.Response:
    """The page; with what hindered an action on top, where something did."""
    detail, services = await known_event(request), request.app[SERVICES]
    event = detail.summary
    story = await services.search.story(event.event_id) or EventStory()
    install = await services.installations.current(event.store_id)
    dead = [run.handler for run in detail.runs if run.state is EventState.DEAD]
    shown = {
        "event": event,
        "detail": detail,
        "story": story,
        "store_title": install.identity.title if install else "",
        "paused": install is not None and install.paused_at is not None,
        "body": _body(detail),
        "changed": _changes(detail, story),
        "by_backfill": event.topic in _READ_BY_BACKFILL,
        "attempts": [(attempt, _seconds(attempt)) for attempt in detail.attempts],
        "attempt_tones": TONES,
        "dead_handlers": dead,
        "dead_pairs": [(handler, handler) for handler in dead],
        "may_act": request[SESSION].caller.may(ApiScope.OPERATE),
        "once": services.ids.secret_text(),
        "problem": problem,
        "request_id": request[REQUEST_ID],
    }
    crumbs = (Crumb(Texts(language_of(request))("nav.events"), EVENTS),)
    return console_page(
        request, "console/event.html", shown, crumbs=crumbs, status=problem.kind.status if problem else 200
    )


async def known_event(request: web.Request) -> EventDetail:
    """404 for an event that is not in the ledger."""
    event_id = event_id_of(request)
    found = await request.app[SERVICES].reader.event(event_id)
    if found is None:
        raise not_found(f"event {event_id}")
    return found


def _seconds(attempt: AttemptSummary) -> str | None:
    """How long it took; None where nobody knows when it began."""
    if attempt.started_at is None:
        return None
    return f"{(attempt.ended_at - attempt.started_at).total_seconds():.2f}"


def _body(detail: EventDetail) -> Mapping[str, object] | None:
    """The text of the body, cut where it is large; None where it was dropped."""
    if detail.body is None:
        return None
    text = detail.body.decode("utf-8", "replace")
    return {"text": text[:LARGE], "is_cut": len(text) > LARGE, "size": len(detail.body)}


def _changes(detail: EventDetail, story: EventStory) -> Sequence[Mapping[str, object]]:
    """What changed by the event, each step with old and new; of a derived event its own."""
    own = Consequence(detail.summary, detail.body)
    return [change for one in (own, *story.derived) if (change := _change(one)) is not None]


def _change(consequence: Consequence) -> Mapping[str, object] | None:
    if consequence.body is None:
        return None
    try:
        content = orjson.loads(consequence.body)
    except ValueError:
        return None
    if not isinstance(content, dict) or not {"old", "new"} <= content.keys():
        return None
    what = {name: value for name, value in content.items() if name not in {"old", "new"} and value is not None}
    return {"event": consequence.event, "old": content["old"], "new": content["new"], "what": what}


async def body(request: web.Request) -> web.Response:
    """The whole body as plain text: nothing in it can act in a browser."""
    detail = await known_event(request)
    if detail.body is None:
        raise not_found("body: its retention is over")
    response = web.Response(body=detail.body, content_type="text/plain", charset="utf-8")
    response.headers["Cache-Control"] = "no-store"
    return response


ROUTES: tuple[Route, ...] = (
    Route("GET", EVENT, signed_in(show), access=Access.OWN, page=True),
    Route("GET", f"{EVENT}/body", signed_in(body), access=Access.OWN, page=True),
)
