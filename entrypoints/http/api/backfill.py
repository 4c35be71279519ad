"""`/v1/stores/{store_id}/backfill`: reading what a store held before its webhooks told of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from aiohttp import web

from core.domain.backfill import BACKFILLED, BackfillState, BackfillStatus
from core.features.backfill import BackfillRefused
from core.ids import EntityKind
from entrypoints.http.api.asking import known_store
from entrypoints.http.api.shapes import Asked, Moment, Told, json, utc
from entrypoints.http.api_keys import actor
from entrypoints.http.problems import Refusal
from entrypoints.http.reading import no_query, read_body
from entrypoints.http.routing import Access, NoQuery, Route
from entrypoints.http.services import SERVICES

Listed = Literal["category", "product", "customer", "order", "cart"]
"""Every kind that Zid lists."""


class BackfillBody(Asked, frozen=True):
    """Which kinds to read; all of them when it is left out."""

    kinds: Sequence[Listed] = ()


class BackfillView(Told, frozen=True):
    """How far one kind is. `percent`, `per_minute` and `seconds_left` are null while nobody knows."""

    kind: EntityKind
    state: BackfillState
    read: int
    total: int | None
    pages: int
    percent: float | None
    per_minute: float | None
    seconds_left: int | None
    reason: str | None
    requested_at: Moment | None
    started_at: Moment | None
    finished_at: Moment | None
    due_at: Moment | None


class BackfillsView(Told, frozen=True):
    """One row per kind, in the order in which they are read; none for a store never backfilled."""

    items: Sequence[BackfillView]
    next_cursor: str | None = None


async def show(request: web.Request) -> web.Response:
    no_query(request)
    install = await known_store(request)
    return _answer(await request.app[SERVICES].backfill.progress(install.store_id))


async def start(request: web.Request) -> web.Response:
    """Closed ones begin anew, open ones go on where they are; reading happens in the consumers."""
    no_query(request)
    body = await read_body(request, BackfillBody)
    install = await known_store(request)
    kinds = [kind for kind in BACKFILLED if kind in body.kinds] or BACKFILLED
    asked = await request.app[SERVICES].backfill.request(install.store_id, kinds, actor=actor(request))
    if isinstance(asked, BackfillRefused):
        raise Refusal("conflict", f"store {install.store_id} is not installed now", store_id=install.store_id)
    return _answer(asked, 202)


def _answer(statuses: Sequence[BackfillStatus], status: int = 200) -> web.Response:
    return json(BackfillsView([_view(one) for one in statuses]), status)


def _view(status: BackfillStatus) -> BackfillView:
    left = status.time_left
    return BackfillView(
        kind=status.kind,
        state=status.state,
        read=status.read,
        total=status.total,
        pages=status.pages,
        percent=status.percent,
        per_minute=status.per_minute,
        seconds_left=None if left is None else round(left.total_seconds()),
        reason=status.reason,
        requested_at=utc(status.requested_at),
        started_at=utc(status.started_at),
        finished_at=utc(status.finished_at),
        due_at=utc(status.due_at),
    )


_BACKFILL = "/v1/stores/{store_id}/backfill"

ROUTES = (
    Route("GET", _BACKFILL, show, "How far backfills are", Access.API_KEY, query=NoQuery, answer=BackfillsView),
    Route(
        "POST",
        _BACKFILL,
        start,
        "Read a store's lists into the mirror",
        Access.API_KEY,
        query=NoQuery,
        body=BackfillBody,
        answer=BackfillsView,
        status=202,
    ),
)
