"""Waiting for something observable, with a deadline."""

import time
from collections.abc import Callable

FIRST_LOOK, SLOWEST_LOOK = 0.005, 0.1
"""Seconds between two looks, growing: what takes long is not hindered by being watched."""


def eventually(condition: Callable[[], bool], *, seconds: float = 60) -> bool:
    """True as soon as `condition` holds; its last answer after `seconds`."""
    deadline, pause = time.monotonic() + seconds, FIRST_LOOK
    while not condition():
        if time.monotonic() > deadline:
            return condition()
        time.sleep(pause)
        pause = min(SLOWEST_LOOK, pause * 1.3)
    return True
