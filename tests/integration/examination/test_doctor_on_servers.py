"""`wasl doctor` from its command line: each hazard is made on real servers, and named; and how it ends."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psycopg
import pytest
import redis
import structlog
from typer.testing import CliRunner

from core.domain.diagnosis.findings import CheckName, Code
from entrypoints.cli.app import app
from entrypoints.up.secrets_file import make_secrets
from tests.free_port import free_port
from tests.servers import Database, Postgres, with_database

Told = Mapping[str, object]


@pytest.fixture(autouse=True)
def _log_as_before() -> Iterator[None]:
    """A command quiets the log of its process, which is ours."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.fixture
def given(database: Database, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An environment that is well, but that nothing runs and nobody answers outside."""
    monkeypatch.chdir(tmp_path)
    return {
        **make_secrets(),
        "DATABASE_URL": database.dsn,
        "REDIS_URL": redis_url,
        "PUBLIC_URL": f"http://127.0.0.1:{free_port()}",
        "ZID_API_URL": f"http://127.0.0.1:{free_port()}",
    }


@pytest.fixture
def doctor(given: dict[str, str], tmp_path: Path) -> Callable[..., tuple[int, Told]]:
    def call(*options: str, **changed: str) -> tuple[int, Told]:
        words = ["doctor", "--json", "--data-dir", str(tmp_path / "data"), *options]
        told = CliRunner().invoke(app, words, env={**given, **changed})
        return told.exit_code, json.loads(told.stdout)

    return call


@pytest.fixture
def harmed_redis(redis_url: str) -> Iterator[None]:
    with redis.Redis.from_url(redis_url, decode_responses=True) as admin:
        before = admin.config_get("appendonly", "maxmemory-policy")
        admin.config_set("appendonly", "no", "maxmemory-policy", "allkeys-lru")
        yield
        admin.config_set(*[part for pair in before.items() for part in pair])


def codes(told: Told) -> set[str]:
    return {finding["code"] for check in told["checks"] for finding in check["findings"]}  # type: ignore[index,union-attr]


def test_hazards_that_are_made_are_named(
    doctor: Callable[..., tuple[int, Told]],
    database: Database,
    postgres_server: Postgres,
    harmed_redis: None,
    tmp_path: Path,
) -> None:
    _, before = doctor()
    with psycopg.connect(with_database(postgres_server.admin_url, database.name), autocommit=True) as admin:
        admin.execute("DROP INDEX audit_by_time")
        admin.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'events_due'::regclass")
        admin.execute("GRANT DELETE ON audit TO wasl_app")
        admin.execute("INSERT INTO alerts (kind, subject, reason) VALUES ('client_rejected', 'app', 'no')")
        admin.execute("INSERT INTO intake (store_id, origin, accepted, duplicates) VALUES (1, 'zid', 3, 0)")
        admin.execute("SET session_replication_role = replica")
        admin.execute("INSERT INTO data_keys (install_id, store_id, key_id, wrapped) VALUES (1, 1, 'gone', 'open')")
        admin.execute(f"ALTER DATABASE {database.name} SET timezone = 'Asia/Riyadh'")
    (tmp_path / ".env").write_text("LOG_LEVEL=INFO\n")
    (tmp_path / ".env").chmod(0o644)
    (tmp_path / "file").write_text("")
    wanted = {
        Code.INDEX_MISSING,
        Code.INDEX_INVALID,
        Code.DATABASE_ROLE,
        Code.TIMEZONE,
        Code.ALERTS_OPEN,
        Code.UNBALANCED,
        Code.TOKEN_UNSEALED,
        Code.KEY_MISSING,
        Code.FILE_READABLE,
        Code.FOLDER_NOT_WRITABLE,
        Code.SECRET_GUESSABLE,
        Code.SCHEDULE_OFF,
    }
    hurt = {"SESSION_KEY": "x" * 40, "ERASURE_LOG": str(tmp_path / "file" / "log"), "RECONCILE_EVERY": "0"}
    code, told = doctor(**hurt)
    assert code == 1
    assert codes(told) >= wanted
    assert {Code.REDIS_NO_AOF, Code.REDIS_EVICTS, Code.PROCESS_MISSING, Code.PUBLIC_URL_UNREACHABLE} <= codes(before)
    assert codes(before) & (wanted - {Code.TIMEZONE}) == set()


def test_too_few_connections_and_a_migration_that_is_missing(
    doctor: Callable[..., tuple[int, Told]], database: Database, postgres_server: Postgres
) -> None:
    with psycopg.connect(with_database(postgres_server.admin_url, database.name), autocommit=True) as admin:
        admin.execute("DELETE FROM _yoyo_migration WHERE migration_id = '0024_audit_indexes'")
    code, told = doctor(DATABASE_POOL="200")
    assert code == 1
    assert {Code.SCHEMA_BEHIND, Code.CONNECTIONS_OVER} <= codes(told)


def test_servers_that_are_away_hide_no_other_check(doctor: Callable[..., tuple[int, Told]]) -> None:
    away = {
        "DATABASE_URL": f"postgresql://wasl_app@127.0.0.1:{free_port()}/none",
        "REDIS_URL": f"redis://127.0.0.1:{free_port()}/0",
    }
    code, told = doctor(**away)
    assert code == 1
    assert {Code.DATABASE_AWAY, Code.REDIS_AWAY} <= codes(told)
    assert {check["check"] for check in told["checks"]} == set(CheckName)  # type: ignore[index,union-attr]
    unseen = {check["check"] for check in told["checks"] if check["unseen"]}  # type: ignore[index,union-attr]
    assert {CheckName.SCHEMA, CheckName.LEDGER, CheckName.ZID} <= unseen
    assert CheckName.SECRETS not in unseen


def test_warnings_end_well_unless_one_is_strict(doctor: Callable[..., tuple[int, Told]]) -> None:
    code, told = doctor()
    assert code == 0, told
    assert told["healthy"] is True
    code, told = doctor("--strict")
    assert code == 1


@pytest.mark.parametrize(
    ("changed", "setting"),
    [
        ({"PUBLIC_URL": "http://127.0.0.1/"}, "PUBLIC_URL"),
        ({"DATABASE_POOL": "many"}, "DATABASE_POOL"),
        ({"DATABASE_URL": ""}, "DATABASE_URL"),
        ({"WASL_HANDLERS": "no.such.module"}, "WASL_HANDLERS"),
    ],
)
def test_a_setting_that_cannot_be_is_a_finding(
    doctor: Callable[..., tuple[int, Told]], changed: dict[str, str], setting: str
) -> None:
    code, told = doctor(**changed)
    assert code == 1
    [finding] = told["checks"][0]["findings"]  # type: ignore[index]
    assert (finding["code"], finding["facts"]["setting"]) == (Code.SETTING_INVALID, setting)


def test_it_is_told_to_people(given: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("LOG_LEVEL=INFO\n")
    (tmp_path / ".env").chmod(0o644)
    told = CliRunner().invoke(app, ["doctor", "--data-dir", str(tmp_path / "data")], env=given)
    lines = told.stdout.splitlines()
    assert "  ! files with secrets are private" in lines
    assert "    warning: .env has the mode 0644: others on this machine may read it." in lines
    assert "      → chmod 600 .env" in lines
    assert lines[-1].startswith("22 checks: ")
    assert not [
        value for name, value in given.items() if name not in {"PUBLIC_URL", "ZID_API_URL"} and value in told.stdout
    ]
