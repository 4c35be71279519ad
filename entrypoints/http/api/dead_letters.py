"""`/v1/dead-letters`: events that were given up, and what a person decides about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import msgspec
from aiohttp import web

from core.domain.audit import AuditEntry
from core.domain.event_states import EventState, Origin
from core.ids import EventId, StoreId
from core.ports.ledger_reading import EventFilter
from entrypoints.http.api.events import EventsPage, events_page
from entrypoints.http.api.shapes import (
    DEFAULT_LIMIT,
    Asked,
    Cursor,
    Limit,
    Moment,
    StoreNumber,
    Told,
    Word,
    json,
)
from entrypoints.http.api_keys import actor
from entrypoints.http.problems import bad_request
from entrypoints.http.reading import no_query, read_body, read_query
from entrypoints.http.routing import Access, NoQuery, Route
from entrypoints.http.services import SERVICES, HttpServices
from entrypoints.http.tracing import REQUEST_ID


class Chosen(Asked, frozen=True):
    """Which dead events: by what they are, or by their ids, or all."""

    store_id: StoreNumber | None = None
    topic: Word | None = None
    origin: Origin | None = None
    since: Moment | None = None
    entity_id: Word | None = None


class DeadLettersQuery(Chosen, frozen=True):
    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor | None = None


class RedriveBody(Chosen, frozen=True):
    """`dry_run` only counts. Without ids or a filter, `all` must be true."""

    ids: Annotated[list[UUID], msgspec.Meta(max_length=200)] = msgspec.field(default_factory=list)
    all: bool = False
    dry_run: bool = False


class DiscardBody(RedriveBody, frozen=True):
    reason: Word = "discarded by hand"


class Redriven(Told, frozen=True):
    """How many dead events were chosen, and how many pieces of work that made claimable."""

    matched: int
    queued: int
    dry_run: bool


class Discarded(Told, frozen=True):
    matched: int
    discarded: int
    dry_run: bool


async def index(request: web.Request) -> web.Response:
    query = read_query(request, DeadLettersQuery)
    return json(await events_page(request.app[SERVICES], _filter(query), query.cursor, query.limit))


async def redrive(request: web.Request) -> web.Response:
    no_query(request)
    body = await read_body(request, RedriveBody)
    wanted, ids = _chosen(body)
    services = request.app[SERVICES]
    matched = await _matched(services, wanted, ids)
    if body.dry_run:
        return json(Redriven(matched, 0, dry_run=True))
    work = await services.desk.redrive(wanted, ids, audit=_audit(request, "events.redriven", wanted, ids))
    services.announcer.announce(work)
    return json(Redriven(matched, len(work), dry_run=False))


async def discard(request: web.Request) -> web.Response:
    no_query(request)
    body = await read_body(request, DiscardBody)
    wanted, ids = _chosen(body)
    services = request.app[SERVICES]
    matched = await _matched(services, wanted, ids)
    if body.dry_run:
        return json(Discarded(matched, 0, dry_run=True))
    audit = _audit(request, "events.discarded", wanted, ids)
    discarded = await services.desk.discard(wanted, ids, reason=body.reason, audit=audit)
    return json(Discarded(matched, discarded, dry_run=False))


def _chosen(body: RedriveBody) -> tuple[EventFilter, Sequence[EventId]]:
    """400 unless exactly one way of choosing is used: nothing is redriven or discarded by omission."""
    wanted = _filter(body)
    filtered = wanted != EventFilter(state=EventState.DEAD)
    if [bool(body.ids), filtered, body.all].count(True) != 1:
        raise bad_request("ids", 'choose by `ids`, or by a filter such as `store_id` or `topic`, or by `"all": true`')
    return wanted, [EventId(chosen) for chosen in dict.fromkeys(body.ids)]


async def _matched(services: HttpServices, wanted: EventFilter, ids: Sequence[EventId]) -> int:
    """How many dead events the choice means now."""
    if not ids:
        return await services.desk.count(wanted)
    found = [await services.reader.event(event_id) for event_id in ids]
    return sum(event is not None and event.summary.state is EventState.DEAD for event in found)


def _filter(chosen: Chosen) -> EventFilter:
    store_id = StoreId(chosen.store_id) if chosen.store_id is not None else None
    return EventFilter(store_id, chosen.topic, EventState.DEAD, chosen.origin, chosen.since, chosen.entity_id)


def _audit(request: web.Request, action: str, wanted: EventFilter, ids: Sequence[EventId]) -> AuditEntry:
    details = {"ids": len(ids), "topic": wanted.topic, "since": wanted.since.isoformat() if wanted.since else None}
    return AuditEntry(action, wanted.store_id, None, actor(request), request[REQUEST_ID], details)


ROUTES = (
    Route(
        "GET",
        "/v1/dead-letters",
        index,
        "Dead events, newest first",
        Access.API_KEY,
        query=DeadLettersQuery,
        answer=EventsPage,
    ),
    Route(
        "POST",
        "/v1/dead-letters/redrive",
        redrive,
        "Queue dead events again with fresh attempts",
        Access.API_KEY,
        query=NoQuery,
        body=RedriveBody,
        answer=Redriven,
    ),
    Route(
        "POST",
        "/v1/dead-letters/discard",
        discard,
        "Cancel dead events for good",
        Access.API_KEY,
        query=NoQuery,
        body=DiscardBody,
        answer=Discarded,
    ),
)
