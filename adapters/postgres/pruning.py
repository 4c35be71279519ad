"""Pruning as batched deletes.

Measured against partitions by day on one million events (docs/retention.md): dropping a
partition is quicker than deleting its rows, but every statement that finds an event by
its id, its lane or its store would look into each partition, ids could not be unique
across them, and a partition with one dead letter in it could not be dropped. A thousand
rows a second are far more than ever come in, and with autovacuum at 2 % (migration 0015)
their room is used again before the table grows.
"""

from __future__ import annotations

from typing import Final

from adapters.postgres.connection import Pool, acquire
from adapters.postgres.moves import BY_KEY, sql_list
from core.domain.event_states import FINISHED
from core.domain.retention import Retention
from core.ids import Seq
from core.ports.pruning import Pruned, Pruning

# A row that somebody else is at (a redrive, another pruner) is left to him: the next round finds it.
# The rows of counts are taken in one order, against deadlocks.
_PRUNE: Final = f"""
    WITH page AS MATERIALIZED (
        SELECT event_id, seq, received_at FROM events WHERE seq > $1 ORDER BY seq LIMIT $2
    ),
    due AS MATERIALIZED (
        SELECT e.event_id FROM events e JOIN page p USING (event_id)
        WHERE e.state{BY_KEY} IN {sql_list(FINISHED)}
            AND e.settled_at < now() - CASE e.state WHEN 'dead' THEN $4::interval ELSE $3::interval END
        FOR UPDATE OF e SKIP LOCKED
    ),
    gone AS (
        DELETE FROM events e USING due d WHERE e.event_id = d.event_id
        RETURNING e.store_id, e.origin, e.state
    ),
    runs_gone AS (DELETE FROM runs r USING due d WHERE r.event_id = d.event_id),
    attempts_gone AS (DELETE FROM attempts a USING due d WHERE a.event_id = d.event_id),
    counted AS (
        INSERT INTO pruned_counts AS p (store_id, origin, state, n)
        SELECT store_id, origin, state, count(*) FROM gone GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
        ON CONFLICT (store_id, origin, state) DO UPDATE SET n = p.n + excluded.n
    )
    SELECT (SELECT count(*) FROM gone) AS removed, max(seq) AS seen,
           coalesce(bool_or(received_at < now() - $3::interval), false) AS goes_on
    FROM page
"""


class PostgresPruning(Pruning):
    """One statement per batch; times are the database's."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def prune(self, retention: Retention, *, after: Seq, limit: int) -> Pruned:
        async with acquire(self._pool) as connection:
            row = await connection.fetchrow(_PRUNE, after, limit, retention.settled, retention.dead)
        assert row is not None  # an aggregate always answers
        return Pruned(row["removed"], Seq(row["seen"]) if row["goes_on"] else None)
