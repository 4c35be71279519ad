"""Brings a database to the schema this code ships: forward only, each migration applied once or not at all.

yoyo reads the files and keeps the marks; the order, the lock, the atomic mark and the hashes are ours: yoyo's
lock row outlives a killed process, it commits a migration and its mark apart, and it does not see that an
applied file was edited. Calls block: use them from a command or through `asyncio.to_thread`, with the owner's
role, on a direct connection (a pooler in transaction mode cannot hold the lock).
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import psycopg.errors
import psycopg.sql
from psycopg.conninfo import conninfo_to_dict
from structlog import get_logger
from yoyo import internalmigrations
from yoyo.backends.core.postgresql import PostgresqlPsycopgBackend
from yoyo.connections import DatabaseURI
from yoyo.migrations import Migration

from adapters.postgres.migration_files import (
    MigrationChanged,
    MigrationError,
    MigrationFailed,
    MigrationFile,
    MigrationLocked,
    Problem,
    Script,
    compare,
    index_names,
    read_folder,
    read_script,
)
from adapters.postgres.schema_marks import APPLIED, BOOKS_EXIST, MARKS

LOCK = 0x5741_534C_4D49_4752  # "WASLMIGR"; advisory locks are per database
POLL_SECONDS = 0.075
DEADLINE_SECONDS = 120.0
Connection = psycopg.Connection[tuple[Any, ...]]
# A session that waits for a table's lock blocks everybody behind it: rather give way and try again. The server
# looks whether a killed client is gone (Linux only), else its statement would hold our lock until it ends.
_GIVE_WAY = "SET lock_timeout = '3s'"
_NOTICE_DEATH = "SET client_connection_check_interval = '500ms'"
_NEW_BOOKS = (
    "CREATE TABLE IF NOT EXISTS wasl_migration_files (migration_id text PRIMARY KEY, sha256 text NOT NULL)",
    f"GRANT SELECT ON wasl_migration_files, {MARKS} TO PUBLIC",
)
_LOCK_HOLDER = """
    SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND (classid::bigint << 32 | objid::bigint) = %s
"""
_INVALID_INDEX = "SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(%s) AND NOT indisvalid"
log = get_logger()


def apply(dsn: str, *, folder: Path | None = None, deadline_seconds: float = DEADLINE_SECONDS) -> list[str]:
    """Apply what is missing, in order, and name it; of several callers at once one works, the others wait."""
    shipped = read_folder(folder)
    deadline = time.monotonic() + deadline_seconds
    with _opened(dsn) as backend, _only_runner(backend.connection, deadline):
        _prepare_books(backend)
        applied = _applied(backend.connection)
        _refuse_other_history(shipped, applied)
        scripts = [read_script(file) for file in shipped if file.id not in applied]
        for script in scripts:
            _run(backend, script, deadline)
            log.info("migration_applied", migration=script.file.id)
    return [script.file.id for script in scripts]


def plan(dsn: str, *, folder: Path | None = None) -> list[str]:
    """What `apply` would apply; changes nothing."""
    applied = _read_applied(dsn)
    return [file.id for file in read_folder(folder) if file.id not in applied]


def verify(dsn: str, *, folder: Path | None = None) -> list[Problem]:
    """Every difference between the shipped files and the database; changes nothing."""
    return compare(read_folder(folder), _read_applied(dsn))


def schema_version(source: str | Connection) -> str | None:
    """The newest applied migration, or None on an empty database."""
    applied = _read_applied(source) if isinstance(source, str) else _applied(source)
    return max(applied, default=None)


def _refuse_other_history(shipped: Sequence[MigrationFile], applied: Mapping[str, str | None]) -> None:
    serious = [problem for problem in compare(shipped, applied) if problem.serious]
    if serious:
        names = ", ".join(map(str, serious))
        raise MigrationChanged(f"{names}; restore the file as it was applied and put the change in a new migration")


@contextmanager
def _opened(dsn: str) -> Iterator[PostgresqlPsycopgBackend]:
    try:
        with _backend(dsn) as backend:
            yield backend
    except psycopg.Error as error:
        raise MigrationError(f"{_first_line(error)}: is MIGRATE_DATABASE_URL right and Postgres running?") from error


@contextmanager
def _backend(dsn: str) -> Iterator[PostgresqlPsycopgBackend]:
    """libpq reads the URL (yoyo's own parser knows less of it); the session gives way and notices our death."""
    arguments = {"application_name": "wasl migrate", **conninfo_to_dict(dsn)}
    database = arguments.pop("dbname", None)
    uri = DatabaseURI("postgresql+psycopg", None, None, None, None, database, arguments)
    with PostgresqlPsycopgBackend(uri, MARKS) as backend:
        backend.connection.execute(_GIVE_WAY)
        with suppress(psycopg.errors.InvalidParameterValue):  # other systems cannot tell
            backend.connection.execute(_NOTICE_DEATH)
        yield backend


@contextmanager
def _only_runner(connection: Connection, deadline: float) -> Iterator[None]:
    """Hold the lock on the migrating session itself: it ends with that session, and never while it works.

    Polled: a session waiting in pg_advisory_lock and CREATE INDEX CONCURRENTLY wait for each other for ever.
    """
    while not _value(connection, "SELECT pg_try_advisory_lock(%s)", LOCK):
        if time.monotonic() > deadline:
            holder = _value(connection, _LOCK_HOLDER, LOCK)
            raise MigrationLocked(f"another process is migrating this database (server process {holder}): wait for it")
        time.sleep(POLL_SECONDS)
    try:
        yield
    finally:
        if not connection.broken:
            connection.execute("SELECT pg_advisory_unlock(%s)", (LOCK,))


def _prepare_books(backend: PostgresqlPsycopgBackend) -> None:
    """yoyo's own tables and our hashes, readable by every role, since the processes check the schema too."""
    if _value(backend.connection, BOOKS_EXIST):
        return
    with backend.transaction():
        if internalmigrations.needs_upgrading(backend):
            internalmigrations.upgrade(backend)
        for statement in _NEW_BOOKS:
            backend.execute(statement)


def _run(backend: PostgresqlPsycopgBackend, script: Script, deadline: float) -> None:
    step = _run_atomically if script.transactional else _run_concurrently
    while True:
        try:
            return step(backend, script)
        except psycopg.errors.LockNotAvailable as error:
            if time.monotonic() > deadline:
                raise MigrationFailed(
                    f"{script.file.id}: a table stays locked by others: {_first_line(error)}"
                ) from error
            log.warning("migration_waits_for_lock", migration=script.file.id)
            time.sleep(POLL_SECONDS)


def _run_atomically(backend: PostgresqlPsycopgBackend, script: Script) -> None:
    with backend.transaction():
        _execute_all(backend.connection, script)
        _mark(backend, script.file)


def _run_concurrently(backend: PostgresqlPsycopgBackend, script: Script) -> None:
    """Not atomic, hence repeatable: an index an interrupted run left invalid is dropped and built again."""
    connection = backend.connection
    connection.execute("SET lock_timeout = 0")  # CONCURRENTLY waits for others by design
    try:
        for name in index_names(script):
            if _value(connection, _INVALID_INDEX, name):
                connection.execute(psycopg.sql.SQL("DROP INDEX CONCURRENTLY {}").format(psycopg.sql.Identifier(name)))
        _execute_all(connection, script)
    finally:
        if not connection.broken:
            connection.execute(_GIVE_WAY)
    with backend.transaction():
        _mark(backend, script.file)


def _execute_all(connection: Connection, script: Script) -> None:
    for number, statement in enumerate(script.statements, start=1):
        try:
            connection.execute(statement.encode())
        except psycopg.errors.LockNotAvailable:
            raise
        except psycopg.Error as error:
            raise MigrationFailed(f"{script.file.path.name}, statement {number}: {_first_line(error)}") from error


def _mark(backend: PostgresqlPsycopgBackend, file: MigrationFile) -> None:
    backend.mark_one(Migration(file.id, str(file.path), source_dir=str(file.path.parent)), log=False)
    backend.connection.execute("INSERT INTO wasl_migration_files VALUES (%s, %s)", (file.id, file.sha256))


def _read_applied(dsn: str) -> dict[str, str | None]:
    with _opened(dsn) as backend:
        return _applied(backend.connection)


def _applied(connection: Connection) -> dict[str, str | None]:
    if not _value(connection, BOOKS_EXIST):
        return {}
    return dict(connection.execute(APPLIED).fetchall())


def _value(connection: Connection, query: str, *arguments: object) -> object:
    row = connection.execute(query.encode(), arguments or None).fetchone()
    return row[0] if row else None


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
