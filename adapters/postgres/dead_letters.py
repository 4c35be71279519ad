"""Dead letters by cause, counted over the partial indexes on what is dead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import asyncpg

from adapters.postgres.claimable_work import of_live_install
from adapters.postgres.connection import Pool, acquire, transaction
from adapters.postgres.letters import LETTERS, letters_chosen, stamp
from adapters.postgres.moves import DEAD
from core.domain.dead_letters import DeadGrowth, Fingerprint
from core.ids import EventId, StoreId
from core.ports.dead_letters import DeadCount, DeadGroup, DeadLetter, DeadLetters
from core.ports.ledger_reading import EventFilter

STAMPED_AT_ONCE: Final = 2000

# Grouped finely first, so that stores and topics are counted over few rows.
_GROUPS: Final = f"""
    WITH parts AS (
        SELECT l.fingerprint, l.handler, l.topic, l.store_id, count(*) AS letters, max(l.seq) AS newest,
               min(l.died_at) AS first_at, max(l.died_at) AS last_at,
               count(*) FILTER (WHERE l.died_at > now() - interval '1 hour') AS last_hour
        FROM {LETTERS} WHERE {{chosen}} AND l.fingerprint IS NOT NULL GROUP BY 1, 2, 3, 4
    ),
    groups AS (
        SELECT fingerprint, min(handler) AS handler, array_agg(DISTINCT topic) AS topics,
               sum(letters)::bigint AS letters, count(DISTINCT store_id) AS stores,
               (array_agg(DISTINCT store_id))[1:10] AS some_stores, min(first_at) AS first_at,
               max(last_at) AS last_at, sum(last_hour)::bigint AS last_hour, max(newest) AS newest
        FROM parts GROUP BY fingerprint
    )
    SELECT g.*, sample.event_id, sample.reason, sample.store_id, sample.topic, sample.died_at
    FROM groups g CROSS JOIN LATERAL (
        SELECT * FROM {LETTERS} WHERE l.fingerprint = g.fingerprint AND l.seq = g.newest LIMIT 1
    ) AS sample
    ORDER BY g.last_at DESC, g.fingerprint LIMIT {{limit}}
"""

_COUNT: Final = f"""
    SELECT count(*) AS letters, count(DISTINCT l.event_id) AS events,
           count(*) FILTER (WHERE l.readable AND {of_live_install("l")}) AS able,
           count(*) FILTER (WHERE EXISTS (
               SELECT FROM redrive_items i WHERE i.event_id = l.event_id AND i.run_id = l.run_id
               AND i.state IN ('pending', 'in_flight') OFFSET 0)) AS marked
    FROM {LETTERS} WHERE {{chosen}}
"""

_GROWTH: Final = f"""
    SELECT (SELECT count(*) FROM events WHERE state IN {DEAD}) AS total,
           (SELECT count(*) FROM events WHERE state IN {DEAD} AND settled_at > now() - interval '1 hour') AS last_hour
"""


class PostgresDeadLetters(DeadLetters):
    """Counted when asked: exact, and no counter to go wrong. `version` is that of the app's handlers."""

    def __init__(self, pool: Pool, version: str) -> None:
        self._pool = pool
        self._version = version

    async def stamp(self, *, limit: int) -> int:
        async with transaction(self._pool) as connection:
            return await stamp(connection, self._version, limit)

    async def groups(self, wanted: EventFilter, *, limit: int = 100) -> Sequence[DeadGroup]:
        await self._stamp_all()
        conditions = letters_chosen(wanted)
        sql = _GROUPS.format(chosen=conditions.sql, limit=conditions.number(limit))
        async with acquire(self._pool) as connection:
            return [_group(row) for row in await connection.fetch(sql, *conditions.arguments)]

    async def count(self, wanted: EventFilter, ids: Sequence[EventId] = ()) -> DeadCount:
        await self._stamp_all()
        conditions = letters_chosen(wanted, ids)
        async with acquire(self._pool) as connection:
            [row] = await connection.fetch(_COUNT.format(chosen=conditions.sql), *conditions.arguments)
        return DeadCount(row["letters"], row["events"], row["able"], row["marked"])

    async def growth(self) -> DeadGrowth:
        async with acquire(self._pool) as connection:
            [row] = await connection.fetch(_GROWTH)
        return DeadGrowth(row["total"], row["last_hour"])

    async def _stamp_all(self) -> None:
        """The scheduler stamps in time; here for what died a moment ago, and where no scheduler runs."""
        while await self.stamp(limit=STAMPED_AT_ONCE):
            pass


def _group(row: asyncpg.Record) -> DeadGroup:
    mark = Fingerprint(row["fingerprint"])
    sample = DeadLetter(
        EventId(row["event_id"]),
        row["handler"],
        mark,
        row["reason"],
        StoreId(row["store_id"]),
        row["topic"],
        row["died_at"],
    )
    return DeadGroup(
        fingerprint=mark,
        handler=row["handler"],
        topics=row["topics"],
        count=row["letters"],
        stores=row["stores"],
        some_stores=[StoreId(store) for store in row["some_stores"]],
        first_at=row["first_at"],
        last_at=row["last_at"],
        last_hour=row["last_hour"],
        sample=sample,
    )
