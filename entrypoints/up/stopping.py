"""Ctrl-C once: stop in order. Twice: at once."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, TypeVar

T = TypeVar("T")
STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(Exception):
    """A person or the system asked to stop; what was going on has been cancelled."""


@dataclass(frozen=True, slots=True)
class StopRequest:
    """`asked` after the first signal, `hurry` after the second."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    hurry: asyncio.Event = field(default_factory=asyncio.Event)

    def note(self) -> None:
        if self.asked.is_set():
            self.hurry.set()
        self.asked.set()

    async def unless_asked(self, work: Coroutine[object, object, T]) -> T:
        """The work's result; cancels it and raises Stopped when a stop is asked for before it ends."""
        doing = asyncio.create_task(work)
        asked = asyncio.create_task(self.asked.wait())
        try:
            await asyncio.wait([doing, asked], return_when=asyncio.FIRST_COMPLETED)
        finally:
            asked.cancel()
            if not doing.done():
                doing.cancel()
                await asyncio.wait([doing])
        if doing.cancelled():
            raise Stopped
        return doing.result()


@contextmanager
def stop_signals() -> Iterator[StopRequest]:
    """Signals become requests while this is open. Call it on the main thread, inside the running loop."""
    loop = asyncio.get_running_loop()
    request = StopRequest()
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, request.note)
    try:
        yield request
    finally:
        for number in STOP_SIGNALS:
            loop.remove_signal_handler(number)
