"""Failures a person can mend, each as one line that names the cause and the fix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.errors import ClientRejected, Unavailable, WaslError


class CommandFailed(Exception):
    """The command cannot do what it was asked; `str()` is the line that people read."""


LOGGED: Final = "the log has the traceback"
"""A note on an exception: nobody has to write it down once more."""
FIX_OF_DEPENDENCY: Final[Mapping[str, str]] = {
    "postgres": "is it running, and does DATABASE_URL name it?",
    "redis": "is it running, and does REDIS_URL name it?",
    "zid": "try again in a moment",
}


def why_expected(error: BaseException) -> CommandFailed | WaslError | None:
    """The failure that explains it; None where somebody has to look at a traceback.

    Of several that failed side by side the first speaks, when none of them is a surprise. A file that cannot be
    read or written is no surprise.
    """
    match error:
        case CommandFailed() | WaslError():
            return error
        case BaseExceptionGroup():
            reasons = [why_expected(inner) for inner in error.exceptions]
            return reasons[0] if all(reasons) else None
        case OSError(filename=str(name), strerror=str(problem)):
            return CommandFailed(f"{name}: {problem}")
        case _:
            return None


def explain(error: CommandFailed | WaslError) -> str:
    """One line for people: cause, then what to do."""
    match error:
        case Unavailable():
            return one_line(f"{error}: {FIX_OF_DEPENDENCY.get(error.dependency.lower(), 'try again in a moment')}")
        case ClientRejected():
            return one_line(f"{error}: check ZID_CLIENT_ID and ZID_CLIENT_SECRET")
        case _:
            return one_line(str(error) or type(error).__name__)


def one_line(text: str) -> str:
    """The text without line breaks, as drivers like to put into their messages."""
    return " ".join(text.split())
