"""Where the chaos happens: the whole service beside a second consumer, on servers that can be taken away."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread, Timer

import psutil

from adapters.embedded import DataDir, EmbeddedPostgres, EmbeddedValkey
from tests.acceptance.story import Service
from tests.acceptance.wasl_up import environment, home, running
from tests.chaos.elsewhere import Elsewhere, elsewhere
from tests.eventually import eventually

HANDLERS = "tests.chaos.chaos_app"
RETRY_MINUTES = [1 / 60, 5 / 60, 15 / 60]
"""Zid tries again after 1, 5 and 15 minutes; here after as many seconds."""
PARTS = {"wasl http": 2, "wasl consumer": 1, "wasl scheduler": 1}
"""How many of each `wasl up` keeps."""
PATIENCE = 120
"""Seconds for what takes a few."""
AFTERWARDS = 20.0
"""Seconds after an outage in which what it interrupted may still come to its end."""
SETTINGS = {"fsync": "off", "full_page_writes": "off", "min_wal_size": "64MB", "max_wal_size": "512MB"}
"""Postgres's processes are killed, not the machine; what is committed has to survive that."""


@dataclass
class Arena:
    service: Service
    postgres: EmbeddedPostgres
    valkey: EmbeddedValkey | None
    elsewhere: Elsewhere
    second_consumer: "Kept"
    hurt: set[int] = field(default_factory=set)
    """Processes that were killed or frozen: what they had begun may be begun again."""
    outages: list[tuple[float, float]] = field(default_factory=list)
    thawing: list[Timer] = field(default_factory=list)

    def consumers(self) -> list[int]:
        return sorted({*self.service.children("wasl consumer"), *self.second_consumer.pids()})

    def away(self, seconds: float, *servers: EmbeddedPostgres | EmbeddedValkey) -> None:
        """They stop as on a shutdown, and start again after so long."""
        with self.outage():
            for server in servers:
                server.stop()
            time.sleep(seconds)
            for server in servers:
                server.start()

    @contextmanager
    def outage(self) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        finally:
            self.outages.append((began, time.monotonic() + AFTERWARDS))

    def freeze(self, pid: int, seconds: float) -> None:
        """Goes on by itself after so long, unless somebody killed it meanwhile."""
        self.hurt.add(pid)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
        timer = Timer(seconds, thaw, [pid])
        timer.start()
        self.thawing.append(timer)

    def calm_down(self) -> None:
        """Nothing is frozen, everything runs."""
        for timer in self.thawing:
            timer.join()
        self.postgres.start()
        if self.valkey:
            self.valkey.start()


def thaw(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


class Kept:
    """One `wasl consumer` more, started again whenever it ends."""

    def __init__(self, home: Path, handlers_environment: dict[str, str]) -> None:
        self._home = home
        self._environment = handlers_environment
        self._stopping = Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = Thread(target=self._keep)

    def __enter__(self) -> "Kept":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        while self._thread.is_alive():
            if self._process:
                self._process.terminate()
            self._thread.join(timeout=1)

    def pids(self) -> set[int]:
        process = self._process
        return {process.pid} if process and process.poll() is None else set()

    def _keep(self) -> None:
        with (self._home / "second-consumer.log").open("ab") as log:
            while not self._stopping.is_set():
                command = [sys.executable, "-P", "-m", "entrypoints.cli", "consumer"]
                self._process = subprocess.Popen(
                    command, cwd=self._home, env=self._environment, stdout=log, stderr=log, start_new_session=True
                )
                self._process.wait()
                self._stopping.wait(0.5)


@contextmanager
def arena(*, redis: bool, in_memory: bool) -> Iterator[Arena]:
    with ExitStack() as stack:
        data_dir = stack.enter_context(DataDir(stack.enter_context(home(in_memory=in_memory))))
        postgres = EmbeddedPostgres(data_dir, settings=SETTINGS)
        valkey = EmbeddedValkey(data_dir) if redis else None
        for server in filter(None, (postgres, valkey)):
            stack.callback(server.stop)
            server.start()
        postgres.ensure_roles()
        far = stack.enter_context(elsewhere())
        given = {
            "DATABASE_URL": postgres.dsn("wasl_app", "wasl"),
            "MIGRATE_DATABASE_URL": postgres.dsn("wasl_owner", "wasl"),
            **({"REDIS_URL": valkey.url()} if valkey else {}),
            "WASL_HANDLERS": HANDLERS,
            "CHAOS_ELSEWHERE": far.url,
            "RECONCILE_EVERY": "0",
            "RECONCILE_GRACE": "1",
        }
        options = ["--no-demo", *([] if redis else ["--no-redis"])]
        service = Service(stack.enter_context(running(*options, in_memory=in_memory, **given)))
        service.sql("CREATE TABLE chaos_effects (key text, event_id uuid, handler text, pid integer)")
        service.sql("GRANT INSERT ON chaos_effects TO wasl_app")
        service.sandbox.turn(webhook__retry_minutes=RETRY_MINUTES)
        second = stack.enter_context(Kept(service.up.home, environment(**given)))
        yield Arena(service, postgres, valkey, far, second)


def all_run(arena: Arena) -> bool:
    """All that `wasl up` started, and the second consumer."""
    parts = all(len(awake(arena.service.children(title))) == count for title, count in PARTS.items())
    return parts and bool(arena.second_consumer.pids())


def awake(pids: Iterable[int]) -> list[int]:
    """Those that do something: one that is frozen was hit already."""
    return [pid for pid in pids if is_awake(pid)]


def is_awake(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() not in {psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE}
    except psutil.NoSuchProcess:
        return False


def waited_for(condition: object, *, seconds: float = PATIENCE) -> bool:
    assert callable(condition)
    return eventually(condition, seconds=seconds)
