"""`wasl audit`: what a person sees of the record, and of somebody who altered it."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from cryptography.fernet import Fernet
from typer.testing import CliRunner

from adapters.memory.metrics import RecordingMetrics
from adapters.postgres.audit import PostgresAuditLog
from adapters.postgres.audit_seals import PostgresAuditSeals
from adapters.postgres.connection import open_pool
from adapters.system import SystemClock
from core.domain.audit import AuditEntry
from core.domain.audit_chain import Seal, sealing_keys
from core.domain.secret import Secret
from core.features.seal_audit import SealAudit
from core.ids import StoreId
from entrypoints.cli.commands.audit import app
from tests.servers import Database

Wasl = Callable[..., tuple[int, str]]


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch, database: Database, tmp_path: Path) -> Secret:
    """The ring of the command's configuration, which names this test's database."""
    text = Fernet.generate_key().decode()
    for name in ("ENVIRONMENT", "REDIS_URL", "MIGRATE_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in (("TOKEN_KEYS", text), ("DATABASE_URL", database.dsn), ("WASL_DATA_DIR", str(tmp_path))):
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return Secret(text)


@pytest.fixture
def wasl(key: Secret) -> Wasl:
    def run(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, arguments)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.output

    return run


@pytest.fixture
def sealed(database: Database, key: Secret) -> Seal:
    """Three lines under one seal."""

    async def write() -> Seal:
        pool = await open_pool(database.dsn, max_size=2)
        try:
            for number in (1, 2, 3):
                await PostgresAuditLog(pool).note(AuditEntry(f"done.{number}", StoreId(number), actor="key 12"))
            sealer = SealAudit(PostgresAuditSeals(pool), sealing_keys([key]), RecordingMetrics(), SystemClock())
            seal = await sealer.tick()
            assert seal
            return seal
        finally:
            await pool.close()

    return asyncio.run(write())


def test_an_intact_audit_shows_its_head(wasl: Wasl, sealed: Seal) -> None:
    code, told = wasl("verify")
    assert code == 0
    assert told.splitlines() == [
        "3 lines under 1 seals",
        f"head {sealed.mark}",
        "intact: every sealed line is as it was written",
    ]
    assert wasl("verify", "--head", sealed.mark)[0] == 0
    code, told = wasl("verify", "--json")
    assert (code, json.loads(told)["head"], json.loads(told)["flaws"]) == (0, sealed.mark, [])


def test_a_changed_line_and_a_cut_are_told_by_their_numbers(wasl: Wasl, sealed: Seal, database: Database) -> None:
    with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
        owner.execute("UPDATE audit SET actor = 'nobody' WHERE audit_id = 2")
        code, told = wasl("verify")
        assert code == 1
        assert "NOT intact:" in told
        assert told.splitlines()[-1].split()[:3] == ["changed", "2", "1"]
        owner.execute("TRUNCATE audit, audit_seals")
    assert wasl("verify")[0] == 0
    code, told = wasl("verify", "--json", "--head", sealed.mark)
    assert code == 1
    assert [(one["flaw"], one["seal"]) for one in json.loads(told)["flaws"]] == [("cut", 1)]


def test_what_is_no_head_is_refused(wasl: Wasl, sealed: Seal) -> None:
    code, told = wasl("verify", "--head", "deadbeef")
    assert code == 2
    assert "is no head" in told


def test_the_list_has_filters(wasl: Wasl, sealed: Seal) -> None:
    rows = json.loads(wasl("list", "--json")[1])
    assert [(row["action"], row["actor"], row["store_id"]) for row in rows] == [
        ("done.3", "key 12", 3),
        ("done.2", "key 12", 2),
        ("done.1", "key 12", 1),
    ]
    assert [row["action"] for row in json.loads(wasl("list", "--store", "2", "--json")[1])] == ["done.2"]
    assert [row["action"] for row in json.loads(wasl("list", "--limit", "1", "--json")[1])] == ["done.3"]
    assert wasl("list", "--action", "done.3", "--actor", "nobody")[1].strip() == "nothing is written down"
    assert "done.1" in wasl("list", "--since", "1h")[1]
