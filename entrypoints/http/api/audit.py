"""`/v1/audit`: who did what to which store."""

from __future__ import annotations

from datetime import datetime

from aiohttp import web

from core.domain.audit import AuditRecord
from core.ids import StoreId
from entrypoints.http import cursors
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
from entrypoints.http.reading import read_query
from entrypoints.http.routing import Access, Route
from entrypoints.http.services import SERVICES


class AuditQuery(Asked, frozen=True):
    store_id: StoreNumber | None = None
    action: Word | None = None
    actor: Word | None = None
    since: Moment | None = None
    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor | None = None


class AuditView(Told, frozen=True):
    """One entry. `actor` names a key, a person at the command line or a part of the system; `details` hold ids only."""

    id: int
    at: datetime | None
    actor: str
    action: str
    store_id: int | None
    install_id: str | None
    epoch: int | None
    request_id: str | None
    details: dict[str, str | int | bool | None]


class AuditPage(Told, frozen=True):
    items: list[AuditView]
    next_cursor: str | None


async def index(request: web.Request) -> web.Response:
    query = read_query(request, AuditQuery)
    found = await request.app[SERVICES].audit.page(
        store_id=StoreId(query.store_id) if query.store_id is not None else None,
        action=query.action,
        actor=query.actor,
        since=query.since,
        before=cursors.decode("audit", query.cursor),
        limit=query.limit + 1,
    )
    page, last = cursors.cut(found, query.limit)
    return json(AuditPage([audit_view(one) for one in page], cursors.encode("audit", last.audit_id) if last else None))


def audit_view(record: AuditRecord) -> AuditView:
    entry = record.entry
    install_id = str(entry.install_id) if entry.install_id is not None else None
    return AuditView(
        id=record.audit_id,
        at=utc(record.at),
        actor=entry.actor,
        action=entry.action,
        store_id=entry.store_id,
        install_id=install_id,
        epoch=record.epoch,
        request_id=entry.request_id,
        details=dict(entry.details),
    )


ROUTES = (
    Route(
        "GET",
        "/v1/audit",
        index,
        "Who did what to which store, latest first",
        Access.API_KEY,
        query=AuditQuery,
        answer=AuditPage,
    ),
)
