"""A real `wasl up` in a directory of its own, driven like a person would."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.acceptance.one_database import without_redis
from tests.eventually import eventually
from tests.free_port import free_port
from tests.servers import own_data_dir

TREE = Path(__file__).resolve().parents[2]
GIVEN = ("DATABASE_URL", "MIGRATE_DATABASE_URL", "REDIS_URL", "PUBLIC_URL", "HTTP_PORT", "SANDBOX_PORT", "ENVIRONMENT")
UNHURRIED = "60000"
"""Requests a minute to Zid. At its true 60 one install waits ten seconds; where the rate is the subject, give it."""
LAST_LINE_OF_THE_START = "    logs in "
START_SECONDS = 120


def environment(**more: str) -> dict[str, str]:
    """Ours, without what would make `wasl up` use other servers than its own."""
    kept = {
        key: value for key, value in os.environ.items() if key not in GIVEN and not key.startswith(("ZID_", "WASL"))
    }
    return {**kept, "PYTHONPATH": str(TREE), "ZID_RATE_PER_MINUTE": UNHURRIED, **more}


def wasl(*arguments: str, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """One command, as a person types it."""
    return subprocess.run(  # noqa: PLW1510 (the exit code is what tests look at)
        [sys.executable, "-P", "-m", "entrypoints.cli", *arguments],
        cwd=cwd,
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=180,
    )


@dataclass
class WaslUp:
    """One `wasl up`; the ports stay the same over restarts."""

    home: Path
    port: int = field(default_factory=free_port)
    sandbox_port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def output_file(self) -> Path:
        return self.home / "up.out"

    @property
    def output(self) -> str:
        return self.output_file.read_text(encoding="utf-8")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def sandbox_url(self) -> str:
        return f"http://127.0.0.1:{self.sandbox_port}"

    @property
    def admin_key(self) -> str:
        return re.search(r"admin key +(wasl_\S+)", self.output)[1]

    def start(self, *options: str, **more: str) -> None:
        """Returns when it says that it is ready: the sandbox and one http process answer. Others may still start."""
        with self.output_file.open("wb") as output:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-P", "-m", "entrypoints.cli", "up"),
                    *("--port", str(self.port), "--sandbox-port", str(self.sandbox_port)),
                    *without_redis(options, more),
                ],
                cwd=self.home,
                env=environment(PYTHONUNBUFFERED="1", **more),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        assert self._until(self._lifted), self.output
        assert self._until(lambda: LAST_LINE_OF_THE_START in self.output), self.output
        assert self.process.poll() is None, self.output

    def _until(self, condition: Callable[[], bool]) -> bool:
        """Or until it has ended."""
        return eventually(lambda: self.process.poll() is not None or condition(), seconds=START_SECONDS)

    def _lifted(self) -> bool:
        """The sandbox, too, lets everybody call as often as they like; tests of the allowance turn it on again."""
        body = json.dumps({"rate.bucket": 0}).encode()
        request = urllib.request.Request(f"{self.sandbox_url}/__sandbox/knobs", data=body, method="PUT")
        try:
            with urllib.request.urlopen(request, timeout=60):
                return True
        except OSError:
            return False

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Asks it to stop as Ctrl-C does; its exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout=120)

    def parts(self) -> dict[str, list[psutil.Process]]:
        """Every process below it, by title."""
        found: dict[str, list[psutil.Process]] = {}
        for process in psutil.Process(self.process.pid).children(recursive=True):
            found.setdefault(title(process), []).append(process)
        return found

    def part(self, name: str, *, count: int = 1) -> list[psutil.Process]:
        """The processes of this title, waited for until there are so many: one that just starts has no title yet."""
        assert eventually(lambda: len(self.parts().get(name, ())) >= count, seconds=60), (name, self.parts())
        return self.parts()[name]

    def wasl(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """A command in a second terminal."""
        return wasl(*arguments, cwd=self.home, **more)

    def ask(self, path: str) -> Mapping:
        """What the API answers to the admin key."""
        request = urllib.request.Request(self.url + path, headers={"Authorization": f"Bearer {self.admin_key}"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def says(self, text: str, *, seconds: float = 60) -> bool:
        return eventually(lambda: text in self.output, seconds=seconds)


def title(process: psutil.Process) -> str:
    """`wasl http`, `postgres`, `valkey-server` …; empty when it is gone."""
    try:
        words = process.cmdline()
    except psutil.Error:
        return ""
    first = (words or [""])[0]
    return first if first.startswith("wasl ") else Path(first).name


def runs(process: psutil.Process) -> bool:
    """Whether it still does anything; one that only waits to be reaped does not."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


@contextmanager
def home(*, in_memory: bool = True) -> Iterator[Path]:
    """A directory that the servers' account may enter, gone afterwards."""
    with own_data_dir(in_memory=in_memory) as path:
        yield path


@contextmanager
def running(*options: str, in_memory: bool = True, **more: str) -> Iterator[WaslUp]:
    with home(in_memory=in_memory) as path:
        up = WaslUp(path)
        try:
            up.start(*options, **more)
            yield up
        finally:
            if up.process and up.process.poll() is None:
                up.stop()
