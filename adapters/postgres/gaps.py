"""Gaps in the table of that name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import asyncpg

from adapters.postgres.connection import Pool, acquire, transaction
from adapters.postgres.locks import lock_key
from adapters.postgres.moves import LIVE_STATES
from adapters.postgres.storable_text import storable
from core.domain.gaps import NEAR, Gap, GapId, KnownGap, merged
from core.ids import InstallId, StoreId
from core.ports.gaps import Gaps

_ONE_AT_A_TIME: Final = "SELECT pg_advisory_xact_lock($1)"
# One that grows is written anew under another id: whoever read the smaller one does not close it.
_OPEN: Final = """
    WITH near AS (
        SELECT gap_id, since, until FROM gaps
        WHERE install_id = $2 AND closed_at IS NULL AND topic IS NOT DISTINCT FROM $3 AND cause = $6
          AND since <= $5::timestamptz + $7::interval AND until >= $4::timestamptz - $7::interval
        FOR UPDATE
    ), known AS (
        SELECT FROM near WHERE since <= $4 AND until >= $5
    ), gone AS (
        DELETE FROM gaps WHERE gap_id IN (SELECT gap_id FROM near) AND NOT EXISTS (SELECT FROM known)
    )
    INSERT INTO gaps (store_id, install_id, topic, since, until, cause)
    SELECT $1, $2, $3, least($4, (SELECT min(since) FROM near)), greatest($5, (SELECT max(until) FROM near)), $6
    WHERE NOT EXISTS (SELECT FROM known)
"""
_OF_INSTALL: Final = "SELECT * FROM gaps WHERE install_id = $1 AND closed_at IS NULL ORDER BY since, gap_id"
_CLOSE: Final = """
    WITH closed AS (
        UPDATE gaps SET closed_at = now(), lost = $2 WHERE gap_id = ANY ($1) AND closed_at IS NULL RETURNING true)
    SELECT count(*) FROM closed
"""
_OF_STORE: Final = """
    SELECT * FROM gaps WHERE store_id = $1 ORDER BY closed_at IS NOT NULL, gap_id DESC LIMIT $2
"""
_COUNT_OPEN: Final = f"""
    SELECT count(*) FROM gaps g JOIN stores s USING (store_id, install_id)
    WHERE g.closed_at IS NULL AND s.state IN {LIVE_STATES}
"""


class PostgresGaps(Gaps):
    """The table `gaps`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def open(self, gaps: Sequence[Gap]) -> None:
        """Installs in one order, so that two callers never wait for each other."""
        wanted = merged(gaps)
        if not wanted:
            return
        async with transaction(self._pool) as connection:
            for install_id in sorted({gap.install_id for gap in wanted}):
                await connection.execute(_ONE_AT_A_TIME, lock_key(f"gaps:{install_id}"))
            for gap in wanted:
                cause = storable(gap.cause)
                values = (gap.store_id, gap.install_id, gap.topic, gap.since, gap.until, cause, NEAR)
                await connection.execute(_OPEN, *values)

    async def of_install(self, install_id: InstallId) -> Sequence[KnownGap]:
        async with acquire(self._pool) as connection:
            return [read_gap(row) for row in await connection.fetch(_OF_INSTALL, install_id)]

    async def close(self, gaps: Sequence[KnownGap], *, lost: str | None = None) -> int:
        async with acquire(self._pool) as connection:
            return int(await connection.fetchval(_CLOSE, [known.gap_id for known in gaps], lost))

    async def of_store(self, store_id: StoreId, *, limit: int = 50) -> Sequence[KnownGap]:
        async with acquire(self._pool) as connection:
            return [read_gap(row) for row in await connection.fetch(_OF_STORE, store_id, limit)]

    async def count_open(self) -> int:
        async with acquire(self._pool) as connection:
            return int(await connection.fetchval(_COUNT_OPEN))


def read_gap(row: asyncpg.Record) -> KnownGap:
    """The gap in a row of its table."""
    gap = Gap(
        StoreId(row["store_id"]),
        InstallId(row["install_id"]),
        row["topic"],
        row["since"],
        row["until"],
        row["cause"],
    )
    return KnownGap(GapId(row["gap_id"]), gap, row["opened_at"], row["closed_at"], row["lost"])
