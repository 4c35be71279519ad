"""`/v1/events`: what came in, where it stands, and having it handled again."""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime
from uuid import UUID, uuid5

import msgspec
import orjson
from aiohttp import web

from core.domain.attempts import AttemptEnd
from core.domain.audit import AuditEntry
from core.domain.event_states import EventState, Origin
from core.ids import EntityKind, EventId, Seq, StoreId
from core.ports.ledger_reading import AttemptSummary, EventDetail, EventFilter, EventSummary, RunSummary
from entrypoints.http import cursors
from entrypoints.http.api.shapes import AskedPage, Moment, StoreNumber, Told, Word, json, utc
from entrypoints.http.api_keys import actor
from entrypoints.http.once import KEY_HEADER, given_key
from entrypoints.http.path_ids import event_id_of
from entrypoints.http.problems import Refusal, not_found
from entrypoints.http.reading import no_query, read_query
from entrypoints.http.routing import Access, NoQuery, Route
from entrypoints.http.services import SERVICES, HttpServices
from entrypoints.http.tracing import REQUEST_ID


class EventsQuery(AskedPage, frozen=True):
    store_id: StoreNumber | None = None
    topic: Word | None = None
    state: EventState | None = None
    origin: Origin | None = None
    since: Moment | None = None
    until: Moment | None = None
    entity_id: Word | None = None


class EventView(Told, frozen=True):
    """An event as lists show it."""

    id: UUID
    store_id: int
    install_id: str
    topic: str
    entity_kind: EntityKind | None
    entity_id: str | None
    origin: Origin
    state: EventState
    reason: str | None
    attempts: int
    received_at: datetime | None
    settled_at: datetime | None
    due_at: datetime | None
    size: int
    stale: bool


class EventsPage(Told, frozen=True):
    """Each request looks at a bounded number of events: a page may hold fewer than `limit`, even none.
    There are no more only where `next_cursor` is null."""

    items: list[EventView]
    next_cursor: str | None


class RunView(Told, frozen=True):
    """One handler's work on the event."""

    handler: str
    state: EventState
    attempts: int
    due_at: datetime | None
    reason: str | None


class FailureView(Told, frozen=True):
    """Why an attempt failed; the traceback holds no values of variables."""

    type: str
    message: str
    traceback: str


class AttemptView(Told, frozen=True):
    """One attempt; its handler is `mirror` for the built-in stage."""

    handler: str
    number: int
    worker: str | None
    started_at: datetime | None
    ended_at: datetime | None
    outcome: AttemptEnd
    reason: str | None
    failure: FailureView | None


class EventDetailView(EventView, frozen=True):
    """`body` is Zid's JSON; what is not JSON comes as `body_base64`; both are null when it was dropped.

    `attempt_log` tells every attempt in the order of their ends.
    """

    body: msgspec.Raw | None
    body_base64: str | None
    runs: list[RunView]
    attempt_log: list[AttemptView]


class Replayed(Told, frozen=True):
    """The copy that was queued."""

    event_id: UUID


async def index(request: web.Request) -> web.Response:
    query = read_query(request, EventsQuery)
    wanted = EventFilter(
        store_id=StoreId(query.store_id) if query.store_id is not None else None,
        topic=query.topic,
        state=query.state,
        origin=query.origin,
        since=query.since,
        until=query.until,
        entity_id=query.entity_id,
    )
    return json(await events_page(request.app[SERVICES], wanted, query.cursor, query.limit))


async def events_page(services: HttpServices, wanted: EventFilter, cursor: str | None, limit: int) -> EventsPage:
    """One page, newest first. Rare events make short pages: so far the look went, and the cursor goes on from there."""
    before = cursors.decode("events", cursor)
    found = await services.search.page(wanted, before=Seq(before) if before is not None else None, limit=limit)
    follows = None if found.before is None else cursors.encode("events", found.before)
    return EventsPage([event_view(event) for event in found.events], follows)


async def show(request: web.Request) -> web.Response:
    no_query(request)
    event_id = event_id_of(request)
    found = await request.app[SERVICES].reader.event(event_id)
    if found is None:
        raise not_found(f"event {event_id}")
    return json(_detail(found))


async def replay(request: web.Request) -> web.Response:
    no_query(request)
    services = request.app[SERVICES]
    event_id = event_id_of(request)
    original = await services.reader.event(event_id)
    if original is None:
        raise not_found(f"event {event_id}")
    new_id = _replay_id(request, services, event_id)
    if KEY_HEADER in request.headers and await services.reader.event(new_id):
        return json(Replayed(new_id), 202)
    await replay_event(request, services, original.summary, new_id)
    return json(Replayed(new_id), 202)


async def replay_event(request: web.Request, services: HttpServices, original: EventSummary, new_id: EventId) -> None:
    """Queues the copy; 409 where there is nothing to copy or nobody to handle it."""
    event_id = original.event_id
    audit = AuditEntry(
        "event.replayed",
        original.store_id,
        original.install_id,
        actor(request),
        request[REQUEST_ID],
        {"event_id": str(event_id), "new_event_id": str(new_id)},
    )
    work = await services.desk.replay(event_id, new_id, audit=audit)
    if work is None:
        raise Refusal("conflict", f"event {event_id} cannot be replayed: its body is gone or its install is over")
    services.announcer.announce([work])


def _replay_id(request: web.Request, services: HttpServices, event_id: EventId) -> EventId:
    """The same id for the same Idempotency-Key, so that a repeated request replays nothing twice."""
    key = given_key(request)
    return services.ids.event_id() if key is None else EventId(uuid5(event_id, key))


def event_view(event: EventSummary) -> EventView:
    return EventView(
        id=event.event_id,
        store_id=event.store_id,
        install_id=str(event.install_id),
        topic=event.topic,
        entity_kind=event.entity_kind,
        entity_id=event.entity_id,
        origin=event.origin,
        state=event.state,
        reason=event.reason,
        attempts=event.attempts,
        received_at=utc(event.received_at),
        settled_at=utc(event.settled_at),
        due_at=utc(event.due_at),
        size=event.size,
        stale=event.stale,
    )


def _detail(found: EventDetail) -> EventDetailView:
    is_json = found.body is not None and _is_json(found.body)
    return EventDetailView(
        **msgspec.structs.asdict(event_view(found.summary)),
        body=msgspec.Raw(found.body) if found.body is not None and is_json else None,
        body_base64=b64encode(found.body).decode() if found.body is not None and not is_json else None,
        runs=[_run(run) for run in found.runs],
        attempt_log=[_attempt(attempt) for attempt in found.attempts],
    )


def _run(run: RunSummary) -> RunView:
    return RunView(run.handler, run.state, run.attempts, utc(run.due_at), run.reason)


def _attempt(attempt: AttemptSummary) -> AttemptView:
    failure = attempt.failure
    return AttemptView(
        attempt.handler,
        attempt.number,
        None if attempt.worker is None else str(attempt.worker),
        utc(attempt.started_at),
        utc(attempt.ended_at),
        attempt.end,
        attempt.reason,
        FailureView(failure.type, failure.message, failure.traceback) if failure else None,
    )


def _is_json(body: bytes) -> bool:
    try:
        orjson.loads(body)
    except ValueError:
        return False
    return True


ROUTES = (
    Route("GET", "/v1/events", index, "Events, newest first", Access.API_KEY, query=EventsQuery, answer=EventsPage),
    Route(
        "GET",
        "/v1/events/{event_id}",
        show,
        "One event with its body, its handlers' runs and every attempt at them",
        Access.API_KEY,
        query=NoQuery,
        answer=EventDetailView,
    ),
    Route(
        "POST",
        "/v1/events/{event_id}/replay",
        replay,
        "Queue a copy of an event; the same Idempotency-Key replays it once",
        Access.API_KEY,
        query=NoQuery,
        answer=Replayed,
        status=202,
    ),
)
