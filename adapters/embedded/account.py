"""The account the servers run under: our own, or an unprivileged one for root, whom Postgres refuses."""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from adapters.embedded.errors import EmbeddedServerError

UNPRIVILEGED = "nobody"


@dataclass(frozen=True)
class Account:
    """An unprivileged account that servers started by root change to; it belongs to no extra group."""

    name: str
    uid: int
    gid: int

    def may(self, path: Path, *, read: bool = False, enter: bool = False) -> bool:
        """Whether the mode bits of `path` itself (not of its parents) let this account read or enter it."""
        status = path.stat()
        if status.st_uid == self.uid:
            shift = 6
        elif status.st_gid == self.gid:
            shift = 3
        else:
            shift = 0
        granted = stat.S_IMODE(status.st_mode) >> shift
        wanted = (0o4 if read else 0) | (0o1 if enter else 0)
        return granted & wanted == wanted

    def reaches(self, path: Path) -> bool:
        """Whether this account can walk from / into `path`, as far as it exists."""
        resolved = path.resolve()
        existing = [part for part in (resolved, *resolved.parents) if part.is_dir()]
        return all(self.may(part, enter=True) for part in existing)


def server_account(data_dir: Path) -> Account | None:
    """The account to change to, or None where the servers can run under our own.

    What an ordinary user began stays his when root comes later; else root takes an account that owns nothing.
    """
    if os.geteuid() != 0:
        return None
    cluster = data_dir / "postgres"
    try:
        owner = cluster.stat().st_uid if cluster.is_dir() else 0
        entry = pwd.getpwuid(owner) if owner else pwd.getpwnam(UNPRIVILEGED)
    except KeyError:
        raise EmbeddedServerError(
            f"Postgres refuses to run as root and this system has no account '{UNPRIVILEGED}', or none that owns"
            f" {cluster}: start as an ordinary user, or set DATABASE_URL and REDIS_URL"
        ) from None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def make_private(path: Path, account: Account | None) -> None:
    """Leave `path` as a directory only the server's account enters; refuses one that a stranger made."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = path.lstat()
    allowed = {os.geteuid()} | ({account.uid} if account else set())
    if not stat.S_ISDIR(status.st_mode) or status.st_uid not in allowed:
        raise EmbeddedServerError(f"{path} belongs to somebody else: remove it and start again")
    if account and status.st_uid != account.uid:
        os.chown(path, account.uid, account.gid)
    path.chmod(0o700)
