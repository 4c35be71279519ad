"""How the application is run: limits on what a request may look like, and a server log that repeats none of it."""

from __future__ import annotations

import logging
import resource
from typing import Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from structlog import get_logger

from entrypoints.http.connections import Patience, Runner
from entrypoints.http.health_services import HEALTH

log = get_logger()

HEADER_BYTES: Final = 16 * 1024
"""The longest request line and the longest header."""
HEADERS: Final = 100
"""More than any client sends."""
MOST_CONNECTIONS: Final = 4096
SPARE_FILES: Final = 256
"""Open files that are left to what is no connection of a client: databases, Zid, spool."""
LINGER_SECONDS: Final = 5.0
"""So long the rest of a body is taken in that nobody wanted, so that the answer can be read; then it is cut off."""
IDLE_SECONDS: Final = 75.0
"""A connection without a request is closed after that; longer than proxies keep theirs unused (60 s)."""


def allow_many_connections() -> int:
    """Lets this process open as many files as the system grants it, and says how many may be connections."""
    granted, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS + SPARE_FILES
    if granted < wanted:
        granted = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
        resource.setrlimit(resource.RLIMIT_NOFILE, (granted, most))
    return max(SPARE_FILES, min(MOST_CONNECTIONS, granted - SPARE_FILES))


def make_runner(app: web.Application, *, grace: float, patience: Patience | None = None) -> web.AppRunner:
    """A runner without sites. Its cleanup gives requests that have begun `grace` seconds to end."""
    return Runner(
        app,
        app[HEALTH],
        patience or Patience(),
        access_log=None,
        handle_signals=False,
        shutdown_timeout=grace,
        max_line_size=HEADER_BYTES,
        max_field_size=HEADER_BYTES,
        max_headers=HEADERS,
        keepalive_timeout=IDLE_SECONDS,
        lingering_time=LINGER_SECONDS,
        logger=_server_log(),
    )


def _server_log() -> logging.Logger:
    """A logger of its own, outside the standard hierarchy, so that setting one up changes nothing elsewhere."""
    server = logging.Logger("wasl.http", logging.WARNING)
    server.addHandler(_ToOurs())
    return server


class _ToOurs(logging.Handler):
    """What does not reach a route. The server's own message would quote the request, keys included."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError):
            log.info("http_malformed", problem=type(error).__name__)
        else:
            log.error("http_server_failed", problem=record.getMessage(), exc_info=error)
