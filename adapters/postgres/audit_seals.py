"""The chain of seals over the audit, in the table beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import asyncpg

from adapters.postgres.audit import COLUMNS, record_of
from adapters.postgres.connection import Connection, Pool, acquire
from core.domain.audit import AuditRecord
from core.domain.audit_chain import DIGEST_BYTES, Line, Seal
from core.ports.audit_seals import AuditSeals

PATIENCE: Final = 2.0
"""Seconds that one look waits for transactions under way; they are short."""
LOOK_EVERY: Final = 0.05
_LINE_BYTES: Final = 8 + DIGEST_BYTES

# Ids are given when a line is inserted, lines are seen when their transaction commits: a line with a
# smaller id may appear after one with a larger id. Which ids are decided is found out in this order:
# 1. the highest id H that is visible. Every smaller id was given before that, by a transaction that
#    locked the table as a writer before it took the id, and keeps the lock until it has ended;
# 2. whoever holds such a lock now. A transaction that took an id below H is among them, or over;
# 3. when all of those have ended, every id up to H is a line that is visible, or a gap for ever.
# Transaction ids (xmin, pg_snapshot) would not do: a transaction may take its id for the line before
# the server gives it a transaction id of its own. Readers, dumps and vacuum hold locks of other kinds.
_HIGHEST: Final = "SELECT max(audit_id) FROM audit WHERE audit_id > $1"
_WRITERS: Final = """
    SELECT DISTINCT virtualtransaction FROM pg_locks
    WHERE locktype = 'relation' AND relation = 'audit'::regclass AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND mode = 'RowExclusiveLock'
"""
_ENTRIES: Final = (
    f"SELECT {COLUMNS} FROM audit a WHERE a.audit_id > $1 AND a.audit_id <= $2 ORDER BY a.audit_id LIMIT $3"
)
_SEALS: Final = "SELECT number, from_id, to_id, lines, previous, sealed_at, key_id, mac FROM audit_seals"
_LAST: Final = f"{_SEALS} ORDER BY number DESC LIMIT 1"
_PAGE: Final = f"{_SEALS} WHERE number > $1 ORDER BY number LIMIT $2"
_ADD: Final = """
    INSERT INTO audit_seals (number, from_id, to_id, lines, previous, sealed_at, key_id, mac)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING number
"""
_LEAST, _GREATEST = -(2**63), 2**63 - 1


class PostgresAuditSeals(AuditSeals):
    """The table `audit_seals`, to which the processes' role may only add; the number decides who was first."""

    def __init__(self, pool: Pool, *, patience: float = PATIENCE) -> None:
        self._pool = pool
        self._patience = patience

    async def last(self) -> Seal | None:
        async with acquire(self._pool) as conn:
            row = await conn.fetchrow(_LAST)
        return _seal(row) if row else None

    async def settled(self, *, after: int, limit: int) -> Sequence[AuditRecord]:
        async with acquire(self._pool) as conn:
            highest = await conn.fetchval(_HIGHEST, after)
            if highest is None or not await self._decided(conn):
                return []
            return [record_of(row) for row in await conn.fetch(_ENTRIES, after, highest, limit)]

    async def add(self, seal: Seal) -> bool:
        lines = b"".join(line.audit_id.to_bytes(8, "big", signed=True) + line.digest for line in seal.lines)
        values = (seal.from_id, seal.to_id, lines, seal.previous, seal.sealed_at, seal.key_id, seal.mac)
        async with acquire(self._pool) as conn:
            return await conn.fetchval(_ADD, seal.number, *values) is not None

    async def page(self, *, after: int = 0, limit: int) -> Sequence[Seal]:
        async with acquire(self._pool) as conn:
            return [_seal(row) for row in await conn.fetch(_PAGE, after, limit)]

    async def entries(self, *, after: int | None, upto: int | None, limit: int) -> Sequence[AuditRecord]:
        least = _LEAST if after is None else after
        greatest = _GREATEST if upto is None else upto
        async with acquire(self._pool) as conn:
            return [record_of(row) for row in await conn.fetch(_ENTRIES, least, greatest, limit)]

    async def _decided(self, conn: Connection) -> bool:
        """Whether every transaction that writes lines now has ended, at the latest after our patience."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._patience
        before = await _writers(conn)
        while before:
            if loop.time() >= deadline:
                return False
            await asyncio.sleep(LOOK_EVERY)
            before &= await _writers(conn)
        return True


async def _writers(conn: Connection) -> set[str]:
    return {row["virtualtransaction"] for row in await conn.fetch(_WRITERS)}


def _seal(row: asyncpg.Record) -> Seal:
    packed: bytes = row["lines"]
    pieces = [packed[at : at + _LINE_BYTES] for at in range(0, len(packed), _LINE_BYTES)]
    lines = tuple(Line(int.from_bytes(piece[:8], "big", signed=True), piece[8:]) for piece in pieces)
    return Seal(
        row["number"],
        row["from_id"],
        row["to_id"],
        lines,
        row["previous"],
        row["sealed_at"],
        row["key_id"],
        row["mac"],
    )
