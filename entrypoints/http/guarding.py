"""Turns whatever ends a request into an answer: a problem document for programs, a page for people."""

from __future__ import annotations

from aiohttp import web
from structlog import get_logger

from core.domain.bounds import OutOfBounds
from core.domain.keyset import BadCursor
from core.errors import FixSetup, Unreadable, WaslError
from entrypoints.http import cursors, problems
from entrypoints.http.bodies import Slow
from entrypoints.http.console.access import SESSION, recognise
from entrypoints.http.console.framing import problem_in_frame
from entrypoints.http.pages import problem_page
from entrypoints.http.problems import Problem, Refusal
from entrypoints.http.routing import Handler, route_of
from entrypoints.http.tracing import REQUEST_ID

log = get_logger()


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Everything a handler raises becomes an answer; what we did not foresee is logged with its traceback."""
    outcome = await outcome_of(request, handler)
    if not isinstance(outcome, Problem):
        return outcome
    await recognise(request)
    return answer(request, outcome)


async def outcome_of(request: web.Request, handler: Handler) -> web.StreamResponse | Problem:
    """What the handler answers, or the problem that ended it. Never raises but for cancellation."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        return problems.problem_of_status(error) if error.status >= 400 else error
    except (Refusal, BadCursor, OutOfBounds, WaslError, Slow, ConnectionError, web.RequestPayloadError) as error:
        return _foreseen(error)
    except Exception:  # the edge: one request's fault must not end the process
        log.exception("http_request_failed")
        return problems.internal()


def _foreseen(error: Exception) -> Problem:
    match error:
        case Refusal():
            return error.problem
        case BadCursor():
            return cursors.foreign().problem
        case OutOfBounds():
            return problems.bad_request(error.field, error.problem).problem
        case WaslError():
            _log_cause(error)
            return problems.problem_of(error)
        case _:
            return Problem(problems.KINDS["bad-request"], "the body did not arrive whole")


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


def _log_cause(error: WaslError) -> None:
    match error:
        case FixSetup() | Unreadable():
            log.error("http_request_refused", problem=type(error).__name__, cause=str(error))
        case _:
            log.warning("http_request_refused", problem=type(error).__name__)
