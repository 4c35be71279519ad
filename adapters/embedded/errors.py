"""What can go wrong with the embedded servers.

EmbeddedServerError     the server is not there; the message is one line with cause and fix
└── DataDirInUse        another process owns the data directory
"""

from collections.abc import Sequence
from pathlib import Path


class EmbeddedServerError(Exception):
    """An embedded server cannot run; `str()` is one line, `log_tail` the last lines of the server's log."""

    def __init__(self, message: str, *, log_tail: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.log_tail = tuple(log_tail)


class DataDirInUse(EmbeddedServerError):
    """Another process owns the data directory: stop that one or choose another directory."""

    def __init__(self, path: Path, pid: int | None) -> None:
        owner = f"process {pid}" if pid else "another process"
        super().__init__(f"{path} is in use by {owner}: stop it, or choose another directory with --data-dir")
        self.path = path
        self.pid = pid
