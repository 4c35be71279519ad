"""Signs of life: a supervised process's event loop beats into a pipe, so that a frozen one is told from a busy one."""

from __future__ import annotations

import asyncio
import os
from collections.abc import MutableMapping
from typing import Final

HEARTBEAT_KEY: Final = "WASL_HEARTBEAT_FD"
BEAT_EVERY: Final = 0.25
BEAT: Final = b"."


def given_pipe(environment: MutableMapping[str, str] = os.environ) -> int | None:
    """The pipe that a supervisor passed on, taken out of the environment; None where there is none."""
    given = environment.pop(HEARTBEAT_KEY, "")
    if not given.isdecimal():
        return None
    descriptor = int(given)
    try:
        os.set_inheritable(descriptor, False)
        os.set_blocking(descriptor, False)
    except OSError:
        return None
    return descriptor


async def beat(pipe: int) -> None:
    """Until cancelled, or until nobody listens any more. A pipe that is full is one whose reader is busy."""
    while True:
        try:
            os.write(pipe, BEAT)
        except BlockingIOError:
            pass
        except OSError:
            return
        await asyncio.sleep(BEAT_EVERY)
