"""What every long-running process does: run until told to stop, keep its loops alive, leave in order."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

import structlog

from core.errors import TryLater
from entrypoints.failures import LOGGED, why_expected
from entrypoints.heartbeat import beat, given_pipe
from entrypoints.pulses import PULSES, Pulses

log = structlog.get_logger()

PAUSE_AFTER_FAILURE = 1.0


def run(main: Coroutine[Any, Any, None]) -> None:
    """Runs a process's main coroutine on the fastest event loop there is, with a heartbeat if somebody watches it.

    What ends it by surprise is in the log with its traceback before it is raised.
    """
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_with_heartbeat(main, given_pipe()))
    except Exception as error:
        if why_expected(error) is None:
            log.critical("process_failed", exc_info=True)
            error.add_note(LOGGED)
        raise


async def _with_heartbeat(main: Coroutine[Any, Any, None], pipe: int | None) -> None:
    beating = asyncio.create_task(beat(pipe), name="heartbeat") if pipe is not None else None
    try:
        await main
    finally:
        if beating is not None:
            beating.cancel()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    if sys.platform == "win32":
        return asyncio.new_event_loop
    import uvloop  # noqa: PLC0415 - has no Windows wheel

    return uvloop.new_event_loop


def stop_signal() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set. Call it inside the running loop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError):
            loop.add_signal_handler(name, stop.set)
    return stop


def settle_in() -> None:
    """The process is built and stays: the collector never looks through it again, only through what work leaves.

    Otherwise each full collection stops everything for about 100 ms, once a second under load. One now would cost as
    much before the process is ready, and finds nothing.
    """
    gc.freeze()


async def keep_doing(
    name: str, step: Callable[[], Awaitable[object]], *, every: float = 0.0, stop: asyncio.Event | None = None
) -> None:
    """Calls `step`, `every` seconds apart, until `stop` is set between two steps (or for ever, until cancelled).

    A failing step is logged and tried again after a pause. How the steps go is in the process's pulses.
    """
    with (PULSES.get() or Pulses()).watching(name, every) as watched:
        while stop is None or not stop.is_set():
            watched.begin()
            failed = watched.end(await _try_step(name, step))
            pause = max(PAUSE_AFTER_FAILURE, every) if failed else every
            if pause:
                await pause_or(stop, pause)


async def _try_step(name: str, step: Callable[[], Awaitable[object]]) -> Exception | None:
    """What it failed with, if it did."""
    try:
        await step()
    except TryLater as error:
        log.warning("step_waits", step=name, reason=str(error))
        return error
    except Exception as error:
        log.exception("step_failed", step=name)
        return error
    return None


async def pause_or(stop: asyncio.Event | None, seconds: float) -> None:
    """Sleeps, but not past the moment `stop` is set."""
    if stop is None:
        await asyncio.sleep(seconds)
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()


class Loops:
    """Background tasks of one process; all are cancelled and awaited on exit, in reverse order."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.create_task(work, name=name))

    async def __aenter__(self) -> Loops:
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in reversed(self._tasks):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
