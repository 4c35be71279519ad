"""The database and what stands around it, opened for one command."""

from __future__ import annotations

import asyncio
import getpass
import logging
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import structlog
from structlog.contextvars import bound_contextvars

from adapters.formats.request_context import USER
from core.domain.events import WorkItem
from core.errors import Unavailable
from entrypoints.cli.environment import settings_with_database

if TYPE_CHECKING:
    from config.container import Adapters
    from entrypoints.wiring import Daemon

T = TypeVar("T")
PROCESS = "cli"


def with_adapters(data_dir: Path, work: Callable[[Adapters], Awaitable[T]]) -> T:
    """Runs the work on open adapters. Raises what opening raises, in words that name the fix."""
    from config.lifespan import open_adapters  # noqa: PLC0415 (help and completion are quick without it)

    settings = settings_with_database(data_dir)

    async def opened() -> T:
        async with open_adapters(settings, PROCESS) as adapters:
            await adapters.check_schema()()
            return await work(adapters)

    return _run(opened)


def with_features(data_dir: Path, work: Callable[[Daemon], Awaitable[T]]) -> T:
    """Runs work that acts as a worker with a lease of its own: it may call Zid and renew tokens."""
    from entrypoints.wiring import daemon  # noqa: PLC0415 (as above)

    settings = settings_with_database(data_dir)

    async def opened() -> T:
        async with daemon(settings, PROCESS) as parts:
            return await work(parts)

    return _run(opened)


async def publish(adapters: Adapters, items: Sequence[WorkItem]) -> None:
    """Tells the work index at once; where it is away, the sweep finds the work."""
    with suppress(Unavailable):
        for kind, index in adapters.indexes().items():
            await index.publish([item for item in items if item.kind is kind])


def _run(work: Callable[[], Awaitable[T]]) -> T:
    quiet_logs()

    async def main() -> T:
        with bound_contextvars(**{USER: _user()}):
            return await work()

    return asyncio.run(main())


def _user() -> str:
    """Whom the operating system takes the person for; the audit keeps it."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


def quiet_logs() -> None:
    """A command answers by what it prints; only errors are logged, beside it."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
