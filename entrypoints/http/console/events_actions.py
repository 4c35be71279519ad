"""What a person does to one event from its page, as the API does it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final
from uuid import uuid5

from aiohttp import web

from core.domain.api_access import ApiScope
from core.domain.event_states import EventState
from core.domain.redrive import DeskAction
from core.ids import EventId
from core.ports.ledger_reading import EventDetail, EventFilter
from core.ports.redrives import Order
from entrypoints.dead_letter_file import choose, entry_of, render_test
from entrypoints.failures import CommandFailed
from entrypoints.http.api.dead_letters import carry_out
from entrypoints.http.api.events import replay_event
from entrypoints.http.api_keys import actor
from entrypoints.http.console.access import form_of, signed_in
from entrypoints.http.console.events_one import EVENT, event_page, known_event
from entrypoints.http.console.events_search import EVENTS
from entrypoints.http.console.notices import Notice, Tone, done
from entrypoints.http.problems import Refusal
from entrypoints.http.routing import Access, Handler, Route
from entrypoints.http.services import SERVICES
from entrypoints.http.tracing import REQUEST_ID

Act = Callable[[web.Request, EventDetail, Mapping[str, str]], Awaitable[web.Response]]
_LONGEST: Final = 200


def acting(act: Act) -> Handler:
    """What cannot be done is said on the event's page."""

    async def handler(request: web.Request) -> web.Response:
        fields, detail = await form_of(request), await known_event(request)
        try:
            return await act(request, detail, fields)
        except Refusal as refusal:
            return await event_page(request, problem=refusal.problem)

    return handler


async def _replay(request: web.Request, detail: EventDetail, fields: Mapping[str, str]) -> web.Response:
    """The same form sent twice replays once, and leads to the same copy."""
    event_id, services = detail.summary.event_id, request.app[SERVICES]
    new_id = EventId(uuid5(event_id, f"{actor(request)}:{fields.get('once', '')}"))
    if await services.reader.event(new_id) is None:
        await replay_event(request, services, detail.summary, new_id)
    return done(request, f"{EVENTS}/{new_id}", Notice("notice.event.replayed"))


async def _redrive(request: web.Request, detail: EventDetail, _: Mapping[str, str]) -> web.Response:
    order = Order(DeskAction.REDRIVE, EventFilter(state=EventState.DEAD), [detail.summary.event_id])
    decided = await carry_out(request, order, "events.redriven", dry_run=False)
    if not decided.changed:
        return done(request, _address(detail), Notice("notice.event.cannot_redrive", tone=Tone.BAD))
    return done(request, _address(detail), Notice("notice.event.redriven"))


async def _discard(request: web.Request, detail: EventDetail, fields: Mapping[str, str]) -> web.Response:
    reason = reason_of(fields)
    order = Order(DeskAction.DISCARD, EventFilter(state=EventState.DEAD), [detail.summary.event_id], reason=reason)
    decided = await carry_out(request, order, "events.discarded", dry_run=False)
    if not decided.changed:
        return done(request, _address(detail), Notice("notice.event.not_dead", tone=Tone.BAD))
    return done(request, _address(detail), Notice("notice.event.discarded"))


def reason_of(fields: Mapping[str, str]) -> str:
    """Why something is discarded; 400 where nobody said."""
    reason = fields.get("reason", "").strip()
    if not reason or len(reason) > _LONGEST or "\0" in reason:
        raise Refusal("bad-request", f"reason: say in 1 to {_LONGEST} characters why", parameter="reason")
    return reason


async def _export(request: web.Request, detail: EventDetail, fields: Mapping[str, str]) -> web.Response:
    """A file to download. Audited: it takes a customer's data out, unless people are masked."""
    services = request.app[SERVICES]
    modules, handler = services.settings.handler_modules, fields.get("handler") or None
    if detail.summary.state is not EventState.DEAD:
        raise Refusal("conflict", f"event {detail.summary.event_id} is not dead")
    try:
        exported = choose(detail, handler, modules, mask="mask" in fields)
    except CommandFailed as failed:
        raise Refusal("conflict", str(failed)) from failed
    await services.trail.note(entry_of(exported, actor(request), request[REQUEST_ID]))
    headers = {"Content-Disposition": f'attachment; filename="{exported.name}.py"', "Cache-Control": "no-store"}
    return web.Response(text=render_test(exported), content_type="text/x-python", charset="utf-8", headers=headers)


def _address(detail: EventDetail) -> str:
    return f"{EVENTS}/{detail.summary.event_id}"


def _route(name: str, act: Act) -> Route:
    handler = signed_in(acting(act), ApiScope.OPERATE)
    return Route("POST", f"{EVENT}/{name}", handler, access=Access.OWN, page=True)


ROUTES: tuple[Route, ...] = (
    _route("replay", _replay),
    _route("redrive", _redrive),
    _route("discard", _discard),
    _route("export", _export),
)
