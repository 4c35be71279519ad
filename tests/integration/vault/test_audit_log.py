"""The trail: complete with its change, readable in pages, and not to be altered."""

from contextlib import suppress

import asyncpg
import pytest

from adapters.postgres.audit import PostgresAuditLog, write_audit
from adapters.postgres.connection import Pool, transaction
from core.domain.audit import AuditEntry
from core.errors import Unavailable
from core.ids import InstallId, StoreId


def _entry(number: int, store: int | None = 1) -> AuditEntry:
    store_id = StoreId(store) if store is not None else None
    return AuditEntry(f"test.{number}", store_id, InstallId(number), "key:ab", "req-1", {"n": number, "was": None})


async def test_an_entry_is_read_as_it_was_written(pool: Pool) -> None:
    log = PostgresAuditLog(pool)
    await log.note(_entry(1))
    await log.note(AuditEntry("keys.generated"))
    newest, oldest = await log.page()
    assert (oldest.entry, newest.entry) == (_entry(1), AuditEntry("keys.generated"))
    assert oldest.audit_id < newest.audit_id
    assert oldest.at <= newest.at


async def test_an_entry_is_kept_only_with_its_change(pool: Pool) -> None:
    with suppress(ZeroDivisionError):
        async with transaction(pool) as conn:
            await write_audit(conn, _entry(1))
            raise ZeroDivisionError
    assert await PostgresAuditLog(pool).page() == []


async def test_pages_go_back_in_time_for_one_store_or_all(pool: Pool) -> None:
    log = PostgresAuditLog(pool)
    for number in range(1, 8):
        await log.note(_entry(number, store=1 + number % 2))
    latest = await log.page(limit=3)
    assert [record.entry.action for record in latest] == ["test.7", "test.6", "test.5"]
    older = await log.page(before=latest[-1].audit_id, limit=3)
    assert [record.entry.action for record in older] == ["test.4", "test.3", "test.2"]
    of_one = await log.page(store_id=StoreId(2), before=latest[0].audit_id)
    assert [record.entry.action for record in of_one] == ["test.5", "test.3", "test.1"]


async def test_the_processes_cannot_alter_the_trail(pool: Pool) -> None:
    await PostgresAuditLog(pool).note(_entry(1))
    for statement in ("UPDATE audit SET actor = 'x'", "DELETE FROM audit", "TRUNCATE audit"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute(statement)


async def test_without_the_database_a_note_fails_loudly(pool: Pool) -> None:
    await pool.close()
    with pytest.raises(Unavailable):
        await PostgresAuditLog(pool).note(_entry(1))
