"""A failure as it is kept: type, message and frames, never the local variables."""

from __future__ import annotations

import traceback

from core.domain.events import Failure

LONGEST_MESSAGE = 500
LONGEST_TRACEBACK = 8000


def describe(error: BaseException) -> Failure:
    """What to store of an exception; the end of a long traceback is kept, since the cause stands there."""
    frames = "".join(traceback.format_exception(error))
    return Failure(type(error).__name__, str(error)[:LONGEST_MESSAGE], frames[-LONGEST_TRACEBACK:])
