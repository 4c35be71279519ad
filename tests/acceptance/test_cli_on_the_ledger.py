"""What a person does to events from the command line, on a real database that no process works on."""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
import redis
import structlog

from entrypoints.cli import main
from tests.servers import Database

STORE = """
    INSERT INTO stores (store_id, title, install_id, epoch, state) VALUES (%(store)s, 'متجر', %(install)s, 1, %(state)s)
"""
INSTALL = "INSERT INTO installs (install_id, store_id, epoch, state) VALUES (%(install)s, %(store)s, 1, %(state)s)"
EVENT = """
    INSERT INTO events (event_id, store_id, install_id, origin, topic, entity_kind, entity_id, lane, state, reason,
                        received_at, size, body)
    VALUES (%(id)s::uuid, %(store)s, %(install)s, 'zid', %(topic)s, 'order', '5', %(lane)s, %(state)s, %(reason)s,
            now() - %(age)s::interval, 2, '{}')
"""
DEDUPE = """
    INSERT INTO dedupe (key, event_id, store_id, origin, expires_at)
    VALUES (sha256(convert_to(%(id)s::text, 'UTF8')), %(id)s::uuid, %(store)s, 'zid', now() + interval '1 day')
"""
INTAKE = "INSERT INTO intake (store_id, origin, accepted) VALUES (%(store)s, 'zid', 1)"
KEY = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="


def event_id(number: int) -> str:
    return str(UUID(int=(7 << 76) | number))


@dataclass(frozen=True)
class Desk:
    """The command line on one database, in this process: the same words and exit codes, without 40 starts of Python."""

    database: Database
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def run(self, *arguments: str, code: int = 0) -> str:
        self.monkeypatch.setattr(sys, "argv", ["wasl", *arguments])
        self.capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        told = self.capsys.readouterr()
        assert end.value.code == code, told
        return told.out or told.err

    def read(self, *arguments: str, code: int = 0) -> Any:
        return json.loads(self.run(*arguments, "--json", code=code))

    def sql(self, *statements: str, **values: Any) -> None:
        with psycopg.connect(self.database.owner_dsn, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement, values or None)


@pytest.fixture
def desk(
    tmp_path: Path,
    database: Database,
    redis_setting: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Desk]:
    """Store 1001 with two dead events and a done one; store 1002, uninstalled, with a dead one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])  # the command puts the working directory on it
    for key, value in (("DATABASE_URL", database.dsn), ("REDIS_URL", redis_setting), ("TOKEN_KEYS", KEY)):
        monkeypatch.setenv(key, value)
    for key in ("MIGRATE_DATABASE_URL", "ZID_CLIENT_ID", "WASL_HANDLERS", "ENVIRONMENT"):
        monkeypatch.delenv(key, raising=False)
    logging = structlog.get_config()
    made = Desk(database, monkeypatch, capsys)
    for store, state in ((1001, "active"), (1002, "uninstalled")):
        made.sql(STORE, INSTALL, store=store, install=store * 10, state=state)
    rows = [(1, 1001, "order.create", "dead"), (2, 1001, "order.status.update", "dead")]
    for number, store, topic, state in [*rows, (3, 1001, "order.create", "done"), (4, 1002, "order.create", "dead")]:
        values: Mapping[str, Any] = {"id": event_id(number), "store": store, "install": store * 10, "topic": topic}
        reason = "ValueError: no" if state == "dead" else None
        made.sql(EVENT, DEDUPE, INTAKE, **values, state=state, reason=reason, lane=number, age=f"{number} hours")
    yield made
    structlog.configure(**logging)


def test_lists_are_filtered_and_newest_first(desk: Desk) -> None:
    def listed(*options: str) -> list[str]:
        return [row["id"] for row in desk.read("events", "list", *options)]

    assert listed() == [event_id(number) for number in (4, 3, 2, 1)]
    assert listed("--store", "1001", "--state", "dead") == [event_id(2), event_id(1)]
    assert listed("--topic", "order.create", "--since", "150m") == [event_id(1)]
    assert listed("--limit", "1") == [event_id(4)]
    assert [row["id"] for row in desk.read("dead", "list", "--flat", "--store", "1002")] == [event_id(4)]
    assert "ValueError: no" in desk.run("dead", "list")


def test_a_body_is_shown_only_when_asked_for(desk: Desk) -> None:
    assert "body" not in desk.read("events", "show", event_id(1))
    assert desk.read("events", "show", event_id(1), "--body")["body"] == {}
    assert "no dead event" in desk.run("dead", "show", event_id(3), code=1)


def test_a_dry_run_counts_exactly_and_changes_nothing(desk: Desk) -> None:
    counts = {"matched": 3, "letters": 3, "able": 2, "marked": 0}
    dry = {**counts, "queued": 0, "dry_run": True, "job": None}
    assert desk.read("dead", "redrive", "--all", "--dry-run") == dry
    assert desk.read("dead", "discard", "--store", "1001", "--reason", "x", "--dry-run")["matched"] == 2
    assert desk.read("dead", "redrive", event_id(1), event_id(3), "--dry-run")["matched"] == 1
    assert len(desk.read("dead", "list", "--flat")) == 3


def test_what_cannot_be_undone_is_foretold_and_not_done(desk: Desk) -> None:
    """Counted as it stands, nothing asked for or written down; where nobody can type, a flag has to say so."""
    before = desk.read("audit", "list")
    ended = desk.read("stores", "revoke", "1001", "--dry-run")
    assert ended["dry_run"] is True
    assert ended["would_shred_tokens"] is True
    gone = desk.read("stores", "erase", "1001", "--dry-run")
    assert gone["would_end_install"] is True
    assert gone["would_remove"]["events"] > 0
    person = desk.read("customers", "erase", "--store", "1001", "--customer", "77", "--dry-run")
    assert person == {"store_id": 1001, "dry_run": True, "would_remove": {}}
    assert "give --yes" in desk.run("stores", "erase", "1001", code=1)
    assert desk.read("stores", "show", "1001")["state"] == "active"
    assert desk.read("audit", "list") == before
    assert "never installed" in desk.run("stores", "erase", "999", "--dry-run", code=1)


@pytest.mark.parametrize("options", [[], [event_id(1), "--all"], ["--store", "1001", "--all"]])
def test_nothing_is_chosen_by_an_omission(desk: Desk, options: list[str]) -> None:
    desk.run("dead", "redrive", *options, code=2)
    assert len(desk.read("dead", "list", "--flat")) == 3


def test_a_redrive_queues_what_can_be_handled_and_is_audited(desk: Desk, redis_setting: str) -> None:
    told = desk.read("dead", "redrive", "--all")
    assert (told["matched"], told["queued"], told["dry_run"], told["job"]) == (3, 2, False, None)
    assert [row["id"] for row in desk.read("events", "list", "--state", "queued")] == [event_id(2), event_id(1)]
    with psycopg.connect(desk.database.owner_dsn) as connection:
        audited = connection.execute("SELECT action, actor FROM audit").fetchall()
    assert audited == [("events.redriven", "cli")]
    assert is_told(desk.database, redis_setting), "the work index was told at once"


def is_told(database: Database, redis_setting: str) -> bool:
    if redis_setting:
        with redis.Redis.from_url(redis_setting) as client:
            return client.dbsize() > 0
    with psycopg.connect(database.owner_dsn) as connection:
        return bool(connection.execute("SELECT FROM work_index").fetchall())


def test_a_redrive_works_while_redis_is_away(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1")
    assert desk.read("dead", "redrive", "--store", "1001")["queued"] == 2


def test_a_discard_keeps_its_reason(desk: Desk) -> None:
    assert "2 of 2 dead events discarded" in desk.run("dead", "discard", "--store", "1001", "--reason", "test data")
    cancelled = desk.read("events", "list", "--state", "cancelled")
    assert {row["reason"] for row in cancelled} == {"test data"}
    assert len(cancelled) == 2


def test_a_replay_is_a_new_event(desk: Desk) -> None:
    replayed = desk.read("events", "replay", event_id(3))
    assert replayed["replayed_as"] != event_id(3)
    assert [row["id"] for row in desk.read("events", "list", "--origin", "replay")] == [replayed["replayed_as"]]
    assert "cannot be replayed" in desk.run("events", "replay", event_id(4), code=1)


def test_a_row_deleted_by_hand_is_named(desk: Desk) -> None:
    assert desk.read("verify")["balanced"] is True
    desk.sql("DELETE FROM events WHERE event_id = %(id)s::uuid", id=event_id(3))
    verified = desk.read("verify", code=1)
    assert verified["balanced"] is False
    assert event_id(3) in [difference["event_id"] for difference in verified["differences"]]
    assert event_id(3) in desk.run("verify", code=1)


def test_stores_are_shown(desk: Desk) -> None:
    assert [(row["store_id"], row["state"]) for row in desk.read("stores", "list")] == [
        (1001, "active"),
        (1002, "uninstalled"),
    ]
    assert desk.read("stores", "show", "1001")["title"] == "متجر"
    assert "was never installed" in desk.run("stores", "show", "7", code=1)
    assert desk.read("status")["stores"] == {"active": 1, "uninstalled": 1}


def test_a_store_is_paused_and_resumed(desk: Desk) -> None:
    paused = desk.read("stores", "pause", "1001")
    assert (paused["store_id"], paused["changed"]) == (1001, True)
    assert desk.read("stores", "pause", "1001") == {**paused, "changed": False}
    assert paused["paused_at"] is not None
    assert desk.read("stores", "show", "1001")["paused_at"] == paused["paused_at"]
    assert [row["paused_at"] for row in desk.read("stores", "list")] == [paused["paused_at"], None]
    assert desk.read("stores", "resume", "1001") == {"store_id": 1001, "paused_at": None, "changed": True}
    assert "was never installed" in desk.run("stores", "pause", "7", code=1)
    assert "was never installed" in desk.run("stores", "resume", "7", code=1)


def test_what_is_missing_for_a_call_to_zid_is_one_line(desk: Desk) -> None:
    told = desk.run("stores", "refresh", "1001", code=1)
    assert told == "wasl: ZID_CLIENT_ID: is not set; the Partner Dashboard shows it\n"


def test_an_old_schema_is_refused_with_the_way_out(desk: Desk) -> None:
    desk.sql("DELETE FROM _yoyo_migration WHERE migration_id = '0003_mirror'")
    assert "run `wasl migrate`" in desk.run("stores", "list", code=1)
    assert [row["problem"] for row in desk.read("migrate", "verify", code=1)] == ["missing"]
    assert desk.read("migrate", "plan") == ["0003_mirror"]
