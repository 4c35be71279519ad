"""A process started by `wasl up` never outlives it, not even when `wasl up` is killed."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import MutableMapping
from typing import Final

PARENT_KEY: Final = "WASL_PARENT_PID"
_PR_SET_PDEATHSIG: Final = 1
_LOOK_EVERY_SECONDS: Final = 0.5


def follow_parent(environment: MutableMapping[str, str] = os.environ) -> None:
    """Where the environment names a parent, this process is killed when that parent ends; else nothing."""
    parent = environment.pop(PARENT_KEY, "")
    if not parent.isdecimal():
        return
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))
    else:
        threading.Thread(target=_watch, args=(int(parent),), name="wasl-lifeline", daemon=True).start()
    _die_unless_child_of(int(parent))  # it may have ended before the kernel was asked


def _watch(parent: int) -> None:
    while True:
        _die_unless_child_of(parent)
        time.sleep(_LOOK_EVERY_SECONDS)


def _die_unless_child_of(parent: int) -> None:
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
