"""Who exchanges which generation, and whose tokens are due: decided by rows.

An intent's row exists from before an exchange is sent until its new tokens are stored
or it is known that nothing was sent. Its worker's lease says whether somebody is at it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import asyncpg

from adapters.postgres.alerts import DIED, LOST, doubted
from adapters.postgres.connection import Connection, Pool, acquire, transaction
from core.ids import Generation, InstallId, StoreId, WorkerId
from core.ports.installations import DueRefresh, Intent, RefreshBook

# The tokens' row is locked, because the one who replaces it also removes the intent: a caller that still
# believes in the old generation must not find the place empty and exchange a token that is spent.
_TAKE: Final = """
    INSERT INTO refresh_intents (install_id, generation, worker_id, state)
    SELECT install_id, generation, $3, 'sending' FROM tokens
    WHERE install_id = $1 AND generation = $2
        AND EXISTS (SELECT FROM workers WHERE worker_id = $3 AND lease_until > now())
    FOR SHARE
    ON CONFLICT DO NOTHING
    RETURNING true
"""
_LOOK: Final = """
    SELECT i.state, coalesce(w.lease_until > now(), false) AS alive
    FROM refresh_intents i LEFT JOIN workers w ON w.worker_id = i.worker_id
    WHERE i.install_id = $1 AND i.generation = $2
    FOR UPDATE OF i
"""
_ABANDON: Final = f"""
    WITH abandoned AS (
        UPDATE refresh_intents SET state = 'unknown' WHERE install_id = $1 AND generation = $2 AND state = 'sending'
        RETURNING install_id
    )
    {doubted("abandoned", DIED)}
"""
_DROP: Final = """
    DELETE FROM refresh_intents WHERE install_id = $1 AND generation = $2 AND worker_id = $3 AND state = 'sending'
"""
# A last resort that was not sent may be tried again; its generation stays unknown.
_HAND_BACK: Final = """
    UPDATE refresh_intents SET state = 'unknown'
    WHERE install_id = $1 AND generation = $2 AND worker_id = $3 AND state = 'last_resort'
"""
_MARK: Final = f"""
    WITH marked AS (
        UPDATE refresh_intents SET state = CASE state WHEN 'sending' THEN 'unknown' ELSE 'spent' END
        WHERE install_id = $1 AND generation = $2 AND worker_id = $3 AND state IN ('sending', 'last_resort')
        RETURNING install_id, state
    ),
    unknown AS (SELECT install_id FROM marked WHERE state = 'unknown')
    {doubted("unknown", LOST)}
"""
_LAST_RESORT: Final = """
    UPDATE refresh_intents SET state = 'last_resort', worker_id = $3, taken_at = now()
    WHERE install_id = $1 AND generation = $2 AND state = 'unknown'
        AND EXISTS (SELECT FROM workers WHERE worker_id = $3 AND lease_until > now())
    RETURNING true
"""
# What is due is found by its index alone: with another condition in the innermost query the planner would, at some
# fills, rather read and sort all that is due. Whoever turns out to be inactive is parked, so that he is met once.
# Both subqueries are shaped to be looked up row by row: joined, the planner may read a whole table for them.
CLAIM_DUE: Final = """
    WITH claimed AS (
        UPDATE refresh_due d
        SET due_at = CASE (SELECT i.state FROM installs i WHERE i.install_id = d.install_id)
                     WHEN 'active' THEN $1::timestamptz + make_interval(secs => $3) ELSE 'infinity' END
        WHERE d.install_id = ANY (ARRAY(
            SELECT install_id FROM refresh_due
            WHERE due_at <= $1 ORDER BY due_at LIMIT $2
            FOR UPDATE SKIP LOCKED
        ))
        RETURNING store_id, install_id, failures, due_at
    )
    SELECT store_id, install_id, failures, due_at FROM claimed WHERE due_at < 'infinity'
"""
# 'infinity' is where the rows of installs wait that must not be renewed: no due time brings them back.
_POSTPONE: Final = """
    UPDATE refresh_due SET due_at = $2, failures = least(failures + $3::int, 32767)
    WHERE install_id = $1 AND due_at < 'infinity'
"""
# Rows in the order of their key: two who give back the same rows wait for each other, never in a circle.
_GIVE_BACK: Final = """
    UPDATE refresh_due d SET due_at = $3
    FROM (
        SELECT d.install_id FROM refresh_due d
        JOIN unnest($1::bigint[], $2::timestamptz[]) AS claimed (install_id, held_until)
            ON d.install_id = claimed.install_id AND d.due_at = claimed.held_until
        ORDER BY d.install_id FOR UPDATE OF d
    ) AS still
    WHERE d.install_id = still.install_id
"""


class PostgresRefreshBook(RefreshBook):
    """The tables refresh_intents and refresh_due. A worker's lease is looked up in `workers`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def begin(self, install_id: InstallId, generation: Generation, worker: WorkerId) -> Intent:
        """HELD also when the generation is no longer the latest, or the own lease ran out: read again."""
        async with acquire(self._pool) as conn:
            if await conn.fetchval(_TAKE, install_id, generation, worker):
                return Intent.TAKEN
            async with conn.transaction():
                return await _found(conn, install_id, generation)

    async def drop(self, install_id: InstallId, generation: Generation, worker: WorkerId) -> None:
        async with transaction(self._pool) as conn:
            await conn.execute(_DROP, install_id, generation, worker)
            await conn.execute(_HAND_BACK, install_id, generation, worker)

    async def mark_unknown(self, install_id: InstallId, generation: Generation, worker: WorkerId) -> None:
        """After a last resort nothing is left to try: the generation is spent."""
        async with acquire(self._pool) as conn:
            await conn.execute(_MARK, install_id, generation, worker)

    async def take_last_resort(self, install_id: InstallId, generation: Generation, worker: WorkerId) -> bool:
        async with acquire(self._pool) as conn:
            return await conn.fetchval(_LAST_RESORT, install_id, generation, worker) is True

    async def claim_due(self, now: datetime, *, limit: int, hold: float) -> Sequence[DueRefresh]:
        async with acquire(self._pool) as conn:
            rows = await conn.fetch(CLAIM_DUE, now, limit, hold)
        return [DueRefresh(StoreId(row[0]), InstallId(row[1]), row[2], row[3]) for row in rows]

    async def give_back(self, due: Sequence[DueRefresh], until: datetime) -> None:
        claims = [one.install_id for one in due], [one.held_until for one in due]
        async with acquire(self._pool) as conn:
            await conn.execute(_GIVE_BACK, *claims, until)

    async def postpone(self, install_id: InstallId, until: datetime, *, failed: bool) -> None:
        async with acquire(self._pool) as conn:
            await conn.execute(_POSTPONE, install_id, until, int(failed))


async def _found(conn: Connection, install_id: InstallId, generation: Generation) -> Intent:
    """What stands where the place was not free, or was not this generation's."""
    intent = await conn.fetchrow(_LOOK, install_id, generation)
    return await _judge(conn, install_id, generation, intent) if intent else Intent.HELD


async def _judge(conn: Connection, install_id: InstallId, generation: Generation, intent: asyncpg.Record) -> Intent:
    match intent["state"], intent["alive"]:
        case "sending" | "last_resort", True:
            return Intent.HELD
        case "sending", _:
            await conn.execute(_ABANDON, install_id, generation)
            return Intent.UNKNOWN
        case "unknown", _:
            return Intent.UNKNOWN
        case _:
            return Intent.SPENT
