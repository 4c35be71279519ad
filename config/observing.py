"""How a long-running process is heard of: its log, and where failures are told that nobody foresaw."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from config.logging import Report, set_up_logging
from config.settings import Settings
from config.version import running_version
from core.errors import SettingInvalid


@contextmanager
def observed(settings: Settings, process: str) -> Iterator[None]:
    """The log is set up; failures are sent on while inside, what is left of them on the way out.

    Raises SettingInvalid where SENTRY_DSN is set and the extra that speaks to it is not installed.
    """
    with _reporting(settings, process) as report:
        set_up_logging(settings.log_level, settings.log_format, process, report=report)
        yield


@contextmanager
def _reporting(settings: Settings, process: str) -> Iterator[Report | None]:
    if settings.sentry_dsn is None:
        yield None
        return
    try:
        from adapters.sentry.reports import FailureReports  # noqa: PLC0415 - only whoever asks for it has it
    except ImportError as error:
        raise SettingInvalid("SENTRY_DSN", "needs an extra: pip install 'wasl[sentry]', or leave it empty") from error
    reports = FailureReports(
        settings.sentry_dsn,
        process=process,
        release=f"wasl@{running_version()}",
        environment=settings.environment.value,
    )
    try:
        yield reports.tell
    finally:
        reports.close()
