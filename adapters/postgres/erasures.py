"""The erasures on record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import asyncpg

from adapters.postgres.audit import write_audit
from adapters.postgres.connection import Connection, Pool, acquire, transaction
from adapters.postgres.locks import lock_key
from core.domain.audit import AuditEntry
from core.domain.erasures import Erasure, ErasureId, ErasureKind, Removed
from core.domain.people import Person
from core.errors import Unavailable
from core.ids import StoreId
from core.ports.erasing import Erasures

_COLUMNS: Final = "erasure_id, store_id, kind, subject, asked_at, asked_by, finished_at, counts"
_OPEN_SAME: Final = f"""
    SELECT {_COLUMNS} FROM erasures
    WHERE store_id = $1 AND kind = $2 AND finished_at IS NULL AND subject IS NOT DISTINCT FROM $3
"""
_ADD: Final = f"""
    INSERT INTO erasures (store_id, kind, subject, asked_by) VALUES ($1, $2, $3, $4) RETURNING {_COLUMNS}
"""
_OPEN: Final = f"SELECT {_COLUMNS} FROM erasures WHERE finished_at IS NULL ORDER BY erasure_id LIMIT $1"
_GET: Final = f"SELECT {_COLUMNS} FROM erasures WHERE erasure_id = $1"
_OF_STORE: Final = f"SELECT {_COLUMNS} FROM erasures WHERE store_id = $1 ORDER BY erasure_id DESC LIMIT $2"
_COUNTED: Final = "SELECT counts FROM erasures WHERE erasure_id = $1 AND finished_at IS NULL FOR UPDATE"
_COUNT: Final = "UPDATE erasures SET counts = $2 WHERE erasure_id = $1"
_FINISH: Final = """
    UPDATE erasures SET finished_at = now(), subject = NULL WHERE erasure_id = $1 AND finished_at IS NULL
    RETURNING counts
"""
_UNDER_WAY: Final = "SELECT true FROM erasures WHERE store_id = $1 AND kind = 'store' AND finished_at IS NULL"
# The lock that installs of one store take turns by: an install under way is seen, a later one sees the row.
_TURN: Final = "SELECT pg_advisory_xact_lock($1)"
_PARTS: Final = ("ids", "emails", "phones")


async def refuse_while_erased(connection: Connection, store_id: StoreId) -> None:
    """Raises Unavailable while the store's data is being removed: what it brings anew would go with the old."""
    if await connection.fetchval(_UNDER_WAY, store_id):
        raise Unavailable("the store's erasure", "it is under way; install again when it is finished", 30.0)


class PostgresErasures(Erasures):
    """The table erasures."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def ask(self, store_id: StoreId, person: Person | None, *, audit: AuditEntry) -> Erasure:
        kind = ErasureKind.STORE if person is None else ErasureKind.CUSTOMER
        subject = None if person is None else {part: sorted(getattr(person, part)) for part in _PARTS}
        async with transaction(self._pool) as connection:
            await connection.execute(_TURN, lock_key(f"activate:{store_id}"))
            row = await connection.fetchrow(_OPEN_SAME, store_id, kind.value, subject)
            if row is None:
                row = await connection.fetchrow(_ADD, store_id, kind.value, subject, audit.actor)
                await write_audit(connection, audit)
        assert row is not None  # found, or added a moment ago
        return _erasure(row)

    async def open_ones(self, *, limit: int) -> Sequence[Erasure]:
        async with acquire(self._pool) as connection:
            return [_erasure(row) for row in await connection.fetch(_OPEN, limit)]

    async def get(self, erasure_id: ErasureId) -> Erasure | None:
        async with acquire(self._pool) as connection:
            row = await connection.fetchrow(_GET, erasure_id)
        return _erasure(row) if row else None

    async def of_store(self, store_id: StoreId, *, limit: int = 50) -> Sequence[Erasure]:
        async with acquire(self._pool) as connection:
            return [_erasure(row) for row in await connection.fetch(_OF_STORE, store_id, limit)]

    async def count(self, erasure_id: ErasureId, removed: Sequence[Removed]) -> None:
        async with transaction(self._pool) as connection:
            counts = await connection.fetchval(_COUNTED, erasure_id)
            if counts is not None:
                for one in removed:
                    counts[one.table] = counts.get(one.table, 0) + one.rows
                await connection.execute(_COUNT, erasure_id, counts)

    async def finish(self, erasure_id: ErasureId, *, audit: AuditEntry) -> bool:
        async with transaction(self._pool) as connection:
            counts = await connection.fetchval(_FINISH, erasure_id)
            if counts is None:
                return False
            await write_audit(connection, replace(audit, details={**audit.details, **counts}))
        return True


def _erasure(row: asyncpg.Record) -> Erasure:
    subject = row["subject"]
    person = None if subject is None else Person(**{part: frozenset(subject[part]) for part in _PARTS})
    return Erasure(
        ErasureId(row["erasure_id"]),
        ErasureKind(row["kind"]),
        StoreId(row["store_id"]),
        row["asked_at"],
        row["asked_by"],
        person,
        row["finished_at"],
        row["counts"],
    )
