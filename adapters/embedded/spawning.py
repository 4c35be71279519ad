"""Starting a child that never outlives us: the kernel signals it when we die, even by SIGKILL.

Linux sends the parent-death signal when the *thread* that forked ends, not the process. Children are forked
by one thread that lives as long as the process: callers may be on any thread, `asyncio.to_thread` included.
Elsewhere a watchdog shell holds the read end of a pipe of ours and signals the child at its end.
"""

import ctypes
import functools
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from signal import Signals

from adapters.embedded.account import Account

LINUX = sys.platform.startswith("linux")
_PR_SET_PDEATHSIG = 1
_WATCHDOG = 'read -r _; kill -s "$1" "$2"'


@dataclass(frozen=True)
class Launch:
    """What to run, where, as whom, and how it is asked to go when we die."""

    argv: Sequence[str | Path]
    directory: Path
    log: Path
    account: Account | None
    death_signal: Signals
    environment: Mapping[str, str] = field(default_factory=dict)


def spawn(launch: Launch) -> subprocess.Popen[bytes]:
    """Start it in a session of its own (a terminal's Ctrl-C is for us alone), output appended to its log."""
    return _forking_thread(os.getpid()).run(lambda: _popen(launch))


def watchdog(pid: int, death_signal: Signals) -> subprocess.Popen[bytes]:
    """A process that signals `pid` when we are gone; kill it once `pid` has ended by itself."""
    argv = ["/bin/sh", "-c", _WATCHDOG, "wasl-watchdog", death_signal.name.removeprefix("SIG"), str(pid)]
    return subprocess.Popen(argv, stdin=subprocess.PIPE, start_new_session=True, cwd="/")  # noqa: S603


def _popen(launch: Launch) -> subprocess.Popen[bytes]:
    account = launch.account
    with launch.log.open("ab") as log:
        if account:  # root now, the account's own user later: both may append
            os.fchown(log.fileno(), account.uid, account.gid)
        return subprocess.Popen(  # noqa: S603
            [os.fspath(part) for part in launch.argv],
            cwd=launch.directory,
            env={"PATH": os.defpath, "LC_ALL": "C", **launch.environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            umask=0o077,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            # Runs after setuid, which would clear the parent-death signal.
            # It makes two system calls and takes no lock.
            preexec_fn=_dying_with_parent(launch.death_signal),  # noqa: PLW1509
        )


def _dying_with_parent(death_signal: Signals) -> Callable[[], None] | None:
    if not LINUX:
        return None
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def ask_the_kernel() -> None:
        prctl(_PR_SET_PDEATHSIG, int(death_signal))
        if os.getppid() != parent:  # died before the kernel was asked
            os._exit(1)

    return ask_the_kernel


class _ForkingThread:
    """Runs calls one after the other on one thread that ends with the process."""

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        threading.Thread(target=self._work, name="wasl-embedded-fork", daemon=True).start()

    def run(self, call: Callable[[], subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
        answer: Future[subprocess.Popen[bytes]] = Future()
        self._calls.put(lambda: _settle(answer, call))
        return answer.result(timeout=60)

    def _work(self) -> None:
        while True:
            self._calls.get()()


def _settle(answer: "Future[subprocess.Popen[bytes]]", call: Callable[[], subprocess.Popen[bytes]]) -> None:
    try:
        answer.set_result(call())
    except BaseException as error:  # noqa: BLE001 (raised again in the caller's thread)
        answer.set_exception(error)


@functools.cache
def _forking_thread(_pid: int) -> _ForkingThread:
    return _ForkingThread()
