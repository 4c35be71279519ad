"""Somebody alters the audit: as the processes' role he cannot, as the database's owner it shows, and where."""

from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import replace

import asyncpg
import psycopg
import pytest

from adapters.memory.metrics import RecordingMetrics
from adapters.postgres.audit import PostgresAuditLog, write_audit
from adapters.postgres.audit_seals import PostgresAuditSeals
from adapters.postgres.connection import Pool, acquire, open_pool, transaction
from adapters.system import SystemClock
from core.domain.audit import AuditEntry
from core.domain.audit_chain import next_seal, sealing_keys
from core.domain.audit_flaws import FlawKind, Mark, read_mark
from core.domain.secret import Secret
from core.errors import KeyMissing, SealBroken
from core.features.seal_audit import SealAudit
from core.features.verify_audit import VerifyAudit
from core.ids import StoreId
from tests.servers import Database

[KEY] = sealing_keys([Secret("k" * 40)])
[STRANGER] = sealing_keys([Secret("s" * 40)])
Owner = psycopg.Connection[tuple[object, ...]]


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[Pool]:
    pool = await open_pool(database.dsn, max_size=6)
    try:
        yield pool
    finally:
        await pool.close()


@pytest.fixture
def owner(database: Database) -> Iterator[Owner]:
    with psycopg.connect(database.owner_dsn, autocommit=True) as connection:
        yield connection


def _sealer(pool: Pool, patience: float = 20.0) -> SealAudit:
    return SealAudit(PostgresAuditSeals(pool, patience=patience), [KEY], RecordingMetrics(), SystemClock())


async def _flaws(pool: Pool, mark: Mark | None = None) -> list[tuple[FlawKind, int | None, int | None]]:
    finding = await VerifyAudit(PostgresAuditSeals(pool), [KEY], SystemClock()).check(mark)
    return [(flaw.kind, flaw.audit_id, flaw.seal) for flaw in finding.flaws]


async def _fail_after(pool: Pool, entry: AuditEntry) -> None:
    """The entry's number is used up, the entry is never there."""
    with suppress(ZeroDivisionError):
        async with transaction(pool) as conn:
            await write_audit(conn, entry)
            raise ZeroDivisionError


@pytest.fixture
async def sealed(pool: Pool) -> Pool:
    """Six lines, 1 to 6 without 4, under three seals."""
    log, sealer = PostgresAuditLog(pool), _sealer(pool)
    for number in (1, 2, 3):
        await log.note(AuditEntry("token.renewed", StoreId(number), details={"generation": number}))
    assert await sealer.tick()
    await _fail_after(pool, AuditEntry("token.renewed"))
    for number in (5, 6):
        await log.note(AuditEntry("token.renewed", StoreId(number), details={"generation": number}))
        assert await sealer.tick()
    assert await _flaws(pool) == []
    return pool


async def test_the_processes_role_can_alter_neither_the_audit_nor_its_seals(sealed: Pool) -> None:
    for table, change in (("audit", "actor = 'x'"), ("audit_seals", "mac = ''")):
        for statement in (
            f"UPDATE {table} SET {change}",
            f"DELETE FROM {table}",
            f"TRUNCATE {table}",
            f"DROP TABLE {table}",
            f"ALTER TABLE {table} DISABLE TRIGGER ALL",
            f"CREATE TRIGGER t BEFORE INSERT ON {table} EXECUTE FUNCTION suppress_redundant_updates_trigger()",
            f"CREATE RULE r AS ON INSERT TO {table} DO INSTEAD NOTHING",
            f"DO $$ BEGIN LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE; END $$",
            f"SELECT * FROM {table} FOR UPDATE",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await sealed.execute(statement)
    for own in ("audit_id", "at"):
        value = {"audit_id": "4", "at": "'2020-01-01'"}[own]
        statement = f"INSERT INTO audit ({own}, action, actor) OVERRIDING SYSTEM VALUE VALUES ({value}, 'x', 'x')"
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await sealed.execute(statement)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await sealed.execute("ALTER SEQUENCE audit_audit_id_seq RESTART")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await sealed.execute("SELECT setval('audit_audit_id_seq', 1)")
    assert await _flaws(sealed) == []


async def test_the_processes_role_owns_nothing(sealed: Pool) -> None:
    async with acquire(sealed) as conn:
        owned = await conn.fetch(
            "SELECT relname FROM pg_class WHERE relowner = (SELECT oid FROM pg_roles WHERE rolname = current_user)"
        )
    assert owned == []


async def test_a_line_inserted_where_a_gap_was_shows(sealed: Pool, owner: Owner) -> None:
    for number in (4, -4):
        owner.execute(
            "INSERT INTO audit (audit_id, action, actor) OVERRIDING SYSTEM VALUE VALUES (%s, 'x', 'x')", [number]
        )
    assert await _flaws(sealed) == [(FlawKind.INSERTED, -4, 1), (FlawKind.INSERTED, 4, 2)]


@pytest.mark.parametrize(
    "column",
    ["details = details || '{\"generation\": 9}'", "actor = 'x'", "at = at + interval '1 us'", "store_id = NULL"],
)
async def test_a_changed_line_shows(sealed: Pool, owner: Owner, column: str) -> None:
    owner.execute(f"UPDATE audit SET {column} WHERE audit_id = 5")  # type: ignore[call-overload]
    assert await _flaws(sealed) == [(FlawKind.CHANGED, 5, 2)]


async def test_a_removed_line_shows(sealed: Pool, owner: Owner) -> None:
    owner.execute("DELETE FROM audit WHERE audit_id = 2")
    assert await _flaws(sealed) == [(FlawKind.REMOVED, 2, 1)]


async def test_swapped_lines_show(sealed: Pool, owner: Owner) -> None:
    owner.execute(
        "UPDATE audit a SET store_id = b.store_id, details = b.details, at = b.at FROM audit b "
        "WHERE (a.audit_id, b.audit_id) IN ((1, 6), (6, 1))"
    )
    assert await _flaws(sealed) == [(FlawKind.CHANGED, 1, 1), (FlawKind.CHANGED, 6, 3)]


async def test_a_cut_tail_shows(sealed: Pool, owner: Owner) -> None:
    noted = await PostgresAuditSeals(sealed).last()
    owner.execute("DELETE FROM audit WHERE audit_id > 4")
    assert await _flaws(sealed) == [(FlawKind.REMOVED, 5, 2), (FlawKind.REMOVED, 6, 3)]
    owner.execute("DELETE FROM audit_seals WHERE number > 1")
    assert noted
    assert await _flaws(sealed, read_mark(noted.mark)) == [(FlawKind.CUT, None, 3)]


async def test_seals_removed_or_changed_show(sealed: Pool, owner: Owner) -> None:
    owner.execute("UPDATE audit_seals SET sealed_at = sealed_at + interval '1 day' WHERE number = 1")
    assert await _flaws(sealed) == [(FlawKind.SEAL_FORGED, None, 1), (FlawKind.SEAL_CHANGED, None, 2)]
    owner.execute("DELETE FROM audit_seals WHERE number = 1")
    assert await _flaws(sealed) == [(FlawKind.SEAL_REMOVED, None, 2)]
    owner.execute("DELETE FROM audit_seals WHERE number = 2")
    assert await _flaws(sealed) == [(FlawKind.SEAL_REMOVED, None, 3)]


@pytest.mark.parametrize(
    ("name", "kind"), [(KEY.key_id, FlawKind.SEAL_FORGED), (STRANGER.key_id, FlawKind.NOT_VOUCHED)]
)
async def test_seals_made_anew_without_the_key_show(sealed: Pool, owner: Owner, name: str, kind: FlawKind) -> None:
    """He changes a line and makes every seal fit again; a sealer refuses to go on from there."""
    owner.execute("UPDATE audit SET actor = 'x' WHERE audit_id = 5")
    owner.execute("DELETE FROM audit_seals")
    seals, last = PostgresAuditSeals(sealed), None
    for _ in range(3):
        records = await seals.settled(after=last.to_id if last else 0, limit=2)
        last = next_seal(last, records, replace(STRANGER, key_id=name), at=SystemClock().now())
        assert await seals.add(last)
    assert {found for found, _, _ in await _flaws(sealed)} == {kind}
    await PostgresAuditLog(sealed).note(AuditEntry("later"))
    with pytest.raises((SealBroken, KeyMissing)):
        await _sealer(sealed).tick()


async def test_a_line_that_is_committed_late_is_sealed_in_its_place(sealed: Pool) -> None:
    """Its number is smaller than one that is committed already: until it is decided, nothing is sealed."""
    log = PostgresAuditLog(sealed)
    async with transaction(sealed) as conn:
        await write_audit(conn, AuditEntry("slow"))
        await log.note(AuditEntry("quick"))
        assert await _sealer(sealed, patience=0.2).tick() is None
    seal = await _sealer(sealed).tick()
    assert seal
    assert [line.audit_id for line in seal.lines] == [7, 8]
    assert await _flaws(sealed) == []


async def test_a_number_whose_transaction_ends_without_it_is_a_gap(sealed: Pool) -> None:
    await _fail_after(sealed, AuditEntry("never"))
    await PostgresAuditLog(sealed).note(AuditEntry("quick"))
    seal = await _sealer(sealed).tick()
    assert seal
    assert [line.audit_id for line in seal.lines] == [8]
    assert await _flaws(sealed) == []


async def test_readers_and_a_dump_hold_no_seal_up(sealed: Pool, owner: Owner) -> None:
    await PostgresAuditLog(sealed).note(AuditEntry("quick"))
    with owner.transaction():
        owner.execute("SELECT * FROM audit").fetchall()
        owner.execute("LOCK TABLE audit IN SHARE UPDATE EXCLUSIVE MODE")  # as vacuum does
        assert await _sealer(sealed, patience=0.2).tick()
