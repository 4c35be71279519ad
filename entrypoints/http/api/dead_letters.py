"""`/v1/dead-letters`: events that were given up, by cause, and what a person decides about them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from aiohttp import web

from core.domain.audit import AuditEntry
from core.domain.dead_letters import version_of
from core.domain.event_states import EventState, Origin
from core.domain.redrive import STOP_ABOVE_PERCENT, DeskAction
from core.features.dead_letters import Decided
from core.ids import EventId, StoreId
from core.ports.dead_letters import DeadGroup
from core.ports.ledger_reading import EventFilter
from core.ports.redrives import Order
from entrypoints.http.api.dead_letter_jobs import JobView, job_view
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
    utc,
)
from entrypoints.http.api_keys import actor
from entrypoints.http.problems import bad_request
from entrypoints.http.reading import no_query, read_body, read_query
from entrypoints.http.routing import Access, NoQuery, Route
from entrypoints.http.services import SERVICES
from entrypoints.http.tracing import REQUEST_ID

Fingerprint = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[0-9a-f]{10}(@[A-Za-z0-9._+-]{1,40})?$",
        description="Of a group; without the part from @ on it means every version.",
    ),
]
HandlerName = Annotated[
    str,
    msgspec.Meta(
        max_length=200, pattern=r"^[^\x00]*$", description="As `wasl handlers list` shows it; empty: before any."
    ),
]
Percent = Annotated[float, msgspec.Meta(ge=0, le=100)]
Seconds = Annotated[int, msgspec.Meta(ge=0, le=86_400)]


class Chosen(Asked, frozen=True):
    """Which dead events: by what they are, or by their ids, or all."""

    store_id: StoreNumber | None = None
    topic: Word | None = None
    origin: Origin | None = None
    since: Moment | None = None
    entity_id: Word | None = None
    fingerprint: Fingerprint | None = None
    handler: HandlerName | None = None


class DeadLettersQuery(Chosen, frozen=True):
    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor | None = None


class DeadGroupsQuery(Chosen, frozen=True):
    limit: Limit = DEFAULT_LIMIT


class DecisionBody(Chosen, frozen=True):
    """`dry_run` only counts. Without ids or a filter, `all` must be true."""

    ids: Annotated[list[UUID], msgspec.Meta(max_length=200)] = msgspec.field(default_factory=list)
    all: bool = False
    dry_run: bool = False


class RedriveBody(DecisionBody, frozen=True):
    """`canary` tries 5 letters of each group once, then 5 %, then all; it stops a group of whose tries more than
    `stop_above_percent` fail (20 where nothing is said)."""

    canary: bool = False
    stop_above_percent: Percent | None = None


class DiscardBody(DecisionBody, frozen=True):
    """`undo_seconds` is how long the discard waits and can be undone."""

    reason: Word = "discarded by hand"
    undo_seconds: Seconds = 0


class Redriven(Told, frozen=True):
    """How many dead events were chosen, with how many letters, of which something can handle `able`.

    `queued` pieces of work became claimable at once; or a job does it bit by bit.
    """

    matched: int
    queued: int
    dry_run: bool
    letters: int
    able: int
    marked: int
    job: JobView | None


class Discarded(Told, frozen=True):
    """`discarded` at once; or a job does it, later or bit by bit."""

    matched: int
    discarded: int
    dry_run: bool
    letters: int
    marked: int
    job: JobView | None


class DeadSampleView(Told, frozen=True):
    """The letter that arrived last."""

    event_id: UUID
    store_id: int
    topic: str
    reason: str | None
    died_at: Moment | None


class DeadGroupView(Told, frozen=True):
    """Dead letters of one cause. `handler` is empty where no handler had them yet; `store_ids` are ten at most."""

    fingerprint: str
    version: str | None
    handler: str
    topics: list[str]
    count: int
    last_hour: int
    stores: int
    store_ids: list[int]
    first_at: Moment | None
    last_at: Moment | None
    sample: DeadSampleView


class DeadGroupsView(Told, frozen=True):
    """The group that got a letter last comes first."""

    items: list[DeadGroupView]
    next_cursor: str | None = None


async def index(request: web.Request) -> web.Response:
    query = read_query(request, DeadLettersQuery)
    return json(await events_page(request.app[SERVICES], _filter(query), query.cursor, query.limit))


async def groups(request: web.Request) -> web.Response:
    query = read_query(request, DeadGroupsQuery)
    found = await request.app[SERVICES].dead.groups(_filter(query), limit=query.limit)
    return json(DeadGroupsView([_group(group) for group in found]))


async def redrive(request: web.Request) -> web.Response:
    no_query(request)
    body = await read_body(request, RedriveBody)
    wanted, ids = _chosen(body)
    stop = body.stop_above_percent
    if body.canary and stop is None:
        stop = STOP_ABOVE_PERCENT
    order = Order(DeskAction.REDRIVE, wanted, ids, canary=body.canary, stop_above=stop)
    decided = await carry_out(request, order, "events.redriven", dry_run=body.dry_run)
    chosen, job = decided.chosen, job_view(decided.job) if decided.job else None
    view = Redriven(chosen.events, decided.changed, body.dry_run, chosen.letters, chosen.able, chosen.marked, job)
    return json(view, 202 if job else 200)


async def discard(request: web.Request) -> web.Response:
    no_query(request)
    body = await read_body(request, DiscardBody)
    wanted, ids = _chosen(body)
    delay = timedelta(seconds=body.undo_seconds)
    order = Order(DeskAction.DISCARD, wanted, ids, reason=body.reason, starts_in=delay)
    decided = await carry_out(request, order, "events.discarded", dry_run=body.dry_run)
    chosen, job = decided.chosen, job_view(decided.job) if decided.job else None
    view = Discarded(chosen.events, decided.changed, body.dry_run, chosen.letters, chosen.marked, job)
    return json(view, 202 if job else 200)


async def carry_out(request: web.Request, order: Order, action: str, *, dry_run: bool) -> Decided:
    """Decides and audits; work that is free now is announced."""
    services = request.app[SERVICES]
    audit = AuditEntry(action, order.wanted.store_id, None, actor(request), request[REQUEST_ID])
    decided = await services.dead.decide(order, audit=audit, dry_run=dry_run)
    services.announcer.announce(decided.work)
    return decided


def _chosen(body: DecisionBody) -> tuple[EventFilter, Sequence[EventId]]:
    """400 unless exactly one way of choosing is used: nothing is redriven or discarded by omission."""
    wanted = _filter(body)
    filtered = wanted != EventFilter(state=EventState.DEAD)
    if [bool(body.ids), filtered, body.all].count(True) != 1:
        raise bad_request("ids", 'choose by `ids`, or by a filter such as `store_id` or `topic`, or by `"all": true`')
    return wanted, [EventId(chosen) for chosen in dict.fromkeys(body.ids)]


def _filter(chosen: Chosen) -> EventFilter:
    return EventFilter(
        store_id=StoreId(chosen.store_id) if chosen.store_id is not None else None,
        topic=chosen.topic,
        state=EventState.DEAD,
        origin=chosen.origin,
        since=chosen.since,
        entity_id=chosen.entity_id,
        fingerprint=chosen.fingerprint,
        handler=chosen.handler,
    )


def _group(group: DeadGroup) -> DeadGroupView:
    sample = group.sample
    shown = DeadSampleView(sample.event_id, sample.store_id, sample.topic, sample.reason, utc(sample.died_at))
    return DeadGroupView(
        fingerprint=group.fingerprint,
        version=version_of(group.fingerprint),
        handler=group.handler,
        topics=list(group.topics),
        count=group.count,
        last_hour=group.last_hour,
        stores=group.stores,
        store_ids=list(group.some_stores),
        first_at=utc(group.first_at),
        last_at=utc(group.last_at),
        sample=shown,
    )


_LETTERS = "/v1/dead-letters"

ROUTES = (
    Route(
        "GET", _LETTERS, index, "Dead events, newest first", Access.API_KEY, query=DeadLettersQuery, answer=EventsPage
    ),
    Route(
        "GET",
        f"{_LETTERS}/groups",
        groups,
        "Dead letters by cause",
        Access.API_KEY,
        query=DeadGroupsQuery,
        answer=DeadGroupsView,
    ),
    Route(
        "POST",
        f"{_LETTERS}/redrive",
        redrive,
        "Queue dead events again with fresh attempts; many of them, or a canary, as a job",
        Access.API_KEY,
        query=NoQuery,
        body=RedriveBody,
        answer=Redriven,
        other_answers=((202, Redriven),),
    ),
    Route(
        "POST",
        f"{_LETTERS}/discard",
        discard,
        "Cancel dead events for good; more than 200 of them ten minutes later, so that it can be undone",
        Access.API_KEY,
        query=NoQuery,
        body=DiscardBody,
        answer=Discarded,
        other_answers=((202, Discarded),),
    ),
)
