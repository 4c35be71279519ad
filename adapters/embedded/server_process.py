"""One supervised server process: started, watched, stopped."""

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from signal import Signals

from structlog import get_logger

from adapters.embedded.errors import EmbeddedServerError
from adapters.embedded.spawning import LINUX, Launch, spawn, watchdog

LOG_LIMIT_BYTES = 10 * 1024 * 1024
_POLL_SECONDS = 0.005
log = get_logger()


class ServerProcess:
    """At most one running child; `name` is what errors and logs call it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._child: subprocess.Popen[bytes] | None = None
        self._watchdog: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child and self.running else None

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def poll(self) -> int | None:
        """None while it runs, else its exit code (negative: the signal); -1 when it was never started."""
        return self._child.poll() if self._child else -1

    def start(self, launch: Launch, *, ready: Callable[[int], bool], deadline_seconds: float) -> None:
        """Return once `ready(pid)`; else EmbeddedServerError with the end of the log."""
        rotate(launch.log)
        log_start = launch.log.stat().st_size if launch.log.exists() else 0
        self._child = self._spawn(launch)
        deadline = time.monotonic() + deadline_seconds
        while not ready(self._child.pid):
            if self._child.poll() is not None:
                raise did_not_start(self.name, launch.log, log_start)
            if time.monotonic() > deadline:
                self.stop([(Signals.SIGKILL, 10)])
                raise did_not_start(self.name, launch.log, log_start)
            time.sleep(_POLL_SECONDS)
        log.info("embedded_server_started", server=self.name, pid=self._child.pid)

    def stop(self, steps: Sequence[tuple[Signals, float]]) -> None:
        """Ask ever less politely until it is gone: each step is a signal and the seconds it gets."""
        child = self._child
        if child and child.poll() is None:
            signal_until_gone(child.pid, steps, gone=lambda: child.poll() is not None)
            child.wait(timeout=10)
            log.info("embedded_server_stopped", server=self.name, exit_code=child.returncode)
        self._dismiss_watchdog()

    def _spawn(self, launch: Launch) -> subprocess.Popen[bytes]:
        self._dismiss_watchdog()
        try:
            child = spawn(launch)
        except (OSError, subprocess.SubprocessError) as error:
            raise EmbeddedServerError(f"{self.name} cannot be started from {launch.argv[0]}: {error}") from error
        if not LINUX:
            self._watchdog = watchdog(child.pid, launch.death_signal)
        return child

    def _dismiss_watchdog(self) -> None:
        guard, self._watchdog = self._watchdog, None
        if guard:
            guard.kill()
            guard.communicate()


def rotate(path: Path) -> None:
    """Keep one older log once the current one is over the limit."""
    if path.is_file() and path.stat().st_size > LOG_LIMIT_BYTES:
        path.replace(path.with_name(f"{path.name}.1"))


def did_not_start(name: str, path: Path, log_start: int) -> EmbeddedServerError:
    """The error for a start that failed, its cause taken from what the server wrote since `log_start`."""
    lines = _lines_since(path, log_start)
    telling = [line for line in lines if any(word in line for word in ("FATAL", "PANIC", "rror", "atal"))]
    cause = (telling or lines[-1:] or ["it wrote nothing"])[0]
    return EmbeddedServerError(f"{name} did not start: {cause} (log: {path})", log_tail=lines[-20:])


def _lines_since(path: Path, start: int) -> list[str]:
    with suppress(OSError), path.open("rb") as handle:
        handle.seek(start)
        text = handle.read(64 * 1024).decode("utf-8", errors="replace")
        return [line.strip() for line in text.splitlines() if line.strip()]
    return []


def signal_until_gone(pid: int, steps: Sequence[tuple[Signals, float]], *, gone: Callable[[], bool]) -> None:
    for signal, seconds in steps:
        with suppress(ProcessLookupError):
            os.kill(pid, signal)
            os.kill(pid, Signals.SIGCONT)  # a stopped process takes no signal but SIGKILL
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if gone():
                return
            time.sleep(_POLL_SECONDS)
