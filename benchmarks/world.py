"""The servers under a benchmark's contestants: Postgres and Valkey, each write on disk before its answer."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from urllib.parse import unquote, urlsplit

from cryptography.fernet import Fernet

from adapters.embedded import DataDir, EmbeddedPostgres, EmbeddedValkey
from adapters.postgres import migrator

TREE = Path(__file__).resolve().parents[1]
SECRET = "benchmark-" + "w" * 32
READY_SECONDS = 60
WASL = (sys.executable, "-P", "-m", "entrypoints.cli")
"""The command line of this tree."""


@dataclass
class Bench:
    """Servers under all contestants, and orders that nobody has sent yet."""

    home: Path
    postgres: EmbeddedPostgres
    valkey: EmbeddedValkey
    events: int
    token_key: str
    _first: Iterator[int]
    _ports: Iterator[int]

    def first(self) -> int:
        """An order number from which a million are unused."""
        return next(self._first) * 1_000_000

    def port(self) -> int:
        """One that nobody listens on, and that was not handed out before."""
        return next(filter(is_free, self._ports))

    def settings(self, **more: str) -> dict[str, str]:
        """The environment of one of our own processes on these servers."""
        return {
            "PYTHONPATH": str(TREE),
            "DATABASE_URL": self.postgres.dsn("wasl_app", "wasl"),
            "REDIS_URL": self.valkey.url(),
            "TOKEN_KEYS": self.token_key,
            "SESSION_KEY": "benchmark",
            "ZID_CLIENT_ID": "1",
            "ZID_CLIENT_SECRET": "2",
            "ZID_APP_ID": "3",
            "WEBHOOK_SECRET": SECRET,
            "METRICS_PORT": "0",
            "LOG_FORMAT": "json",
            "WASL_DATA_DIR": str(self.home / "wasl"),
            "SPOOL_DIR": str(self.home / "spool"),
            **more,
        }

    @property
    def redis_socket(self) -> str:
        return unquote(urlsplit(self.valkey.url()).path)

    @contextmanager
    def process(self, command: Sequence[str], name: str, ready: str, **given: str) -> Iterator[subprocess.Popen[bytes]]:
        """Running, and ready: it has said the word."""
        log = self.home / f"{name}.log"
        with log.open("wb") as output:
            one = subprocess.Popen(command, cwd=self.home, env={**inherited(), **given}, stdout=output, stderr=output)
        try:
            _wait(lambda: ready in log.read_text(errors="replace"), one, log)
            yield one
        finally:
            one.send_signal(signal.SIGTERM)
            one.wait(timeout=60)


def is_free(port: int) -> bool:
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def inherited() -> Mapping[str, str]:
    """Our environment, but for what would have every process compile its modules anew."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _wait(condition: Callable[[], bool], one: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(READY_SECONDS * 20):
        if condition():
            return
        if one.poll() is not None:
            break
        try:
            one.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
    raise SystemExit(f"{log.name}: {log.read_text(errors='replace')[-2000:]}")


@contextmanager
def bench(events: int) -> Iterator[Bench]:
    with tempfile.TemporaryDirectory(prefix="wasl-bench-") as name, ExitStack() as stack:
        home = Path(name)
        home.chmod(0o711)
        data_dir = stack.enter_context(DataDir(home))
        postgres, valkey = EmbeddedPostgres(data_dir), EmbeddedValkey(data_dir)
        for server in (postgres, valkey):
            server.start()
            stack.callback(server.stop)
        postgres.ensure_roles()
        migrator.apply(postgres.dsn("wasl_owner", "wasl"))
        yield Bench(home, postgres, valkey, events, Fernet.generate_key().decode(), count(1), count(8401))
