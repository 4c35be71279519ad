"""`/console/dead`: dead letters by cause, how fast they grow, and the jobs that work on many of them."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from core.ports.ledger_reading import EventFilter
from entrypoints.http.api.dead_letter_jobs import job_view
from entrypoints.http.console.access import signed_in
from entrypoints.http.console.framing import console_page
from entrypoints.http.routing import Access, Route
from entrypoints.http.services import SERVICES

DEAD: Final = "/console/dead"
GROUPS: Final = 50
JOBS: Final = 10


async def show(request: web.Request) -> web.Response:
    services = request.app[SERVICES]
    groups = await services.dead.groups(EventFilter(), limit=GROUPS)
    outlook = await services.dead.outlook()
    shown = {
        "groups": groups,
        "jobs": [job_view(job) for job in await services.dead.jobs(limit=JOBS)],
        "outlook": outlook,
        "reached_at": outlook.alarm.reached_at(services.clock.now()),
    }
    return console_page(request, "console/dead.html", shown)


ROUTES = (Route("GET", DEAD, signed_in(show), access=Access.OWN, page=True),)
