"""Structured logs: one line per outcome, JSON or for a terminal, never a secret.

Values of type Secret redact themselves; keys that usually hold secrets or personal data
are dropped as a second net. Tracebacks carry no local variables.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Final

import orjson
import structlog
from structlog.tracebacks import ExceptionDictTransformer

from config.settings import LogFormat

_HIDDEN: Final = frozenset(
    {"authorization", "access_token", "refresh_token", "manager_token", "token", "password", "secret"}
    | {"client_secret", "cookie", "session", "api_key", "body", "email", "mobile", "phone", "name", "address"}
)


Report = Callable[[BaseException, Mapping[str, object]], None]
"""Told of every exception that is logged, with the line's fields."""


def set_up_logging(level: str, style: LogFormat, process: str, *, report: Report | None = None) -> None:
    """Configures structlog and sends the standard library's warnings the same way."""
    numeric = logging.getLevelNamesMapping()[level]
    structlog.configure(
        cache_logger_on_first_use=True,
        wrapper_class=structlog.make_filtering_bound_logger(numeric),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _hide,
            _name(process),
            *([_telling(report)] if report else ()),
            *_renderers(style),
        ],
        logger_factory=structlog.BytesLoggerFactory(sys.stdout.buffer)
        if style is LogFormat.JSON
        else structlog.PrintLoggerFactory(),
    )
    _adopt_standard_logging(numeric)


def _renderers(style: LogFormat) -> list[Any]:
    if style is LogFormat.CONSOLE:
        return [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    tracebacks = structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False))
    return [tracebacks, structlog.processors.JSONRenderer(serializer=_dump)]


def _dump(value: object, **_: object) -> bytes:
    return orjson.dumps(value, default=str)


def _hide(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key in _HIDDEN & event.keys():
        event[key] = "***"
    return event


def _name(process: str) -> Any:
    def add(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["process"] = process
        return event

    return add


def _telling(report: Report) -> Any:
    def tell(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        error = _exception_of(event.get("exc_info"))
        if error is not None:
            report(error, event)
        return event

    return tell


def _exception_of(exc_info: object) -> BaseException | None:
    """Of what a logger may be given: an exception, a triple, or True for the one that is being handled."""
    match exc_info:
        case BaseException():
            return exc_info
        case (_, BaseException() as error, _):
            return error
        case True:
            return sys.exc_info()[1]
        case _:
            return None


class _ToStructlog(logging.Handler):
    """What libraries say through the standard library, as our own lines."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger().log(
            record.levelno, "library", logger=record.name, message=record.getMessage(), exc_info=record.exc_info
        )


def _adopt_standard_logging(level: int) -> None:
    root = logging.getLogger()
    root.handlers[:] = [_ToStructlog()]
    root.setLevel(max(level, logging.WARNING))
