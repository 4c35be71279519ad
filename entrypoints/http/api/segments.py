"""`/v1/stores/{store_id}/segments`: customers by what they bought; saved rules, and the seven classes of buyers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from aiohttp import web

from core.domain.customer_facts import CustomerFacts
from core.domain.segment_grammar import LONGEST, RuleError, parse
from core.domain.segment_rules import Rule
from core.domain.segments import NAME_LENGTH, RFM_CLASSES, Segment, SegmentDraft, SegmentId
from core.features.export_segment import ExportSegment
from core.ids import StoreId
from entrypoints.http.api.asking import entry, known_store
from entrypoints.http.api.shapes import NOT_BLANK, Asked, AskedPage, Moment, Told, json, utc
from entrypoints.http.api.sources import Listed, known_store_id, position_of
from entrypoints.http.api.views import page_of, tell
from entrypoints.http.path_ids import path_id
from entrypoints.http.problems import Refusal, not_found
from entrypoints.http.reading import no_query, read_body, read_query
from entrypoints.http.routing import Access, NoQuery, Route
from entrypoints.http.services import SERVICES

RuleText = Annotated[
    str,
    msgspec.Meta(
        min_length=1, max_length=LONGEST, description="Such as: orders >= 3 and city = الرياض", examples=["orders >= 3"]
    ),
]
RuleInUrl = Annotated[str, msgspec.Meta(min_length=1, max_length=1000, description="A rule short enough for a URL.")]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_LENGTH, pattern=NOT_BLANK)]


class SegmentBody(Asked, frozen=True):
    name: Name
    rule: RuleText


class RuleQuery(Asked, frozen=True):
    rule: RuleInUrl


class RuleAskedPage(AskedPage, frozen=True, kw_only=True):
    rule: RuleInUrl


class SegmentView(Told, frozen=True):
    """A saved rule."""

    id: int
    name: str
    rule: str
    created_at: Moment
    updated_at: Moment


class SegmentDetail(SegmentView, frozen=True):
    """`size` is how many customers belong to it now."""

    size: int


class BuyersClass(Told, frozen=True):
    """One of the classes by recency, frequency and value; every customer belongs to exactly one."""

    name: str
    rule: str
    size: int


class SegmentsView(Told, frozen=True):
    items: Sequence[SegmentView]
    next_cursor: str | None = None


class BuyersClasses(Told, frozen=True):
    items: Sequence[BuyersClass]
    next_cursor: str | None = None


# --- saved segments -------------------------------------------------------------


async def index(request: web.Request) -> web.Response:
    no_query(request)
    store_id = await known_store_id(request)
    found = await request.app[SERVICES].customers.segments.all(store_id)
    return json(SegmentsView([_view(segment) for segment in found]))


async def show(request: web.Request) -> web.Response:
    no_query(request)
    store_id, segment = await _segment(request)
    services = request.app[SERVICES]
    size = await services.customers.audience.count(store_id, parse(segment.rule), as_of=services.clock.now())
    return json(SegmentDetail(**msgspec.structs.asdict(_view(segment)), size=size))


async def create(request: web.Request) -> web.Response:
    no_query(request)
    draft = await _draft(request)
    install = await known_store(request)
    audit = entry(request, "segment.created", install)
    return json(_view(await request.app[SERVICES].customers.segments.add(install.store_id, draft, audit=audit)), 201)


async def replace(request: web.Request) -> web.Response:
    no_query(request)
    draft = await _draft(request)
    install = await known_store(request)
    audit, segment_id = entry(request, "segment.changed", install), _segment_id(request)
    segment = await request.app[SERVICES].customers.segments.change(install.store_id, segment_id, draft, audit=audit)
    if segment is None:
        raise not_found(f"segment {segment_id}")
    return json(_view(segment))


async def remove(request: web.Request) -> web.Response:
    no_query(request)
    install = await known_store(request)
    audit, segment_id = entry(request, "segment.removed", install), _segment_id(request)
    if not await request.app[SERVICES].customers.segments.remove(install.store_id, segment_id, audit=audit):
        raise not_found(f"segment {segment_id}")
    return web.Response(status=204)


# --- who belongs ------------------------------------------------------------------


async def classes(request: web.Request) -> web.Response:
    no_query(request)
    services, store_id = request.app[SERVICES], await known_store_id(request)
    now = services.clock.now()
    sizes = [await services.customers.audience.count(store_id, parse(rule), as_of=now) for rule in RFM_CLASSES.values()]
    return json(
        BuyersClasses(
            [BuyersClass(name, rule, size) for (name, rule), size in zip(RFM_CLASSES.items(), sizes, strict=True)]
        )
    )


async def members(request: web.Request) -> web.Response:
    query = read_query(request, AskedPage)
    store_id, segment = await _segment(request)
    return await _members(request, store_id, parse(segment.rule), query)


async def members_of_rule(request: web.Request) -> web.Response:
    query = read_query(request, RuleAskedPage)
    return await _members(request, await known_store_id(request), _rule(query.rule), query)


async def export(request: web.Request) -> web.StreamResponse:
    no_query(request)
    store_id, segment = await _segment(request)
    return await _csv(request, store_id, parse(segment.rule), f"segment-{segment.segment_id}.csv")


async def export_of_rule(request: web.Request) -> web.StreamResponse:
    query = read_query(request, RuleQuery)
    return await _csv(request, await known_store_id(request), _rule(query.rule), "segment.csv")


async def _members(request: web.Request, store_id: StoreId, rule: Rule, query: AskedPage) -> web.Response:
    services = request.app[SERVICES]
    page = await services.customers.audience.members(
        store_id, rule, as_of=services.clock.now(), after=position_of(query.cursor), limit=query.limit
    )
    following = page.next.to_cursor() if page.next else None
    return json(Listed([tell(CustomerFacts, facts) for facts in page.items], following))


async def _csv(request: web.Request, store_id: StoreId, rule: Rule, filename: str) -> web.StreamResponse:
    """Line by line; the first page is read before anything is answered, so that what fails is a problem."""
    services = request.app[SERVICES]
    lines = ExportSegment(services.customers.audience).lines(store_id, rule, as_of=services.clock.now())
    response = web.StreamResponse(headers={"Content-Disposition": f'attachment; filename="{filename}"'})
    response.content_type, response.charset = "text/csv", "utf-8"
    await services.customers.audience.count(store_id, rule, as_of=services.clock.now())
    await response.prepare(request)
    if request.method != "HEAD":
        async for line in lines:
            await response.write(line.encode())
    await response.write_eof()
    return response


# --- reading ------------------------------------------------------------------------


async def _segment(request: web.Request) -> tuple[StoreId, Segment]:
    store_id, segment_id = await known_store_id(request), _segment_id(request)
    segment = await request.app[SERVICES].customers.segments.get(store_id, segment_id)
    if segment is None:
        raise not_found(f"segment {segment_id}")
    return store_id, segment


def _segment_id(request: web.Request) -> SegmentId:
    return SegmentId(int(path_id(request, "segment_id")))


async def _draft(request: web.Request) -> SegmentDraft:
    body = await read_body(request, SegmentBody)
    try:
        return SegmentDraft.of(body.name, body.rule)
    except RuleError as error:
        raise _unreadable(error) from error


def _rule(text: str) -> Rule:
    try:
        return parse(text)
    except RuleError as error:
        raise _unreadable(error) from error


def _unreadable(error: RuleError) -> Refusal:
    return Refusal(
        "bad-request", f"rule: {error}", parameter="rule", position=error.position, allowed=list(error.allowed)
    )


def _view(segment: Segment) -> SegmentView:
    created, updated = utc(segment.created_at), utc(segment.updated_at)
    assert created is not None
    assert updated is not None
    return SegmentView(segment.segment_id, segment.name, segment.rule, created, updated)


_SEGMENTS = "/v1/stores/{store_id}/segments"
_ONE = f"{_SEGMENTS}/{{segment_id}}"

ROUTES = (
    Route("GET", _SEGMENTS, index, "Saved segments", Access.API_KEY, query=NoQuery, answer=SegmentsView),
    Route(
        "POST",
        _SEGMENTS,
        create,
        "Save a segment",
        Access.API_KEY,
        query=NoQuery,
        body=SegmentBody,
        answer=SegmentView,
        status=201,
    ),
    Route(
        "GET",
        f"{_SEGMENTS}/classes",
        classes,
        "How many customers are champions, loyal, new, promising, at risk, lost, or never bought",
        Access.API_KEY,
        query=NoQuery,
        answer=BuyersClasses,
    ),
    Route(
        "GET",
        f"{_SEGMENTS}/members",
        members_of_rule,
        "Who belongs to a rule that is not saved",
        Access.API_KEY,
        query=RuleAskedPage,
        answer=page_of(CustomerFacts),
    ),
    Route(
        "GET",
        f"{_SEGMENTS}/members.csv",
        export_of_rule,
        "Everybody who belongs to a rule that is not saved, as CSV",
        Access.API_KEY,
        query=RuleQuery,
        answer=Told,
        content_type="text/csv",
    ),
    Route("GET", _ONE, show, "One segment and its size", Access.API_KEY, query=NoQuery, answer=SegmentDetail),
    Route(
        "PUT",
        _ONE,
        replace,
        "Change a segment's name and rule",
        Access.API_KEY,
        query=NoQuery,
        body=SegmentBody,
        answer=SegmentView,
    ),
    Route("DELETE", _ONE, remove, "Remove a segment", Access.API_KEY, query=NoQuery, status=204),
    Route(
        "GET",
        f"{_ONE}/members",
        members,
        "Who belongs to a segment",
        Access.API_KEY,
        query=AskedPage,
        answer=page_of(CustomerFacts),
    ),
    Route(
        "GET",
        f"{_ONE}/members.csv",
        export,
        "Everybody who belongs to a segment, as CSV",
        Access.API_KEY,
        query=NoQuery,
        answer=Told,
        content_type="text/csv",
    ),
)
