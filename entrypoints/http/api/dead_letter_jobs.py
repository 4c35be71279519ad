"""`/v1/dead-letters/jobs`: redrives and discards of many, how far they are, and undoing what is left of them."""

from __future__ import annotations

from aiohttp import web

from core.domain.audit import AuditEntry
from core.domain.redrive import DeskAction, Group, ItemState, Job, JobId, JobState
from entrypoints.http.api.shapes import DEFAULT_LIMIT, Asked, Limit, Moment, Told, json, utc
from entrypoints.http.api_keys import actor
from entrypoints.http.path_ids import path_id
from entrypoints.http.problems import not_found
from entrypoints.http.reading import no_query, read_query
from entrypoints.http.routing import Access, NoQuery, Route
from entrypoints.http.services import SERVICES
from entrypoints.http.tracing import REQUEST_ID


class JobsQuery(Asked, frozen=True):
    limit: Limit = DEFAULT_LIMIT


class JobGroupView(Told, frozen=True):
    """The job's letters of one cause. `stopped` says why the job gave the group up."""

    fingerprint: str
    handler: str
    total: int
    pending: int
    in_flight: int
    succeeded: int
    failed: int
    skipped: int
    undone: int
    stopped: str | None


class JobView(Told, frozen=True):
    """How a redrive or discard of many stands; each of its `total` letters is in one of the counts.

    `failed` are dead again, `skipped` were no longer dead or can no longer be handled,
    `undone` were left as they were.
    """

    id: int
    action: DeskAction
    state: JobState
    actor: str
    chosen: dict[str, str | int | None]
    canary: bool
    stop_above_percent: float | None
    reason: str | None
    total: int
    pending: int
    in_flight: int
    succeeded: int
    failed: int
    skipped: int
    undone: int
    opened_at: Moment | None
    starts_at: Moment | None
    closed_at: Moment | None
    groups: list[JobGroupView]


class JobsView(Told, frozen=True):
    """Newest first."""

    items: list[JobView]
    next_cursor: str | None = None


async def index(request: web.Request) -> web.Response:
    query = read_query(request, JobsQuery)
    return json(JobsView([job_view(job) for job in await request.app[SERVICES].dead.jobs(limit=query.limit)]))


async def show(request: web.Request) -> web.Response:
    no_query(request)
    job_id = JobId(int(path_id(request, "job_id")))
    return json(_found(await request.app[SERVICES].dead.job(job_id), job_id))


async def undo(request: web.Request) -> web.Response:
    no_query(request)
    job_id = JobId(int(path_id(request, "job_id")))
    audit = AuditEntry("dead_letter_job.undone", None, None, actor(request), request[REQUEST_ID])
    return json(_found(await request.app[SERVICES].dead.undo(job_id, audit=audit), job_id))


def _found(job: Job | None, job_id: JobId) -> JobView:
    if job is None:
        raise not_found(f"job {job_id}")
    return job_view(job)


def job_view(job: Job) -> JobView:
    return JobView(
        id=job.job_id,
        action=job.action,
        state=job.state,
        actor=job.actor,
        chosen=dict(job.chosen),
        canary=job.canary,
        stop_above_percent=job.stop_above,
        reason=job.reason,
        total=job.total,
        pending=job.pending,
        in_flight=job.count(ItemState.IN_FLIGHT),
        succeeded=job.count(ItemState.SUCCEEDED),
        failed=job.count(ItemState.FAILED),
        skipped=job.count(ItemState.SKIPPED),
        undone=job.count(ItemState.UNDONE),
        opened_at=utc(job.opened_at),
        starts_at=utc(job.starts_at),
        closed_at=utc(job.closed_at),
        groups=[_group(group) for group in job.groups],
    )


def _group(group: Group) -> JobGroupView:
    return JobGroupView(
        group.fingerprint,
        group.handler,
        group.total,
        group.pending,
        group.in_flight,
        group.succeeded,
        group.failed,
        group.skipped,
        group.undone,
        group.stopped,
    )


_JOBS = "/v1/dead-letters/jobs"

ROUTES = (
    Route("GET", _JOBS, index, "Redrives and discards of many", Access.API_KEY, query=JobsQuery, answer=JobsView),
    Route("GET", f"{_JOBS}/{{job_id}}", show, "How far one is", Access.API_KEY, query=NoQuery, answer=JobView),
    Route(
        "POST",
        f"{_JOBS}/{{job_id}}/undo",
        undo,
        "Leave what is not yet executed as it was",
        Access.API_KEY,
        query=NoQuery,
        answer=JobView,
    ),
)
