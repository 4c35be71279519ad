"""Processes that are kept running: one that ends is named, and started again after a growing pause."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from entrypoints.heartbeat import HEARTBEAT_KEY
from entrypoints.up.parts import Part, describe_exit, rotate, wasl_command, wasl_environment
from entrypoints.up.watchdog import LOOK_EVERY, Watchdog, doing

FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 10.0
STEADY_SECONDS: Final = 20.0
"""A process that ran this long starts with a short pause again."""
SETUP_IS_WRONG: Final = frozenset({1, 2})
"""Exit codes by which a process says that starting it again would not help."""
KILL_SECONDS: Final = 5.0

PULSE_BYTES: Final = 65536

Announce = Callable[[str], None]


def pause_after(failures: int) -> float:
    """Seconds before the next start, after so many ends in a row."""
    return float(min(FIRST_PAUSE * 2 ** max(0, failures - 1), LONGEST_PAUSE))


class Child:
    """One supervised process."""

    def __init__(self, part: Part, announce: Announce) -> None:
        self.part = part
        self._announce = announce
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self.refused: str | None = None
        """The last line it wrote, when it ended by itself before `trust` because the set-up is wrong."""
        self._trusted = False
        self._pulse: int | None = None
        self._watchdog = Watchdog(part.frozen_after)

    @property
    def pid(self) -> int | None:
        running = self._process is not None and self._process.returncode is None
        return self._process.pid if self._process and running else None

    def start(self) -> None:
        """Starts it, and again whenever it ends, until `stop`."""
        rotate(self.part.log)
        self._keeper = asyncio.create_task(self._keep(), name=f"keep {self.part.name}")

    def trust(self) -> None:
        """From now on an end is an accident: it is started again whatever its exit code."""
        self._trusted = True

    def ask_to_stop(self) -> None:
        """SIGTERM, once; no further start."""
        self._stopping.set()
        self._signal(signal.SIGTERM)
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        self._stopping.set()
        self._signal(signal.SIGKILL)

    def look(self, now: float) -> None:
        """Kills it when it is frozen; then it is started again like any that ends. Call it every LOOK_EVERY seconds."""
        if self._stopping.is_set() or self._pulse is None or (pid := self.pid) is None:
            return
        if self._watchdog.look(now, has_beaten=_drained(self._pulse), doing=doing(pid)):
            self._announce(f"{self.part.name} gives no sign of life: killing it")
            self._watchdog = Watchdog(self.part.frozen_after)
            self._signal(signal.SIGKILL)

    async def ended(self) -> None:
        """Returns when it ended after `ask_to_stop` or `kill`, or was never started."""
        if self._keeper:
            await asyncio.wait([self._keeper])

    async def _keep(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            started = time.monotonic()
            code = await self._run_once()
            if self._stopping.is_set():
                return
            if not self._trusted and code in SETUP_IS_WRONG:
                self.refused = last_line(self.part)
                return
            failures = 1 if time.monotonic() - started > STEADY_SECONDS else failures + 1
            await self._rest(pause_after(failures), code)

    async def _run_once(self) -> int:
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        try:
            self._process = await self._spawn(writer)
            self._watchdog, self._pulse = Watchdog(self.part.frozen_after), reader
            if self._stopping.is_set():
                self._signal(signal.SIGTERM)
            return await self._process.wait()
        finally:
            self._pulse = None
            os.close(reader)

    async def _spawn(self, pulse: int) -> asyncio.subprocess.Process:
        """Started; `pulse`, the writing end of its pipe, is its own from now on."""
        try:
            with self.part.log.open("ab") as log:
                return await asyncio.create_subprocess_exec(
                    *wasl_command(self.part.arguments),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env={**wasl_environment(self.part.environment), HEARTBEAT_KEY: str(pulse)},
                    pass_fds=(*self.part.descriptors, pulse),
                    # A session of its own: the terminal's Ctrl-C is for `wasl up`, which stops its parts in order.
                    start_new_session=True,
                )
        finally:
            os.close(pulse)

    async def _rest(self, pause: float, code: int) -> None:
        self._announce(f"{self.part.name} ended ({describe_exit(code)}): starting it again in {pause:.1f} s")
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._stopping.wait()

    def _signal(self, number: signal.Signals) -> None:
        if self._process and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)


async def watch_children(children: Sequence[Child]) -> None:
    """Until cancelled: whoever is frozen is killed."""
    while True:
        for child in children:
            child.look(time.monotonic())
        await asyncio.sleep(LOOK_EVERY)


def _drained(reader: int) -> bool:
    """Whether anything came."""
    try:
        return bool(os.read(reader, PULSE_BYTES))
    except BlockingIOError:
        return False


async def stop_children(children: Sequence[Child], *, grace: float, hurry: asyncio.Event) -> None:
    """Returns when all have ended: asked first, killed when the grace time is over or `hurry` is set."""
    if not children:
        return
    for child in children:
        child.ask_to_stop()
    everybody = asyncio.create_task(_all_ended(children))
    hurried = asyncio.create_task(hurry.wait())
    waiting: set[asyncio.Task[object]] = {everybody, hurried}
    await asyncio.wait(waiting, timeout=grace, return_when=asyncio.FIRST_COMPLETED)
    hurried.cancel()
    for child in children:
        child.kill()
    with suppress(TimeoutError):
        async with asyncio.timeout(KILL_SECONDS):
            await everybody


async def _all_ended(children: Sequence[Child]) -> None:
    for child in children:
        await child.ended()


def last_line(part: Part) -> str:
    """The last line that a process wrote, or where to look when it wrote none."""
    lines = part.log.read_bytes()[-4096:].decode(errors="replace").strip().splitlines()
    return lines[-1].removeprefix("wasl: ") if lines else f"it wrote nothing to {part.log}"
