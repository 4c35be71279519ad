"""A failure as it is kept: type, message and frames; never the local variables, and no value in a message."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from typing import Final

from core.domain.events import Failure
from core.domain.failure_text import fit_to_keep

LONGEST_TRACEBACK: Final = 8000
LONGEST_CHAIN: Final = 10
_CAUSE: Final = "\nThe above exception was the direct cause of the following exception:\n\n"
_CONTEXT: Final = "\nDuring handling of the above exception, another exception occurred:\n\n"


def describe(error: BaseException) -> Failure:
    """What to store of an exception; the end of a long traceback is kept, since the cause stands there."""
    return Failure(type(error).__name__, fit_to_keep(_message(error)), _frames(error)[-LONGEST_TRACEBACK:])


def _frames(error: BaseException) -> str:
    """As Python prints a chain of exceptions, with the parts of a group at its end."""
    chain = list(_chain(error))
    text = "".join(_one(link) + joint for link, joint in reversed(chain))
    if isinstance(error, BaseExceptionGroup):
        text += "".join(f"\nIn the group:\n\n{_frames(inner)}" for inner in error.exceptions[:LONGEST_CHAIN])
    return text


def _chain(error: BaseException) -> Iterator[tuple[BaseException, str]]:
    """The error, then what led to it, each with the words that follow it."""
    link: BaseException | None = error
    joint = ""
    for _ in range(LONGEST_CHAIN):
        if link is None:
            return
        yield link, joint
        if link.__cause__ is not None:
            link, joint = link.__cause__, _CAUSE
        else:
            link, joint = (None if link.__suppress_context__ else link.__context__), _CONTEXT


def _one(error: BaseException) -> str:
    frames = "".join(traceback.format_tb(error.__traceback__))
    head = "Traceback (most recent call last):\n" if frames else ""
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    message = fit_to_keep(_message(error))
    return f"{head}{frames}{name}{': ' if message else ''}{message}\n"


def _message(error: BaseException) -> str:
    """An exception whose own words fail has none."""
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - __str__ of an app's exception may do anything
        return ""
