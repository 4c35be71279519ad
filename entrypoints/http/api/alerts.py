"""`/v1/alerts`: what is wrong and may need somebody to act, and what was."""

from __future__ import annotations

from datetime import datetime

from aiohttp import web

from core.domain.alerts import AlertKind, KnownAlert
from core.ids import StoreId
from core.ports.alerts import AlertFilter
from entrypoints.http import cursors
from entrypoints.http.api.shapes import AskedPage, StoreNumber, Told, json, utc
from entrypoints.http.reading import read_query
from entrypoints.http.routing import Access, Route
from entrypoints.http.services import SERVICES


class AlertsQuery(AskedPage, frozen=True):
    """`open` true takes what is wrong now, false what is well again."""

    kind: AlertKind | None = None
    store_id: StoreNumber | None = None
    open: bool | None = None


class AlertView(Told, frozen=True):
    """One alert. Kind and subject are its stable name: of each one is open at most. `told_at`: the log had it then."""

    id: int
    kind: AlertKind
    subject: str
    store_id: int | None
    reason: str
    raised_at: datetime | None
    healed_at: datetime | None
    told_at: datetime | None


class AlertsPage(Told, frozen=True):
    items: list[AlertView]
    next_cursor: str | None


async def index(request: web.Request) -> web.Response:
    query = read_query(request, AlertsQuery)
    store_id = StoreId(query.store_id) if query.store_id is not None else None
    found = await request.app[SERVICES].alerts.page(
        AlertFilter(query.kind, store_id, query.open),
        before=cursors.decode("alerts", query.cursor),
        limit=query.limit + 1,
    )
    page, last = cursors.cut(found, query.limit)
    return json(
        AlertsPage([alert_view(one) for one in page], cursors.encode("alerts", last.alert_id) if last else None)
    )


def alert_view(known: KnownAlert) -> AlertView:
    return AlertView(
        id=known.alert_id,
        kind=known.alert.kind,
        subject=known.alert.subject,
        store_id=known.alert.store_id,
        reason=known.alert.reason,
        raised_at=utc(known.raised_at),
        healed_at=utc(known.healed_at),
        told_at=utc(known.told_at),
    )


ROUTES = (
    Route(
        "GET",
        "/v1/alerts",
        index,
        "What is wrong and what was, latest first",
        Access.API_KEY,
        query=AlertsQuery,
        answer=AlertsPage,
    ),
)
