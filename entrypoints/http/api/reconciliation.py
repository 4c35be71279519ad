"""`/v1/stores/{store_id}/reconciliation`: Zid's lists compared with what webhooks told, and what was missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aiohttp import web

from core.domain.backfill import BackfillState
from core.domain.gaps import KnownGap
from core.domain.reconcile_plan import BEYOND_RECOVERY, Scan, Why
from core.domain.reconcile_progress import Progress, SpanReport, ratios
from core.domain.reconciliation import ReconciliationStatus
from core.features.reconcile_requests import ReconciliationRefused
from core.ids import EntityKind, StoreId
from entrypoints.http.api.asking import known_store
from entrypoints.http.api.shapes import Moment, Told, json, utc
from entrypoints.http.api_keys import actor
from entrypoints.http.problems import Refusal
from entrypoints.http.reading import no_query
from entrypoints.http.routing import Access, NoQuery, Route
from entrypoints.http.services import SERVICES

LATEST = 20


class ListReport(Told, frozen=True):
    """One list. `missed` counts webhooks that did not come; `gone` is no more at Zid; `left` waits."""

    kind: EntityKind
    scan: Scan
    since: Moment | None
    until: Moment | None
    estimate: int
    calls: int
    listed: int
    missed: Mapping[str, int]
    caught_up: int
    gone: int
    left: int
    unreadable: int
    skipped: str | None


class ReconciliationView(Told, frozen=True):
    """One reconciliation: how far it is, and in the end its report. `estimate` and `calls` count calls to Zid."""

    reconciliation_id: int
    why: Why
    state: BackfillState
    reason: str | None
    estimate: int | None
    calls: int
    missed: Mapping[str, int]
    missed_ratio: Mapping[str, float]
    unrecoverable: Mapping[str, str]
    lists: Sequence[ListReport]
    requested_at: Moment | None
    started_at: Moment | None
    finished_at: Moment | None


class GapView(Told, frozen=True):
    """Deliveries may be missing here until its rows are read. `lost` is what no reading brings back."""

    topic: str | None
    since: Moment | None
    until: Moment | None
    cause: str
    opened_at: Moment | None
    closed_at: Moment | None
    lost: str | None


class ReconciliationsView(Told, frozen=True):
    """Newest first. `gaps` has the open ones first."""

    items: Sequence[ReconciliationView]
    gaps: Sequence[GapView]
    next_cursor: str | None = None


async def show(request: web.Request) -> web.Response:
    no_query(request)
    install = await known_store(request)
    return await _answer(request, install.store_id)


async def start(request: web.Request) -> web.Response:
    """Schedulers do the reading, within the backfills' share of the store's allowance."""
    no_query(request)
    install = await known_store(request)
    asked = await request.app[SERVICES].reconciliation.request(install.store_id, actor=actor(request))
    if isinstance(asked, ReconciliationRefused):
        raise Refusal("conflict", f"store {install.store_id} is not installed now", store_id=install.store_id)
    return await _answer(request, install.store_id, 202)


async def _answer(request: web.Request, store_id: StoreId, status: int = 200) -> web.Response:
    asking = request.app[SERVICES].reconciliation
    found = await asking.history(store_id, limit=LATEST)
    gaps = await asking.known_gaps(store_id)
    return json(ReconciliationsView([reconciliation_view(one) for one in found], [_gap(one) for one in gaps]), status)


def reconciliation_view(status: ReconciliationStatus) -> ReconciliationView:
    progress = status.progress or Progress(status.requested_at, ())
    return ReconciliationView(
        reconciliation_id=status.reconciliation_id,
        why=status.why,
        state=status.state,
        reason=status.reason,
        estimate=status.progress.estimate if status.progress else None,
        calls=progress.calls,
        missed=progress.missed,
        missed_ratio=dict(ratios(progress.missed, progress.received)) if status.state is BackfillState.DONE else {},
        unrecoverable=dict(BEYOND_RECOVERY),
        lists=[_list(one) for one in progress.spans],
        requested_at=utc(status.requested_at),
        started_at=utc(status.started_at),
        finished_at=utc(status.finished_at),
    )


def _list(report: SpanReport) -> ListReport:
    return ListReport(
        kind=report.span.kind,
        scan=report.span.scan,
        since=utc(report.span.since),
        until=utc(report.span.until),
        estimate=report.estimate,
        calls=report.calls,
        listed=report.listed,
        missed=report.missed,
        caught_up=report.caught_up,
        gone=report.gone,
        left=report.left,
        unreadable=report.unreadable,
        skipped=report.skipped,
    )


def _gap(known: KnownGap) -> GapView:
    return GapView(
        topic=known.gap.topic,
        since=utc(known.gap.since),
        until=utc(known.gap.until),
        cause=known.gap.cause,
        opened_at=utc(known.opened_at),
        closed_at=utc(known.closed_at),
        lost=known.lost,
    )


_RECONCILIATION = "/v1/stores/{store_id}/reconciliation"

ROUTES = (
    Route(
        "GET",
        _RECONCILIATION,
        show,
        "Reports of reconciliations, and known gaps",
        Access.API_KEY,
        query=NoQuery,
        answer=ReconciliationsView,
    ),
    Route(
        "POST",
        _RECONCILIATION,
        start,
        "Compare Zid's lists with the mirror",
        Access.API_KEY,
        query=NoQuery,
        answer=ReconciliationsView,
        status=202,
    ),
)
