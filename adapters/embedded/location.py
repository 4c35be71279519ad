"""Where the servers' files and sockets of one data directory live; reading it changes nothing on disk."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from adapters.embedded.account import Account

POINTER = "server-files"
SHARED_ROOT = Path("/var/lib/wasl")
LONGEST_SOCKET_NAME = ".s.PGSQL.5432"
SOCKET_PATH_LIMIT = 104  # bytes with the closing zero: sun_path on macOS; Linux allows 108


@dataclass(frozen=True)
class Location:
    """`files`: the servers' data, logs, copied programs; `sockets`: a path that clients can take."""

    files: Path
    sockets: Path


def locate(data_dir: Path, account: Account | None, elsewhere: Path = SHARED_ROOT) -> Location:
    """Below the data directory; elsewhere when the account cannot get there or no socket's path fits."""
    files = _files(data_dir, account, elsewhere)
    return Location(files, _sockets(files))


def pointer_of(data_dir: Path) -> Path:
    """The file that names the servers' directory when it is not the data directory itself."""
    return data_dir / POINTER


def _files(data_dir: Path, account: Account | None, elsewhere: Path) -> Path:
    if account is None:
        return data_dir
    pointer = pointer_of(data_dir)
    if pointer.is_file():
        return Path(pointer.read_text(encoding="utf-8").rstrip("\n"))
    return data_dir if account.reaches(data_dir) else elsewhere / _digest(data_dir)


def _sockets(files: Path) -> Path:
    beside = files / "run"
    fits = len(os.fsencode(beside / LONGEST_SOCKET_NAME)) < SOCKET_PATH_LIMIT
    if fits and "," not in str(beside):  # Postgres clients take a comma for the end of one host
        return beside
    return Path(f"/tmp/wasl-{os.geteuid()}-{_digest(files)}")  # noqa: S108 (made 0700, owner checked by make_private)


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
