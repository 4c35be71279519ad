"""Each migration is applied once or not at all, whoever starts, edits, waits or dies meanwhile."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import asyncpg
import psycopg
import pytest
from yoyo.migrations import default_migration_table

from adapters.postgres import migrator
from adapters.postgres.migration_files import (
    BadMigrationFile,
    MigrationChanged,
    MigrationError,
    MigrationFailed,
    MigrationLocked,
    ProblemKind,
    read_folder,
    read_script,
)
from adapters.postgres.schema_marks import MARKS, require_schema
from core.errors import SchemaTooOld
from tests.eventually import eventually
from tests.servers import Database, Postgres

ROOT = Path(__file__).parents[3]
APPLY = """
import json, sys
from pathlib import Path
import structlog
from adapters.postgres import migrator
structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
print(json.dumps(migrator.apply(sys.argv[1], folder=Path(sys.argv[2]))))
"""
_numbers = count(1)


@pytest.fixture
def empty(postgres_server: Postgres) -> Iterator[Database]:
    """A database without any schema."""
    name = f"wasl_empty_{os.getpid()}_{next(_numbers)}"
    postgres_server.execute("CREATE DATABASE {} OWNER {}", name, postgres_server.owner)
    yield postgres_server.database(name)
    postgres_server.execute("DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two ordinary migrations and one that Postgres runs outside a transaction only."""
    write(tmp_path, "0001_shelves", "-- الرفوف\nCREATE TABLE shelves (id int, name text DEFAULT 'a;b');")
    write(tmp_path, "0002_grants", "-- depends: 0001_shelves\nGRANT SELECT ON shelves TO wasl_app;\nSELECT 1;")
    write(tmp_path, "0003_index", concurrently("shelves_name"))
    return tmp_path


ALL = ["0001_shelves", "0002_grants", "0003_index"]


def write(folder: Path, name: str, sql: str) -> None:
    (folder / f"{name}.sql").write_text(sql + "\n", encoding="utf-8")


def concurrently(index: str) -> str:
    return f"-- transactional: false\nCREATE INDEX CONCURRENTLY IF NOT EXISTS {index} ON shelves (name);"


def query(database: Database, sql: str) -> list[tuple[object, ...]]:
    with psycopg.connect(database.owner_dsn, autocommit=True) as connection:
        return connection.execute(sql.encode()).fetchall()


@contextmanager
def another_process(database: Database, folder: Path) -> Iterator[subprocess.Popen[str]]:
    argv = [sys.executable, "-c", APPLY, database.owner_dsn, str(folder)]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def session_waits(database: Database, event: str) -> Callable[[], bool]:
    sql = f"SELECT 1 FROM pg_stat_activity WHERE datname = '{database.name}' AND wait_event = '{event}'"
    return lambda: bool(query(database, sql))


def test_migrations_are_applied_in_order_and_once(empty: Database, folder: Path) -> None:
    assert migrator.plan(empty.owner_dsn, folder=folder) == ALL
    assert migrator.schema_version(empty.owner_dsn) is None
    assert migrator.apply(empty.owner_dsn, folder=folder) == ALL
    assert migrator.apply(empty.owner_dsn, folder=folder) == []
    assert migrator.plan(empty.owner_dsn, folder=folder) == []
    assert migrator.verify(empty.owner_dsn, folder=folder) == []
    assert query(empty, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'shelves_name'::regclass") == [(True,)]


def test_the_app_role_may_ask_for_the_version(empty: Database, folder: Path) -> None:
    migrator.apply(empty.owner_dsn, folder=folder)
    assert migrator.verify(empty.dsn, folder=folder) == []
    with psycopg.connect(empty.dsn) as connection:
        assert migrator.schema_version(connection) == "0003_index"


def test_of_six_processes_each_migration_is_applied_by_one(empty: Database, folder: Path) -> None:
    write(folder, "0004_slow", "CREATE TABLE slow (id int); SELECT pg_sleep(0.2);")
    with ThreadPoolExecutor(6) as six:
        answers = list(six.map(lambda _: _apply_elsewhere(empty, folder), range(6)))
    assert sorted(answers) == [[], [], [], [], [], [*ALL, "0004_slow"]]


def _apply_elsewhere(database: Database, folder: Path) -> list[str]:
    with another_process(database, folder) as process:
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    applied: list[str] = json.loads(out)
    return applied


def test_kill_nine_inside_a_migration_leaves_nothing_of_it(empty: Database, folder: Path) -> None:
    write(folder, "0004_long", "CREATE TABLE half (id int); SELECT pg_sleep(60);")
    with another_process(empty, folder) as process:
        assert eventually(session_waits(empty, "PgSleep"))
        process.kill()
    assert query(empty, "SELECT to_regclass('half') IS NULL") == [(True,)]
    write(folder, "0004_long", "CREATE TABLE half (id int);")
    begin = time.monotonic()
    assert migrator.apply(empty.owner_dsn, folder=folder) == ["0004_long"]
    assert time.monotonic() - begin < 10  # the server noticed the death, not only the end of the statement


def test_kill_nine_inside_create_index_concurrently_is_repaired(empty: Database, folder: Path) -> None:
    (folder / "0003_index.sql").unlink()
    migrator.apply(empty.owner_dsn, folder=folder)
    write(folder, "0003_index", concurrently("shelves_name"))
    with psycopg.connect(empty.owner_dsn) as reader:
        reader.execute("INSERT INTO shelves VALUES (1)")  # an open transaction that CONCURRENTLY waits for
        with another_process(empty, folder) as process:
            waits = session_waits(empty, "virtualxid")
            assert eventually(waits)
            process.kill()
        assert eventually(lambda: not waits())
    invalid = "SELECT 1 FROM pg_index WHERE indexrelid = to_regclass('shelves_name') AND NOT indisvalid"
    assert query(empty, invalid)
    assert migrator.apply(empty.owner_dsn, folder=folder) == ["0003_index"]
    assert not query(empty, invalid)


def test_a_failing_statement_is_named_and_undone(empty: Database, folder: Path) -> None:
    write(folder, "0004_wrong", "CREATE TABLE half (id int);\nSELECT nothing_such();")
    with pytest.raises(MigrationFailed, match=r"0004_wrong\.sql, statement 2: function nothing_such\(\)"):
        migrator.apply(empty.owner_dsn, folder=folder)
    assert migrator.plan(empty.owner_dsn, folder=folder) == ["0004_wrong"]
    assert query(empty, "SELECT to_regclass('half') IS NULL") == [(True,)]


def test_functions_and_percent_signs_arrive_as_written(empty: Database, tmp_path: Path) -> None:
    body = "CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN '100%; %s :x'; END $$;"
    write(tmp_path, "0001_function", f"{body}\nDO $$ BEGIN PERFORM f(); END $$;")
    migrator.apply(empty.owner_dsn, folder=tmp_path)
    assert query(empty, "SELECT f()") == [("100%; %s :x",)]


def test_an_edited_file_is_named_and_stops_the_next_run(empty: Database, folder: Path) -> None:
    migrator.apply(empty.owner_dsn, folder=folder)
    write(folder, "0001_shelves", "CREATE TABLE shelves (id bigint);")
    write(folder, "0004_more", "CREATE TABLE more (id int);")
    problems = migrator.verify(empty.owner_dsn, folder=folder)
    assert [(problem.kind, problem.migration) for problem in problems] == [
        (ProblemKind.CHANGED, "0001_shelves"),
        (ProblemKind.MISSING, "0004_more"),
    ]
    with pytest.raises(MigrationChanged, match="0001_shelves"):
        migrator.apply(empty.owner_dsn, folder=folder)
    assert query(empty, "SELECT to_regclass('more') IS NULL") == [(True,)]


def test_other_line_ends_are_no_edit(empty: Database, folder: Path) -> None:
    migrator.apply(empty.owner_dsn, folder=folder)
    path = folder / "0001_shelves.sql"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert migrator.verify(empty.owner_dsn, folder=folder) == []


def test_a_renamed_file_stops_the_next_run(empty: Database, folder: Path) -> None:
    migrator.apply(empty.owner_dsn, folder=folder)
    (folder / "0002_grants.sql").rename(folder / "0002_rights.sql")
    assert [str(problem) for problem in migrator.verify(empty.owner_dsn, folder=folder)] == [
        "0002_grants: gone",
        "0002_rights: missing",
    ]
    with pytest.raises(MigrationChanged, match="0002_grants"):
        migrator.apply(empty.owner_dsn, folder=folder)


async def test_old_code_runs_on_a_newer_schema(empty: Database, folder: Path) -> None:
    migrator.apply(empty.owner_dsn, folder=folder)
    (folder / "0003_index.sql").unlink()
    (problem,) = migrator.verify(empty.owner_dsn, folder=folder)
    assert (problem.kind, problem.migration, problem.serious) == (ProblemKind.NEWER, "0003_index", False)
    assert migrator.apply(empty.owner_dsn, folder=folder) == []
    async with asyncpg.create_pool(empty.dsn, min_size=1, max_size=1) as pool:
        await require_schema(pool, folder=folder)


def test_processes_look_where_applied_migrations_are_noted() -> None:
    assert default_migration_table == MARKS


async def test_processes_refuse_an_older_schema(empty: Database, folder: Path) -> None:
    async with asyncpg.create_pool(empty.dsn, min_size=1, max_size=1) as pool:
        with pytest.raises(SchemaTooOld) as nothing:
            await require_schema(pool, folder=folder)
        assert (nothing.value.have, nothing.value.need) == (None, "0003_index")
        (folder / "0003_index.sql").rename(folder / "later")
        migrator.apply(empty.owner_dsn, folder=folder)
        (folder / "later").rename(folder / "0003_index.sql")
        with pytest.raises(SchemaTooOld, match=r"0002_grants.*0003_index.*wasl migrate"):
            await require_schema(pool, folder=folder)
        migrator.apply(empty.owner_dsn, folder=folder)
        await require_schema(pool, folder=folder)


def test_a_held_lock_is_reported_with_its_holder(empty: Database, folder: Path) -> None:
    with psycopg.connect(empty.owner_dsn) as holder:
        holder.execute("SELECT pg_advisory_lock(%s)", (migrator.LOCK,))
        with pytest.raises(MigrationLocked, match=f"server process {holder.info.backend_pid}"):
            migrator.apply(empty.owner_dsn, folder=folder, deadline_seconds=0.1)
    assert migrator.apply(empty.owner_dsn, folder=folder) == ALL


def test_a_locked_table_is_waited_for_without_holding_up_others(empty: Database, folder: Path) -> None:
    migrator.apply(empty.owner_dsn, folder=folder)
    write(folder, "0004_column", "LOCK TABLE shelves NOWAIT; ALTER TABLE shelves ADD COLUMN depth int;")
    gave_way = f"SELECT 1 FROM pg_stat_activity WHERE datname = '{empty.name}' AND query = 'ROLLBACK'"
    with ThreadPoolExecutor(1) as other:
        with psycopg.connect(empty.owner_dsn) as reader:
            reader.execute("SELECT * FROM shelves")
            with pytest.raises(MigrationFailed, match="stays locked"):
                migrator.apply(empty.owner_dsn, folder=folder, deadline_seconds=0)
            waiting = other.submit(migrator.apply, empty.owner_dsn, folder=folder)
            assert eventually(lambda: bool(query(empty, gave_way)))
        assert waiting.result(timeout=20) == ["0004_column"]


@pytest.mark.parametrize(
    ("name", "sql", "complaint"),
    [
        ("0001_second", "SELECT 1;", "a number is given once"),
        ("002_short", "SELECT 1;", "NNNN_what_it_does"),
        ("0001_first.rollback", "SELECT 1;", "forward only"),
        ("0002_commit", "CREATE TABLE t (id int); -- why\nCOMMIT;", "remove 'COMMIT;'"),
        ("0002_mixed", "-- transactional: false\nCREATE TABLE t (id int);", "only for CREATE INDEX CONCURRENTLY"),
        ("0002_once", "-- transactional: false\nDROP INDEX CONCURRENTLY i;", "only for CREATE INDEX CONCURRENTLY"),
        ("0002_circle", "-- depends: 0003_next\nSELECT 1;", "depends on 0003_next"),
    ],
)
def test_a_file_against_the_rules_is_named_and_nothing_is_applied(
    empty: Database, tmp_path: Path, name: str, sql: str, complaint: str
) -> None:
    write(tmp_path, "0001_first", "CREATE TABLE first (id int);")
    write(tmp_path, name, sql)
    with pytest.raises(BadMigrationFile, match=complaint) as caught:
        migrator.apply(empty.owner_dsn, folder=tmp_path)
    assert name in str(caught.value)
    assert query(empty, "SELECT to_regclass('first') IS NULL") == [(True,)]


def test_an_unreachable_server_is_one_line_without_the_password() -> None:
    with pytest.raises(MigrationError, match="MIGRATE_DATABASE_URL") as caught:
        migrator.plan("postgresql://owner:secret@/wasl?host=/nowhere")
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_shipped_migrations_are_applied_and_well_formed(database: Database) -> None:
    assert migrator.verify(database.dsn) == []
    assert migrator.apply(database.owner_dsn) == []
    assert all(read_script(file).statements for file in read_folder())
