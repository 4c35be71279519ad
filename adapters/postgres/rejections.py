"""The log of rejected requests in the table of that name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import asyncpg

from adapters.postgres.connection import Pool, acquire
from adapters.postgres.storable_text import storable
from core.ids import StoreId
from core.ports.rejections import LoggedRejection, Rejection, RejectionFilter, Rejections

_WRITE: Final = """
    INSERT INTO rejected_requests (received_at, reason, store_id, topic, size)
    SELECT * FROM unnest($1::timestamptz[], $2::text[], $3::bigint[], $4::text[], $5::bigint[])
"""
_LATEST: Final = """
    SELECT rejection_id, received_at, reason, store_id, topic, size FROM rejected_requests
    WHERE ($1::bigint IS NULL OR store_id = $1) AND ($2::text IS NULL OR reason = $2)
      AND ($3::timestamptz IS NULL OR received_at >= $3) AND ($4::bigint IS NULL OR rejection_id < $4)
    ORDER BY rejection_id DESC LIMIT $5
"""
# Numbers have holes, so what is too much is found by counting from the end.
_FORGET: Final = """
    WITH gone AS (
        DELETE FROM rejected_requests
        WHERE received_at < $1
           OR rejection_id <= (SELECT rejection_id FROM rejected_requests ORDER BY rejection_id DESC OFFSET $2 LIMIT 1)
        RETURNING true)
    SELECT count(*) FROM gone
"""


class PostgresRejections(Rejections):
    """A statement each."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def write(self, rejections: Sequence[Rejection]) -> None:
        columns = list(zip(*map(_values, rejections), strict=True)) or [()] * 5
        async with acquire(self._pool) as connection:
            await connection.execute(_WRITE, *columns)

    async def latest(
        self, wanted: RejectionFilter, *, before: int | None = None, limit: int
    ) -> Sequence[LoggedRejection]:
        async with acquire(self._pool) as connection:
            rows = await connection.fetch(_LATEST, wanted.store_id, wanted.reason, wanted.since, before, limit)
        return [_logged(row) for row in rows]

    async def forget(self, *, before: datetime, keep: int) -> int:
        async with acquire(self._pool) as connection:
            return int(await connection.fetchval(_FORGET, before, keep))


def _values(one: Rejection) -> tuple[object, ...]:
    return one.received_at, one.reason, one.store_id, storable(one.topic), one.size


def _logged(row: asyncpg.Record) -> LoggedRejection:
    store_id = StoreId(row["store_id"]) if row["store_id"] is not None else None
    rejection = Rejection(row["received_at"], row["reason"], row["topic"], store_id, row["size"])
    return LoggedRejection(row["rejection_id"], rejection)
