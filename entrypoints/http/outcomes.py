"""What a request ended with: an answer, or the problem that whatever was raised amounts to."""

from __future__ import annotations

from aiohttp import web
from structlog import get_logger

from core.domain.bounds import OutOfBounds
from core.domain.keyset import BadCursor
from core.errors import FixSetup, Unreadable, WaslError
from entrypoints.http import cursors, problems
from entrypoints.http.bodies import Slow
from entrypoints.http.problems import Problem, Refusal
from entrypoints.http.routing import Handler
from entrypoints.http.tracing import REQUEST_ID

log = get_logger()


@web.middleware
async def guard_plainly(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Everything a handler raises becomes a problem document: for processes that have no pages."""
    outcome = await outcome_of(request, handler)
    return problems.respond(outcome, request[REQUEST_ID]) if isinstance(outcome, Problem) else outcome


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


def _log_cause(error: WaslError) -> None:
    match error:
        case FixSetup() | Unreadable():
            log.error("http_request_refused", problem=type(error).__name__, cause=str(error))
        case _:
            log.warning("http_request_refused", problem=type(error).__name__)
