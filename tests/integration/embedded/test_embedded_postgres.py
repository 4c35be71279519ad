"""The embedded Postgres keeps what it committed, whoever is killed, and says why when it cannot start."""

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from pathlib import Path
from signal import Signals

import psycopg
import pytest

from adapters.embedded import DataDir, EmbeddedPostgres, EmbeddedServerError, EmbeddedValkey
from adapters.embedded.server_process import LOG_LIMIT_BYTES
from tests.eventually import eventually
from tests.servers import own_data_dir


@pytest.fixture
def data_dir() -> Iterator[DataDir]:
    with own_data_dir(in_memory=True) as path, DataDir(path / "with a space") as data_dir:
        yield data_dir


@pytest.fixture
def postgres(data_dir: DataDir) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(data_dir)
    yield server
    server.stop()


def test_what_was_committed_survives_kill_nine_under_load(postgres: EmbeddedPostgres) -> None:
    postgres.start()
    postgres.ensure_roles()
    acknowledged = _insert_until(postgres, kill_after=200)
    assert eventually(lambda: postgres.poll() == -Signals.SIGKILL)
    postgres.start()
    with psycopg.connect(postgres.dsn("wasl_owner", "wasl")) as connection:
        kept = {row[0] for row in connection.execute("SELECT n FROM kept")}
    assert acknowledged <= kept
    assert len(acknowledged) >= 200


def _insert_until(postgres: EmbeddedPostgres, *, kill_after: int) -> set[int]:
    acknowledged: set[int] = set()
    assert postgres.pid is not None
    with psycopg.connect(postgres.dsn("wasl_owner", "wasl"), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (n int)")
        with suppress(psycopg.OperationalError):
            for n in count():
                if n == kill_after:
                    os.kill(postgres.pid, Signals.SIGKILL)
                connection.execute("INSERT INTO kept VALUES (%s)", (n,))
                acknowledged.add(n)
    return acknowledged


def test_start_and_stop_may_be_repeated(postgres: EmbeddedPostgres) -> None:
    assert postgres.poll() == -1
    postgres.start()
    pid = postgres.pid
    postgres.start()
    assert postgres.pid == pid
    assert postgres.poll() is None
    postgres.stop()
    postgres.stop()
    assert (postgres.poll(), postgres.pid) == (0, None)
    postgres.start()
    assert postgres.poll() is None


def test_it_outlives_the_thread_that_started_it(postgres: EmbeddedPostgres) -> None:
    thread = threading.Thread(target=postgres.start)
    thread.start()
    thread.join()
    for _ in range(20):
        with psycopg.connect(postgres.dsn("postgres", "postgres")) as connection:
            connection.execute("SELECT 1")
    assert "shutdown request" not in (postgres.cluster.parent / "logs" / "postgres.log").read_text()


def test_committed_means_on_disk_and_only_the_account_may_connect(postgres: EmbeddedPostgres) -> None:
    postgres.start()
    with psycopg.connect(postgres.dsn("postgres", "postgres")) as connection:
        for setting, value in {"fsync": "on", "synchronous_commit": "on", "listen_addresses": ""}.items():
            row = connection.execute("SELECT current_setting(%s)", (setting,)).fetchone()
            assert row == (value,)
    sockets = postgres.cluster.parent / "run"
    assert sockets.stat().st_mode & 0o777 == 0o700
    assert (sockets / ".s.PGSQL.5432").stat().st_mode & 0o777 == 0o700


def test_roles_may_be_ensured_twice_and_keep_the_data(postgres: EmbeddedPostgres) -> None:
    postgres.start()
    postgres.ensure_roles()
    with psycopg.connect(postgres.dsn("wasl_owner", "wasl")) as connection:
        connection.execute("CREATE TABLE kept (n int)")
    postgres.ensure_roles()
    with psycopg.connect(postgres.dsn("wasl_owner", "wasl")) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
    with psycopg.connect(postgres.dsn("wasl_app", "wasl")) as app:
        rights = app.execute(
            "SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        assert rights == (False, False, False)


def test_a_start_that_fails_shows_why(data_dir: DataDir) -> None:
    server = EmbeddedPostgres(data_dir, settings={"shared_buffers": "much"})
    with pytest.raises(EmbeddedServerError) as caught:
        server.start()
    assert "shared_buffers" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(data_dir.log_file("postgres")) in str(caught.value)
    assert any("shared_buffers" in line for line in caught.value.log_tail)


def test_a_stale_pid_that_now_belongs_to_another_server_is_no_obstacle(
    postgres: EmbeddedPostgres, data_dir: DataDir
) -> None:
    valkey = EmbeddedValkey(data_dir)
    valkey.start()
    try:
        postgres.start()
        assert postgres.pid is not None
        os.kill(postgres.pid, Signals.SIGKILL)
        assert eventually(lambda: postgres.poll() is not None)
        _rewrite_pid(postgres.cluster / "postmaster.pid", valkey.pid)
        postgres.start()
        assert (postgres.poll(), valkey.poll()) == (None, None)
    finally:
        valkey.stop()


def _rewrite_pid(pid_file: Path, pid: int | None) -> None:
    lines = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join([str(pid), *lines[1:]]) + "\n")


def test_backends_too_busy_to_notice_their_postmaster_s_death_are_removed(postgres: EmbeddedPostgres) -> None:
    postgres.start()
    with ThreadPoolExecutor(1) as other:
        busy = other.submit(_compute_for_minutes, postgres)
        assert eventually(lambda: _computing(postgres))
        assert postgres.pid is not None
        os.kill(postgres.pid, Signals.SIGKILL)
        assert eventually(lambda: postgres.poll() is not None)
        assert not busy.done()
        postgres.start()
        with pytest.raises(psycopg.OperationalError):
            busy.result(timeout=20)
    assert not _computing(postgres)


def _compute_for_minutes(postgres: EmbeddedPostgres) -> None:
    loop = "DO $$ DECLARE n bigint := 0; BEGIN WHILE n < 5000000000 LOOP n := n + 1; END LOOP; END $$"
    with psycopg.connect(postgres.dsn("postgres", "postgres")) as connection:
        connection.execute(loop.encode())


def _computing(postgres: EmbeddedPostgres) -> bool:
    with psycopg.connect(postgres.dsn("postgres", "postgres")) as connection:
        found = connection.execute("SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'DO %'")
        return found.fetchone() is not None


def test_an_interrupted_initdb_is_begun_again(postgres: EmbeddedPostgres) -> None:
    unfinished = postgres.cluster.with_name("postgres.new")
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    postgres.start()
    assert postgres.poll() is None
    assert not unfinished.exists()


def test_roles_need_a_running_server(postgres: EmbeddedPostgres) -> None:
    with pytest.raises(EmbeddedServerError, match="did not make its roles") as caught:
        postgres.ensure_roles()
    assert "\n" not in str(caught.value)


def test_a_directory_not_owned_starts_nothing() -> None:
    with own_data_dir(in_memory=True) as path, pytest.raises(EmbeddedServerError, match="acquire"):
        EmbeddedPostgres(DataDir(path)).start()


def test_a_long_log_is_set_aside(postgres: EmbeddedPostgres, data_dir: DataDir) -> None:
    log = data_dir.log_file("postgres")
    with log.open("wb") as handle:
        handle.truncate(LOG_LIMIT_BYTES + 1)
    postgres.start()
    assert log.stat().st_size < LOG_LIMIT_BYTES
    assert log.with_name("postgres.log.1").stat().st_size == LOG_LIMIT_BYTES + 1
