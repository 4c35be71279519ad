"""`/console/dead/jobs/{id}`: a redrive or discard of many as it goes, and ending it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from aiohttp import web

from core.domain.api_access import ApiScope
from core.domain.audit import AuditEntry
from core.domain.redrive import ItemState, Job, JobId, waves
from entrypoints.http.api.dead_letter_jobs import JobView, job_view
from entrypoints.http.api_keys import actor
from entrypoints.http.console.access import SESSION, form_of, form_token, signed_in
from entrypoints.http.console.dead import DEAD
from entrypoints.http.console.framing import console_page
from entrypoints.http.console.navigation import Crumb
from entrypoints.http.console.notices import Notice, done
from entrypoints.http.console.streaming import live_route
from entrypoints.http.pages import Texts, language_of, render
from entrypoints.http.path_ids import path_id
from entrypoints.http.problems import not_found
from entrypoints.http.routing import Access, Route
from entrypoints.http.services import SERVICES
from entrypoints.http.tracing import REQUEST_ID

JOBS: Final = f"{DEAD}/jobs"
JOB: Final = f"{JOBS}/{{job_id}}"
LIST: Final = 100


def job_address(job_id: JobId | int) -> str:
    return f"{JOBS}/{job_id}"


async def index(request: web.Request) -> web.Response:
    jobs = await request.app[SERVICES].dead.jobs(limit=LIST)
    return console_page(
        request, "console/dead_jobs.html", {"jobs": [job_view(job) for job in jobs]}, crumbs=_above(request)
    )


def _above(request: web.Request) -> tuple[Crumb, ...]:
    return (Crumb(Texts(language_of(request))("nav.dead"), DEAD),)


async def show(request: web.Request) -> web.Response:
    values = await _values(request)
    crumbs = (*_above(request), Crumb(Texts(language_of(request))("dead.jobs"), JOBS))
    return console_page(request, "console/dead_job.html", values, crumbs=crumbs)


async def progress(request: web.Request) -> Mapping[str, str]:
    """How it stands now, as the fragment `job`."""
    return {"job": render("console/_dead_job.html", language_of(request), await _values(request))}


async def _values(request: web.Request) -> Mapping[str, object]:
    job_id = JobId(int(path_id(request, "job_id")))
    job = await request.app[SERVICES].dead.job(job_id)
    if job is None:
        raise not_found(f"job {job_id}")
    view = job_view(job)
    return {
        "job": view,
        "stages": _stages(job),
        "over": _over(view),
        "now": request.app[SERVICES].clock.now(),
        "may_act": request[SESSION].caller.may(ApiScope.OPERATE),
        "csrf": form_token(request),
    }


def _over(view: JobView) -> int:
    return view.total - view.pending - view.in_flight


def _stages(job: Job) -> Sequence[Mapping[str, int]]:
    """Of a canary, how far each of its three stages is, over all causes."""
    if not job.canary:
        return []
    ends = [waves(group.total) for group in job.groups]
    tried = [group.tried for group in job.groups]
    stages, below = [], [0] * len(ends)
    for number in range(3):
        tops = [end[number] for end in ends]
        size = sum(top - low for top, low in zip(tops, below, strict=True))
        at = sum(min(max(had - low, 0), top - low) for had, low, top in zip(tried, below, tops, strict=True))
        stages.append({"size": size, "tried": at})
        below = tops
    return stages


async def undo(request: web.Request) -> web.Response:
    """What is not yet executed stays as it was."""
    await form_of(request)
    job_id = JobId(int(path_id(request, "job_id")))
    audit = AuditEntry("dead_letter_job.undone", None, None, actor(request), request[REQUEST_ID])
    job = await request.app[SERVICES].dead.undo(job_id, audit=audit)
    if job is None:
        raise not_found(f"job {job_id}")
    return done(request, job_address(job_id), Notice("notice.dead.undone", job.count(ItemState.UNDONE)))


ROUTES: tuple[Route, ...] = (
    Route("GET", JOBS, signed_in(index), access=Access.OWN, page=True),
    Route("GET", JOB, signed_in(show), access=Access.OWN, page=True),
    live_route(f"{JOB}/live", progress),
    Route("POST", f"{JOB}/undo", signed_in(undo, ApiScope.OPERATE), access=Access.OWN, page=True),
)
