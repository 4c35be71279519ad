"""`/console/settings`: what runs, the doctor, handlers, keys and secrets by id, and the configuration in force."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from itertools import groupby
from typing import Final

from aiohttp import web

from core.domain.api_access import ApiScope
from core.domain.diagnosis.findings import Diagnosis, Severity
from core.domain.topics import DERIVED_SOURCES
from core.features.event_handlers import Handler
from entrypoints.http.console.access import SESSION, signed_in
from entrypoints.http.console.framing import console_page, console_part
from entrypoints.http.console.navigation import Crumb
from entrypoints.http.pages import Texts, language_of
from entrypoints.http.pages.texts import TEXTS
from entrypoints.http.routing import Access, Route
from entrypoints.http.services import SERVICES

SETTINGS: Final = "/console/settings"
DOCTOR: Final = "/console/settings/doctor"
EXAMINING: Final = web.AppKey("examining", asyncio.Lock)
"""One examination at a time in a process, however many people ask."""


async def overview(request: web.Request) -> web.Response:
    session, services = request[SESSION], request.app[SERVICES]
    shown = {
        "who": session.caller.name,
        "version": services.settings.version,
        "public_url": services.settings.public_url,
        "ends_at": session.ends_at,
        "scopes": [scope.value for scope in ApiScope if session.caller.may(scope)],
        "handlers": len(services.inside.handlers.all),
        "given": sum(one.is_given for one in services.inside.configuration),
    }
    return console_page(request, "console/settings.html", shown)


async def doctor(request: web.Request) -> web.Response:
    """A piece of the page for htmx, a page of its own otherwise. Looks while somebody waits for it."""
    async with request.app[EXAMINING]:
        diagnosis = await request.app[SERVICES].inside.examine.diagnosis()
    groups = [(group, list(checks)) for group, checks in groupby(diagnosis.examined, key=lambda one: one.group)]
    shown = {"groups": groups, "counts": _counts(diagnosis)}
    if "HX-Request" in request.headers:
        return console_part(request, "console/_doctor.html", shown)
    return _below(request, "console/settings_doctor.html", shown)


def _counts(diagnosis: Diagnosis) -> dict[str, int]:
    counted = {severity.value: diagnosis.count(severity) for severity in Severity if severity is not Severity.OK}
    return {"checks": len(diagnosis.examined), **counted}


async def handlers(request: web.Request) -> web.Response:
    found = request.app[SERVICES].inside.handlers.all
    rows = sorted(map(_row, found), key=lambda row: (str(row["topic"]), str(row["name"])))
    return _below(request, "console/settings_handlers.html", {"rows": rows})


def _row(handler: Handler) -> dict[str, object]:
    return {
        "topic": handler.topic,
        "name": handler.name,
        "attempts": handler.retry.max_attempts,
        "waits": f"{handler.retry.first_wait:g}–{handler.retry.longest_wait:g} s",
        "time_limit": f"{handler.time_limit:g} s",
        "concurrency": handler.concurrency,
        "batch": handler.batch,
        "snapshot": handler.snapshot,
        "sources": DERIVED_SOURCES.get(handler.topic, ()),
    }


async def rings(request: web.Request) -> web.Response:
    """As `wasl keys status` has it: ids only, which tell nothing of the secrets. Uses are counted when asked for."""
    counted = request.query.get("count") == "all"
    report = await request.app[SERVICES].inside.key_status.read(quarantined=50, counted=counted)
    return _below(request, "console/settings_rings.html", {"report": report, "counted": counted})


async def configuration(request: web.Request) -> web.Response:
    shown = request.app[SERVICES].inside.configuration
    language = language_of(request)
    texts = Texts(language)
    means = {one.name: texts(key) for one in shown if (key := f"means.{one.name.lower()}") in TEXTS}
    return _below(request, "console/settings_configuration.html", {"rows": shown, "means": means})


def _below(request: web.Request, template: str, values: Mapping[str, object]) -> web.Response:
    crumbs = (Crumb(Texts(language_of(request))("nav.settings"), SETTINGS),)
    return console_page(request, template, values, crumbs=crumbs)


ROUTES = (
    Route("GET", SETTINGS, signed_in(overview), access=Access.OWN, page=True),
    Route("GET", DOCTOR, signed_in(doctor), access=Access.OWN, page=True),
    Route("GET", f"{SETTINGS}/handlers", signed_in(handlers), access=Access.OWN, page=True),
    Route("GET", f"{SETTINGS}/rings", signed_in(rings), access=Access.OWN, page=True),
    Route("GET", f"{SETTINGS}/configuration", signed_in(configuration), access=Access.OWN, page=True),
)
