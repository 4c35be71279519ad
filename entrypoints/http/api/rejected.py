"""`/v1/events/rejected`: requests to a webhook's address that were not taken in."""

from __future__ import annotations

from datetime import datetime

from aiohttp import web

from core.ids import StoreId
from core.ports.rejections import LoggedRejection, RejectionFilter
from entrypoints.http import cursors
from entrypoints.http.api.shapes import AskedPage, Moment, StoreNumber, Told, Word, json, utc
from entrypoints.http.reading import read_query
from entrypoints.http.routing import Access, Route
from entrypoints.http.services import SERVICES


class RejectedQuery(AskedPage, frozen=True):
    store_id: StoreNumber | None = None
    reason: Word | None = None
    since: Moment | None = None


class RejectionView(Told, frozen=True):
    """One request. `store_id` is what its address says, null for an address that nobody made; no body is kept."""

    received_at: datetime | None
    reason: str
    store_id: int | None
    topic: str
    size: int | None


class RejectionsPage(Told, frozen=True):
    items: list[RejectionView]
    next_cursor: str | None


async def index(request: web.Request) -> web.Response:
    query = read_query(request, RejectedQuery)
    store_id = StoreId(query.store_id) if query.store_id is not None else None
    wanted = RejectionFilter(store_id, query.reason, query.since)
    before = cursors.decode("rejected", query.cursor)
    found = await request.app[SERVICES].rejections.latest(wanted, before=before, limit=query.limit + 1)
    page, last = cursors.cut(found, query.limit)
    return json(RejectionsPage([_view(one) for one in page], cursors.encode("rejected", last.number) if last else None))


def _view(logged: LoggedRejection) -> RejectionView:
    one = logged.rejection
    return RejectionView(utc(one.received_at), one.reason, one.store_id, one.topic, one.size)


ROUTES = (
    Route(
        "GET",
        "/v1/events/rejected",
        index,
        "Webhook requests that were not taken in, latest first",
        Access.API_KEY,
        query=RejectedQuery,
        answer=RejectionsPage,
    ),
)
