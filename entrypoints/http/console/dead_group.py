"""`/console/dead/groups/{fingerprint}`: one cause, what would be done about it, and doing it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from core.domain.api_access import ApiScope
from core.domain.dead_letters import version_of
from core.domain.event_states import EventState
from core.domain.events import Failure
from core.domain.redrive import STOP_ABOVE_PERCENT, DeskAction, Job, waves
from core.features.dead_letters import AT_ONCE, DISCARD_DELAY
from core.ports.dead_letters import DeadCount, DeadGroup
from core.ports.ledger_reading import EventFilter
from core.ports.redrives import Order
from entrypoints.http.api.dead_letters import carry_out
from entrypoints.http.api.events import event_view
from entrypoints.http.console.access import SESSION, form_of, signed_in
from entrypoints.http.console.dead import DEAD
from entrypoints.http.console.dead_jobs import job_address
from entrypoints.http.console.events_actions import reason_of
from entrypoints.http.console.framing import console_page
from entrypoints.http.console.navigation import Crumb
from entrypoints.http.console.notices import Notice, Tone, done
from entrypoints.http.pages import Texts, language_of
from entrypoints.http.path_ids import path_id
from entrypoints.http.problems import Refusal, bad_request, not_found
from entrypoints.http.routing import Access, Route
from entrypoints.http.services import SERVICES

GROUP: Final = f"{DEAD}/groups/{{fingerprint}}"
SAMPLES: Final = 8
_PERCENT: Final = re.compile(r"[0-9]{1,3}(\.[0-9]{1,2})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Tried:
    """A form that could not be carried out as it was sent: what was typed, and the text that says why."""

    action: str
    problem: str
    given: Mapping[str, str]


async def show(request: web.Request) -> web.Response:
    return await group_page(request)


async def group_page(request: web.Request, tried: Tried | None = None) -> web.Response:
    """The group as it stands now; counted exactly for the forms below it."""
    group = await _group(request)
    wanted = _wanted(request)
    services = request.app[SERVICES]
    counted = await carry_out(request, Order(DeskAction.REDRIVE, wanted), "events.redriven", dry_run=True)
    newest = await services.search.page(wanted, limit=SAMPLES)
    shown = {
        "group": group,
        "version": version_of(group.fingerprint),
        "events": [event_view(event) for event in newest.events],
        "failure": await _failure(request, group),
        "count": counted.chosen,
        "waves": _waves(counted.chosen),
        "stop_above": STOP_ABOVE_PERCENT,
        "delayed": counted.chosen.letters > AT_ONCE,
        "delay_minutes": int(DISCARD_DELAY.total_seconds() // 60),
        "may_act": request[SESSION].caller.may(ApiScope.OPERATE),
        "dry": request.query.get("dry_run") == "true",
        "tried": tried,
    }
    crumbs = (Crumb(Texts(language_of(request))("nav.dead"), DEAD),)
    return console_page(request, "console/dead_group.html", shown, crumbs=crumbs, status=422 if tried else 200)


def _wanted(request: web.Request) -> EventFilter:
    return EventFilter(state=EventState.DEAD, fingerprint=path_id(request, "fingerprint"))


async def _group(request: web.Request) -> DeadGroup:
    """404 where nothing has died of it, or all of it was handled."""
    wanted = _wanted(request)
    groups = await request.app[SERVICES].dead.groups(wanted, limit=1)
    if not groups:
        raise not_found(f"dead letter with the fingerprint {wanted.fingerprint}")
    return groups[0]


async def _failure(request: web.Request, group: DeadGroup) -> Failure | None:
    """Why the sample's last attempt by this handler failed."""
    detail = await request.app[SERVICES].reader.event(group.sample.event_id)
    attempts = detail.attempts if detail else ()
    failures = [one.failure for one in attempts if one.failure and group.handler in {"", one.handler}]
    return failures[-1] if failures else None


def _waves(count: DeadCount) -> tuple[int, int, int]:
    """How many letters each stage of a canary adds."""
    first, second, third = waves(count.able)
    return first, second - first, third - second


async def redrive(request: web.Request) -> web.Response:
    fields = await form_of(request)
    canary = "canary" in fields
    try:
        stop = _percent(fields.get("stop_above", "")) if canary else None
    except Refusal:
        return await group_page(request, Tried("redrive", "dead.fix.stop_above", fields))
    order = Order(DeskAction.REDRIVE, _wanted(request), canary=canary, stop_above=stop)
    decided = await carry_out(request, order, "events.redriven", dry_run=False)
    return _to_job(request, decided.job)


def _percent(text: str) -> float:
    """0 to 100; what the API takes by default where nothing is said."""
    if not text:
        return STOP_ABOVE_PERCENT
    if not _PERCENT.fullmatch(text) or float(text) > 100:
        raise bad_request("stop_above", "a number from 0 to 100")
    return float(text)


async def discard(request: web.Request) -> web.Response:
    """The number of letters is typed: nobody discards more than they looked at."""
    fields, wanted = await form_of(request), _wanted(request)
    counted = await carry_out(request, Order(DeskAction.DISCARD, wanted), "events.discarded", dry_run=True)
    if fields.get("typed", "").strip().replace(",", "") != str(counted.chosen.letters):
        return await group_page(request, Tried("discard", "dead.fix.typed", fields))
    try:
        reason = reason_of(fields)
    except Refusal:
        return await group_page(request, Tried("discard", "dead.fix.reason", fields))
    order = Order(DeskAction.DISCARD, wanted, reason=reason)
    decided = await carry_out(request, order, "events.discarded", dry_run=False)
    return _to_job(request, decided.job)


def _to_job(request: web.Request, job: Job | None) -> web.Response:
    """A single cause is always a job's business; one without letters found nothing to do."""
    if job is None or not job.total:
        return done(request, DEAD, Notice("notice.dead.nothing", tone=Tone.BAD))
    return done(request, job_address(job.job_id), Notice(f"notice.dead.{job.action}", job.total))


ROUTES: tuple[Route, ...] = (
    Route("GET", GROUP, signed_in(show), access=Access.OWN, page=True),
    Route("POST", f"{GROUP}/redrive", signed_in(redrive, ApiScope.OPERATE), access=Access.OWN, page=True),
    Route("POST", f"{GROUP}/discard", signed_in(discard, ApiScope.OPERATE), access=Access.OWN, page=True),
)
