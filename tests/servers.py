"""The servers a test run talks to: embedded ones, or those that DATABASE_URL and REDIS_URL name."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from urllib.parse import quote, urlsplit

import psycopg
from psycopg.sql import SQL, Identifier

from adapters.embedded import DataDir, EmbeddedPostgres, EmbeddedValkey
from adapters.postgres import migrator

# A test run need not survive a power cut. What must survive one is tested on servers with their own settings.
QUICK = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "min_wal_size": "64MB",
    "max_wal_size": "256MB",
}
ROOM_BYTES = 2 * 1024**3


@dataclass(frozen=True)
class Database:
    """A migrated database of one test's own: `dsn` is the role wasl_app, `owner_dsn` the migrations' role."""

    name: str
    dsn: str
    owner_dsn: str


@dataclass(frozen=True)
class Postgres:
    """A server on which `admin_url` may create databases; every database has the two roles' URLs."""

    admin_url: str
    owner_url: str
    app_url: str

    @property
    def owner(self) -> str:
        return urlsplit(self.owner_url).username or "wasl_owner"

    def database(self, name: str) -> Database:
        return Database(name, with_database(self.app_url, name), with_database(self.owner_url, name))

    def execute(self, statement: str, *names: str) -> None:
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            connection.execute(SQL(statement).format(*map(Identifier, names)))


class Databases:
    """Clones of one migrated template, numbered within the run.

    The next is made, and the last removed, while a test runs.
    """

    def __init__(self, server: Postgres, template: str) -> None:
        self._server = server
        self._template = template
        self._numbers = count(1)
        self._aside = ThreadPoolExecutor(1, "databases")
        self._next: Future[str] | None = None
        self._last: Future[None] | None = None

    @contextmanager
    def cloned(self) -> Iterator[Database]:
        name = (self._next or self._aside.submit(self._create)).result()
        self._next = self._aside.submit(self._create)
        try:
            yield self._server.database(name)
        finally:
            if self._last:
                self._last.result()
            self._last = self._aside.submit(self._drop, name)

    def close(self) -> None:
        if self._next:
            self._aside.submit(self._drop, self._next.result())
        self._aside.shutdown()

    def _create(self) -> str:
        name = f"wasl_test_{os.getpid()}_{next(self._numbers)}"
        self._server.execute(
            "CREATE DATABASE {} TEMPLATE {} OWNER {} STRATEGY FILE_COPY", name, self._template, self._server.owner
        )
        return name

    def _drop(self, name: str) -> None:
        self._server.execute("DROP DATABASE {} WITH (FORCE)", name)


def with_database(url: str, name: str) -> str:
    return urlsplit(url)._replace(path=f"/{quote(name, safe='')}").geturl()


def memory_disk() -> str | None:
    """Where cloning a database takes 20 ms, not 150 (measured on a virtual disk); None where there is no room."""
    path = "/dev/shm"
    with suppress(OSError):
        if not os.statvfs(path).f_flag & os.ST_NOEXEC and shutil.disk_usage(path).free > ROOM_BYTES:
            return path
    return None


@contextmanager
def own_data_dir(*, in_memory: bool = False) -> Iterator[Path]:
    """A short path that the servers' account may enter, gone afterwards."""
    path = Path(tempfile.mkdtemp(prefix="wasl-test-", dir=memory_disk() if in_memory else None))
    path.chmod(0o711)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def running_postgres(data_dir: DataDir, environment: Mapping[str, str]) -> Iterator[Postgres]:
    if "DATABASE_URL" in environment:
        app = environment["DATABASE_URL"]
        owner = environment.get("MIGRATE_DATABASE_URL", app)  # may create databases
        yield Postgres(owner, owner, app)
        return
    server = EmbeddedPostgres(data_dir, settings=QUICK)
    server.start()
    try:
        server.ensure_roles()
        urls = (server.dsn(role, "postgres") for role in ("postgres", "wasl_owner", "wasl_app"))
        yield Postgres(*urls)
    finally:
        server.stop()


@contextmanager
def running_valkey(data_dir: DataDir, environment: Mapping[str, str]) -> Iterator[str]:
    if "REDIS_URL" in environment:
        yield environment["REDIS_URL"]
        return
    server = EmbeddedValkey(data_dir)
    server.start()
    try:
        yield server.url()
    finally:
        server.stop()


@contextmanager
def migrated_template(server: Postgres) -> Iterator[Databases]:
    """The shipped migrations are applied once per run, then cloned."""
    name = f"wasl_template_{os.getpid()}"
    server.execute("CREATE DATABASE {} OWNER {}", name, server.owner)
    try:
        with psycopg.connect(with_database(server.admin_url, name), autocommit=True) as connection:
            connection.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        migrator.apply(server.database(name).owner_dsn)
        with closing(Databases(server, name)) as databases:
            yield databases
    finally:
        server.execute("DROP DATABASE {} WITH (FORCE)", name)
