"""How the command line ends: which exit code, and the one line that a failure gets."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping
from typing import Final

import typer
from typer._click.exceptions import ClickException, NoArgsIsHelpError, UsageError

from entrypoints.failures import LOGGED, explain, one_line, why_expected

FAILED: Final = 1
MISUSED: Final = 2
DEBUG_KEY: Final = "WASL_DEBUG"


def end_well(work: Callable[[], object], environment: Mapping[str, str] = os.environ) -> int:
    """The exit code of the work: 0 done, 1 failed, 2 called wrongly. A failure is one line on stderr.

    What nobody expected is written down in a file that only its owner reads; WASL_DEBUG=1 shows it at once.
    """
    try:
        code = work()
    except ClickException as error:
        return _misused(error)
    except typer.Abort:
        return _tell("aborted: nothing more is done")
    except Exception as error:  # noqa: BLE001 - the edge: whatever it is, a person gets one line
        if environment.get(DEBUG_KEY, "") not in {"", "0"}:
            traceback.print_exception(error)
        expected = why_expected(error)
        return _tell(explain(expected) if expected else _unexpected(error))
    return code if isinstance(code, int) else 0


def flush() -> None:
    """Whoever reads our output may have had enough: that is no failure of ours."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _misused(error: ClickException) -> int:
    """Wrong words on the command line: what is wrong, and where it says how."""
    if isinstance(error, NoArgsIsHelpError):
        error.show()
        return MISUSED
    context = error.ctx if isinstance(error, UsageError) else None
    words = context.command_path if context else "wasl"
    _tell(f"{error.format_message().rstrip('.')} (see {words} --help)")
    return error.exit_code


def _unexpected(error: Exception) -> str:
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"unexpected {said} (this is a fault of wasl: {_written_down(error)})"


def _written_down(error: Exception) -> str:
    """In a file of its own each time; a process that is started again and again has a log instead."""
    if LOGGED in getattr(error, "__notes__", ()):
        return LOGGED
    try:
        file, path = tempfile.mkstemp(prefix="wasl-failure-", suffix=".txt")
    except OSError:
        return f"run it again with {DEBUG_KEY}=1 for details"
    with os.fdopen(file, "w", encoding="utf-8") as opened:
        opened.writelines(traceback.format_exception(error))
    return f"details are in {path}; {DEBUG_KEY}=1 shows them"


def _tell(line: str) -> int:
    sys.stderr.write(f"wasl: {one_line(line)}\n")
    return FAILED
