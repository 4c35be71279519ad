"""A real `wasl up` in a directory of its own, driven like a person would."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.eventually import eventually
from tests.servers import own_data_dir

TREE = Path(__file__).resolve().parents[2]
GIVEN = ("DATABASE_URL", "MIGRATE_DATABASE_URL", "REDIS_URL", "PUBLIC_URL", "HTTP_PORT", "SANDBOX_PORT", "ENVIRONMENT")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def environment(**more: str) -> dict[str, str]:
    """Ours, without what would make `wasl up` use other servers than its own."""
    kept = {
        key: value for key, value in os.environ.items() if key not in GIVEN and not key.startswith(("ZID_", "WASL"))
    }
    return {**kept, "PYTHONPATH": str(TREE), **more}


def wasl(*arguments: str, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """One command, as a person types it."""
    return subprocess.run(  # noqa: PLW1510 (the exit code is what tests look at)
        [sys.executable, "-P", "-m", "entrypoints.cli", *arguments],
        cwd=cwd,
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=90,
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
        """Returns when it says that it is ready."""
        with self.output_file.open("wb") as output:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-P", "-m", "entrypoints.cli", "up"),
                    *("--port", str(self.port), "--sandbox-port", str(self.sandbox_port), *options),
                ],
                cwd=self.home,
                env=environment(PYTHONUNBUFFERED="1", **more),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        assert eventually(lambda: "✓ ready" in self.output or self.process.poll() is not None, seconds=60), self.output
        assert self.process.poll() is None, self.output

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Asks it to stop as Ctrl-C does; its exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout=60)

    def parts(self) -> dict[str, list[psutil.Process]]:
        """Every process below it, by title."""
        found: dict[str, list[psutil.Process]] = {}
        for process in psutil.Process(self.process.pid).children(recursive=True):
            found.setdefault(title(process), []).append(process)
        return found

    def wasl(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """A command in a second terminal."""
        return wasl(*arguments, cwd=self.home, **more)

    def ask(self, path: str) -> Mapping:
        """What the API answers to the admin key."""
        request = urllib.request.Request(self.url + path, headers={"Authorization": f"Bearer {self.admin_key}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def says(self, text: str, *, seconds: float = 30) -> bool:
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
def home() -> Iterator[Path]:
    """A directory that the servers' account may enter, gone afterwards."""
    with own_data_dir(in_memory=True) as path:
        yield path


@contextmanager
def running(*options: str, **more: str) -> Iterator[WaslUp]:
    with home() as path:
        up = WaslUp(path)
        try:
            up.start(*options, **more)
            yield up
        finally:
            if up.process and up.process.poll() is None:
                up.stop()
