"""`/console/dead`: dead letters by cause, and the jobs that work on many of them."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from core.ports.ledger_reading import EventFilter
from entrypoints.http.api.dead_letter_jobs import job_view
from entrypoints.http.console.access import signed_in
from entrypoints.http.pages import page
from entrypoints.http.routing import Access, Route
from entrypoints.http.services import SERVICES

GROUPS: Final = 50
JOBS: Final = 10


async def show(request: web.Request) -> web.Response:
    dead = request.app[SERVICES].dead
    groups = await dead.groups(EventFilter(), limit=GROUPS)
    jobs = [job_view(job) for job in await dead.jobs(limit=JOBS)]
    return page(request, "dead.html", {"groups": groups, "jobs": jobs})


ROUTES = (Route("GET", "/console/dead", signed_in(show), access=Access.OWN, page=True),)
