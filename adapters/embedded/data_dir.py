"""The directory that belongs to one set of embedded servers and to one owner at a time."""

import fcntl
import os
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from structlog import get_logger

from adapters.embedded.account import make_private, server_account
from adapters.embedded.errors import DataDirInUse, EmbeddedServerError
from adapters.embedded.location import SHARED_ROOT, Location, locate, pointer_of

log = get_logger()


class DataDir:
    """Owned by at most one process from `acquire` to `release`; the kernel releases it when the owner dies.

    Paths are known without owning it, so that another process of the same account can connect.
    """

    def __init__(self, path: Path, *, elsewhere: Path = SHARED_ROOT) -> None:
        """`elsewhere` takes the servers' files when their account cannot enter `path` (root's home, say)."""
        self.path = path.resolve()
        self._elsewhere = elsewhere
        self.account = server_account(self.path)
        self._locks: ExitStack | None = None

    @property
    def location(self) -> Location:
        return locate(self.path, self.account, self._elsewhere)

    @property
    def files(self) -> Path:
        return self.location.files

    @property
    def sockets(self) -> Path:
        return self.location.sockets

    def log_file(self, server: str) -> Path:
        return self.files / "logs" / f"{server}.log"

    def acquire(self) -> Self:
        """Own the directory until `release`; raises DataDirInUse when another process (or we) already do."""
        try:
            self._acquire()
        except OSError as error:
            raise EmbeddedServerError(
                f"{self.path} cannot be used ({error}): give it to this account, or choose another with --data-dir"
            ) from error
        return self

    def release(self) -> None:
        """Let others own the directory; stop the servers first. Harmless when not owned."""
        locks, self._locks = self._locks, None
        if locks:
            locks.close()

    def prepare(self) -> None:
        """Called by a server before it starts: the directories it needs exist afterwards."""
        if self._locks is None:
            raise EmbeddedServerError(f"{self.path} is not owned: call DataDir.acquire() before starting a server")
        self._make_directories()

    def __enter__(self) -> Self:
        return self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _acquire(self) -> None:
        with ExitStack() as locks:
            _make_enterable(self.path)
            locks.callback(os.close, _lock(self.path, self.path))
            if self.files != self.path:
                self._take_distant_files(locks)
            self._make_directories()
            self._locks = locks.pop_all()

    def _make_directories(self) -> None:
        (self.files / "logs").mkdir(exist_ok=True)
        make_private(self.sockets, self.account)

    def _take_distant_files(self, locks: ExitStack) -> None:
        files, pointer = self.files, pointer_of(self.path)
        _make_enterable(files)
        locks.callback(os.close, _lock(files, self.path))
        if pointer.is_file():
            return
        if _holds_data(files):
            files = _set_aside(files, locks, self.path)
        pointer.write_text(f"{files}\n", encoding="utf-8")
        log.info("embedded_files_elsewhere", data_dir=str(self.path), files=str(files))


def _make_enterable(path: Path) -> None:
    """Make the directory if it is missing: private, but root lets the servers' account pass through."""
    if path.is_dir():
        return
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    path.mkdir(mode=0o700)
    if os.geteuid() == 0:
        path.chmod(0o711)


def _lock(directory: Path, shown: Path) -> int:
    handle = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = os.pread(handle, 32, 0).strip()
        os.close(handle)
        raise DataDirInUse(shown, int(pid) if pid.isdigit() else None) from None
    os.truncate(handle, 0)
    os.pwrite(handle, b"%d\n" % os.getpid(), 0)
    return handle


def _holds_data(files: Path) -> bool:
    return (files / "postgres").exists() or (files / "valkey").exists()


def _set_aside(files: Path, locks: ExitStack, shown: Path) -> Path:
    """The data directory was deleted and made anew: start empty, keep the old one's files beside."""
    number = next(n for n in range(1, 10_000) if not files.with_name(f"{files.name}.old{n}").exists())
    files.rename(files.with_name(f"{files.name}.old{number}"))
    _make_enterable(files)
    locks.callback(os.close, _lock(files, shown))
    log.warning("embedded_files_set_aside", kept=f"{files}.old{number}", data_dir=str(shown))
    return files
