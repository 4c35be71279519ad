"""The sweep's work in the database; any number of processes may do it at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from adapters.postgres.alerts import DIED, doubted
from adapters.postgres.connection import Pool, acquire, transaction
from adapters.postgres.event_rows import work_item
from adapters.postgres.moves import BY_KEY, WAITING
from adapters.postgres.orphans import ALIVE, release
from core.domain.events import WorkItem
from core.ports.event_ledger import Maintenance

# What is longest due first, events and runs alike; rows that somebody else is at are left to him.
_RELEASE_DUE: Final = f"""
    WITH due AS (
        (SELECT event_id, NULL::bigint AS run_id, due_at FROM events
         WHERE state IN {WAITING} AND due_at <= now() ORDER BY due_at LIMIT $1)
        UNION ALL
        (SELECT NULL, run_id, due_at FROM runs
         WHERE state IN {WAITING} AND due_at <= now() ORDER BY due_at LIMIT $1)
        ORDER BY due_at LIMIT $1
    ),
    free_events AS (
        SELECT event_id FROM events WHERE event_id IN (SELECT event_id FROM due) AND state{BY_KEY} IN {WAITING}
        FOR UPDATE SKIP LOCKED
    ),
    free_runs AS (
        SELECT run_id FROM runs WHERE run_id IN (SELECT run_id FROM due) AND state{BY_KEY} IN {WAITING}
        FOR UPDATE SKIP LOCKED
    ),
    events_released AS (
        UPDATE events e SET state = 'queued', due_at = NULL FROM free_events f
        WHERE e.event_id = f.event_id AND e.state{BY_KEY} IN {WAITING}
        RETURNING e.event_id, e.store_id, e.seq
    ),
    runs_released AS (
        UPDATE runs r SET state = 'queued', due_at = NULL FROM free_runs f
        WHERE r.run_id = f.run_id AND r.state{BY_KEY} IN {WAITING}
        RETURNING r.run_id, r.store_id, r.seq
    )
    SELECT 'event' AS kind, event_id::text AS id, store_id, seq FROM events_released
    UNION ALL SELECT 'run', run_id::text, store_id, seq FROM runs_released
    ORDER BY seq
"""

# An exchange was perhaps sent: nobody may repeat it without asking Zid about the old tokens first.
_INTENTS_UNKNOWN: Final = f"""
    WITH abandoned AS (
        UPDATE refresh_intents i SET state = 'unknown' WHERE i.state = 'sending' AND NOT EXISTS ({ALIVE.format("i")})
        RETURNING install_id
    )
    {doubted("abandoned", DIED)}
"""
_FORGET_WORKERS: Final = """
    DELETE FROM workers WHERE worker_id IN (
        SELECT worker_id FROM workers WHERE lease_until <= now() ORDER BY worker_id FOR UPDATE SKIP LOCKED)
"""

_FORGET: Final = """
    DELETE FROM {table} WHERE key IN (
        SELECT key FROM {table} WHERE expires_at <= now() ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED)
"""
_FORGET_KEYS: Final = tuple(
    _FORGET.format(table=table) for table in ("dedupe", "idempotency_keys", "short_lived", "rate_levels", "guesses")
)

# Rows that are being inserted are not seen, hence stay; the sums replace the rows in one statement,
# so that every reader sees either. A group that is one row already is left alone.
_COMPACT: Final = """
    WITH many AS (
        SELECT intake_id FROM (
            SELECT intake_id, count(*) OVER (PARTITION BY store_id, origin) AS rows FROM intake
        ) AS counted WHERE rows > 1
    ),
    folded AS (
        DELETE FROM intake WHERE intake_id IN (
            SELECT intake_id FROM intake WHERE intake_id IN (SELECT intake_id FROM many)
            ORDER BY intake_id LIMIT 50000 FOR UPDATE SKIP LOCKED)
        RETURNING store_id, origin, accepted, duplicates
    ),
    put_back AS (
        INSERT INTO intake (store_id, origin, accepted, duplicates)
        SELECT store_id, origin, sum(accepted), sum(duplicates) FROM folded GROUP BY store_id, origin
    )
    SELECT count(*) FROM folded
"""


class PostgresMaintenance(Maintenance):
    """Releases, forgets and folds, a bounded piece at a time."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def release_due(self, *, limit: int) -> Sequence[WorkItem]:
        async with acquire(self._pool) as connection:
            return [work_item(row) for row in await connection.fetch(_RELEASE_DUE, limit)]

    async def release_orphans(self) -> Sequence[WorkItem]:
        """The attempt they were at stays counted: it may have had effects."""
        async with transaction(self._pool) as connection:
            released = await release(connection)
            await connection.execute(_INTENTS_UNKNOWN)
            await connection.execute(_FORGET_WORKERS)
        return released

    async def forget_expired(self, *, limit: int) -> int:
        async with acquire(self._pool) as connection:
            return sum([_affected(await connection.execute(sql, limit)) for sql in _FORGET_KEYS])

    async def compact_intake(self) -> int:
        async with acquire(self._pool) as connection:
            return int(await connection.fetchval(_COMPACT))


def _affected(command_tag: str) -> int:
    return int(command_tag.rpartition(" ")[2])
