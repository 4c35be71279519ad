"""Turns whatever ends a request into an answer: a problem document for programs, a page for people."""

from __future__ import annotations

from aiohttp import web

from entrypoints.http import problems
from entrypoints.http.console.access import SESSION, recognise
from entrypoints.http.console.framing import problem_in_frame
from entrypoints.http.outcomes import outcome_of
from entrypoints.http.pages import problem_page
from entrypoints.http.problems import Problem
from entrypoints.http.routing import Handler, route_of
from entrypoints.http.tracing import REQUEST_ID


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Everything a handler raises becomes an answer; what we did not foresee is logged with its traceback."""
    outcome = await outcome_of(request, handler)
    if not isinstance(outcome, Problem):
        return outcome
    await recognise(request)
    return answer(request, outcome)


def answer(request: web.Request, problem: Problem) -> web.Response:
    """The problem in the form the asker reads."""
    if _is_for_people(request):
        return _page_of(request, problem)
    return problems.respond(problem, request[REQUEST_ID])


def _page_of(request: web.Request, problem: Problem) -> web.Response:
    if SESSION not in request:
        return problem_page(request, problem)
    response = problem_in_frame(request, problem)
    response.headers.update(problems.headers_of(problem))
    return response


def _is_for_people(request: web.Request) -> bool:
    route = route_of(request)
    if route is not None:
        return route.page
    return "text/html" in request.headers.get("Accept", "")
