"""A failure as Sentry takes it: its class, where it happened, and ids. Nothing else is ever put in.

No message, since messages quote what failed; no local variable, source line, header, body or query.
The SDK sends what it is given here and gathers nothing by itself.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from traceback import walk_tb
from types import FrameType
from typing import TYPE_CHECKING, Final

from sentry_sdk import Client
from sentry_sdk.utils import BadDsn

from core.domain.secret import Secret
from core.errors import SettingInvalid

if TYPE_CHECKING:
    from sentry_sdk._types import Event

IDS: Final = ("request_id", "event_id", "store_id", "trace_id", "topic", "handler", "route", "step")
"""Of a log line's fields those that go along."""
LONGEST_CHAIN: Final = 10
DEEPEST: Final = 50
QUIET_FOR: Final = 60.0
"""Seconds in which the same failure at the same place is told once: a step that fails is tried every second."""
REMEMBERED: Final = 1000
LEAVING_SECONDS: Final = 2.0

Place = tuple[str, str, str, int]


class FailureReports:
    """Tells of failures from a thread of its own; never raises, and drops what it cannot send."""

    def __init__(self, dsn: Secret, *, process: str, release: str, environment: str) -> None:
        """Raises SettingInvalid for what is no DSN."""
        self._process = process
        self._told: dict[Place, float] = {}
        try:
            self._client = Client(
                dsn=dsn.reveal(),
                release=release,
                environment=environment,
                default_integrations=False,
                auto_enabling_integrations=False,
                include_local_variables=False,
                include_source_context=False,
                max_request_body_size="never",
                max_breadcrumbs=0,
                send_client_reports=False,
                auto_session_tracking=False,
                shutdown_timeout=LEAVING_SECONDS,
            )
        except (BadDsn, ValueError):
            raise SettingInvalid("SENTRY_DSN", "is no DSN; Sentry shows it under Client Keys") from None

    def tell(self, error: BaseException, fields: Mapping[str, object]) -> None:
        """`fields` are those of the log line: its event, and ids."""
        if self._is_news(_place(error, str(fields.get("event", "")))):
            self._client.capture_event(self._event(error, fields))

    def close(self) -> None:
        """Sends what is left, for LEAVING_SECONDS at most."""
        self._client.close(timeout=LEAVING_SECONDS)

    def _is_news(self, place: Place) -> bool:
        now = time.monotonic()
        if now - self._told.get(place, -QUIET_FOR) < QUIET_FOR:
            return False
        if len(self._told) >= REMEMBERED:
            self._told.clear()
        self._told[place] = now
        return True

    def _event(self, error: BaseException, fields: Mapping[str, object]) -> Event:
        ids = {name: str(fields[name])[:200] for name in IDS if fields.get(name) is not None}
        what = str(fields.get("event", "failure"))
        return {
            "level": "error",
            "logger": "wasl",
            "transaction": what,
            "tags": {"process": self._process, "event": what, **ids},
            "exception": {"values": [_told(link) for link in reversed(list(_chain(error)))]},
        }


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, then what led to it."""
    link: BaseException | None = error
    for _ in range(LONGEST_CHAIN):
        if link is None:
            return
        yield link
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)


def _told(error: BaseException) -> dict[str, object]:
    frames = [_frame(frame, line) for frame, line in walk_tb(error.__traceback__)]
    return {
        "type": type(error).__qualname__,
        "module": type(error).__module__,
        "stacktrace": {"frames": frames[-DEEPEST:]},
    }


def _frame(frame: FrameType, line: int) -> dict[str, object]:
    """By module: the path of a file tells where somebody lives."""
    module = str(frame.f_globals.get("__name__", ""))
    return {
        "module": module,
        "filename": PurePath(frame.f_code.co_filename).name,
        "function": frame.f_code.co_name,
        "lineno": line,
        "in_app": not frame.f_code.co_filename.startswith("<") and "site-packages" not in frame.f_code.co_filename,
    }


def _place(error: BaseException, event: str) -> Place:
    frames = list(walk_tb(error.__traceback__))
    module, line = (str(frames[-1][0].f_globals.get("__name__", "")), frames[-1][1]) if frames else ("", 0)
    return event, type(error).__qualname__, module, line
