"""The world on disk: a SQLite file that gets only what changed, in one transaction, off the event loop."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path

Change = tuple[str, str, bytes | None]

_CREATE = "CREATE TABLE IF NOT EXISTS rows (section TEXT, key TEXT, value BLOB NOT NULL, UNIQUE (section, key))"
_PUT = (
    "INSERT INTO rows (section, key, value) VALUES (?, ?, ?) "
    "ON CONFLICT (section, key) DO UPDATE SET value = excluded.value"
)


class UnreadableStateError(Exception):
    """The file is no state of this sandbox; `path` names it."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class StateBusyError(Exception):
    """Another process has the file open; `path` names it."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}: another sandbox is using it")
        self.path = path


# What SQLite calls a file that is none of its own, or a broken one. All else (locked, full, forbidden) is no
# reason to put a good state away.
_UNREADABLE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class StateFile:
    """Loads once, then takes changes; each save is a whole transaction, so a killed process leaves the one before."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = self._open()

    def load(self) -> list[tuple[str, str, bytes]]:
        """Every row in the order in which it was first put; raises UnreadableStateError."""
        try:
            return self._connection.execute("SELECT section, key, value FROM rows ORDER BY rowid").fetchall()
        except sqlite3.Error as reason:
            self._connection.close()
            raise _explained(self.path, reason) from reason

    def save(self, changes: Iterable[Change], *, emptied: bool = False) -> None:
        """Applies `changes` at once; `emptied` forgets everything before. May run in another thread."""
        with self._connection:
            if emptied:
                self._connection.execute("DELETE FROM rows")
            puts, gone = _split(changes)
            self._connection.executemany("DELETE FROM rows WHERE section = ? AND key = ?", gone)
            self._connection.executemany(_PUT, puts)

    def close(self) -> None:
        self._connection.close()

    def _open(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self.path, check_same_thread=False, timeout=0.5)
        try:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(_CREATE)
        except sqlite3.Error as reason:
            connection.close()
            raise _explained(self.path, reason) from reason
        self.path.chmod(0o600)
        return connection


def _explained(path: Path, reason: sqlite3.Error) -> Exception:
    """What a failure to read means: not ours, in use, or just what SQLite says."""
    code = getattr(reason, "sqlite_errorcode", 0) & 0xFF
    if code in _UNREADABLE:
        return UnreadableStateError(path, str(reason))
    return StateBusyError(path) if code == sqlite3.SQLITE_BUSY else reason


def set_aside(path: Path) -> Path:
    """Renames an unreadable state (and what SQLite keeps beside it) out of the way; returns the new name."""
    number = 1
    while (aside := path.with_name(f"{path.name}.unreadable-{number}")).exists():
        number += 1
    path.rename(aside)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return aside


def _split(changes: Iterable[Change]) -> tuple[list[tuple[str, str, bytes]], list[tuple[str, str]]]:
    puts: list[tuple[str, str, bytes]] = []
    gone: list[tuple[str, str]] = []
    for section, key, value in changes:
        if value is None:
            gone.append((section, key))
        else:
            puts.append((section, key, value))
    return puts, gone
