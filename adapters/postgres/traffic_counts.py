"""What came in and was done of late, read from the ends of two indexes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import asyncpg

from adapters.postgres.connection import Pool, acquire
from core.domain.traffic import Arrivals, Latency, Settled
from core.ids import Seq
from core.ports.traffic_counts import TrafficCounts

ARRIVALS: Final = """
    SELECT date_trunc('minute', received_at, 'UTC') AS minute, count(*) AS number, min(seq) AS first
    FROM (SELECT received_at, seq FROM events WHERE seq > $1 ORDER BY seq DESC LIMIT $2) AS newest GROUP BY 1
"""
# The row of the whole, whose minute is null, comes with the others: one look at the index.
SETTLED: Final = """
    SELECT date_trunc('minute', settled_at, 'UTC') AS minute, count(*) AS number,
           percentile_cont(ARRAY[0.5, 0.95, 0.99])
               WITHIN GROUP (ORDER BY extract(epoch FROM settled_at - received_at)::float8) AS seconds
    FROM events WHERE state = 'done' AND settled_at >= $1 GROUP BY ROLLUP (1)
"""


class PostgresTrafficCounts(TrafficCounts):
    """The newest rows of `events`, by number and by when they were done."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def arrivals(self, above: Seq, *, limit: int) -> Mapping[datetime, Arrivals]:
        async with acquire(self._pool) as connection:
            rows = await connection.fetch(ARRIVALS, above, limit)
        return {row["minute"]: Arrivals(row["number"], Seq(row["first"])) for row in rows}

    async def settled(self, since: datetime) -> Settled:
        async with acquire(self._pool) as connection:
            rows = await connection.fetch(SETTLED, since)
        minutes = {row["minute"]: row["number"] for row in rows if row["minute"]}
        return Settled(minutes, next((_latency(row) for row in rows if row["minute"] is None and row["number"]), None))


def _latency(row: asyncpg.Record) -> Latency:
    p50, p95, p99 = row["seconds"]
    return Latency(p50, p95, p99)
