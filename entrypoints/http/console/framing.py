"""Pages inside the console's frame, and the parts of pages that scripts ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from entrypoints.http.console import cookies
from entrypoints.http.console.access import SESSION, form_token
from entrypoints.http.console.navigation import SECTIONS, Crumbs, section_of
from entrypoints.http.console.notices import notice_of
from entrypoints.http.pages import page, part
from entrypoints.http.pages.texts import problem_key
from entrypoints.http.problems import Problem
from entrypoints.http.tracing import REQUEST_ID

_TOLD: Final = frozenset(
    {"bad-request", "conflict", "insufficient-scope", "missing-scope", "zid-refused", "needs-reauthorization"}
)
"""Problems whose detail says what to correct."""


def console_page(
    request: web.Request,
    template: str,
    values: Mapping[str, object],
    *,
    status: int = 200,
    crumbs: Crumbs = (),
) -> web.Response:
    """The template (which extends console/frame.html) for whoever is signed in; a notice is said once."""
    notice = notice_of(request)
    shown = {**frame_values(request), "crumbs": crumbs, "notice": notice, **values}
    response = page(request, template, shown, status=status)
    if notice is not None:
        cookies.drop_cookie(request, response, cookies.NOTICE)
    return response


def console_part(
    request: web.Request, template: str, values: Mapping[str, object], *, status: int = 200
) -> web.Response:
    """A piece of a page, for htmx to put where it belongs."""
    return part(request, template, {**frame_values(request), **values}, status=status)


def problem_in_frame(request: web.Request, problem: Problem) -> web.Response:
    """The problem to somebody who is signed in: a page of the console, or the piece of one that a script asked for."""
    shown = {
        "lead": problem_key(problem.kind.slug),
        "detail": problem.detail if problem.kind.slug in _TOLD else None,
        "request_id": request[REQUEST_ID],
    }
    if "HX-Request" in request.headers:
        return console_part(request, "console/_problem.html", shown, status=problem.kind.status)
    return console_page(request, "console/problem.html", shown, status=problem.kind.status)


def frame_values(request: web.Request) -> Mapping[str, object]:
    """What every template of the console knows: the forms' token, who is signed in, and where they are."""
    return {
        "csrf": form_token(request),
        "caller": request[SESSION].caller,
        "sections": SECTIONS,
        "current": section_of(request.path),
        "refresh": request.query.get("refresh") == "5",
    }


def address(path: str, **query: object) -> str:
    """The path with what is not None or empty as its query."""
    given = {name: str(value) for name, value in query.items() if value not in (None, "")}
    return f"{path}?{urlencode(given)}" if given else path
