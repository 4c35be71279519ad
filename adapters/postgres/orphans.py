"""Runs whose worker died or froze: most are queued again, the ones that keep killing their workers are told of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import asyncpg

from adapters.postgres.attempts import keep_unsettled
from adapters.postgres.connection import Connection
from adapters.postgres.event_rows import EVENT_COLUMNS, run_item
from adapters.postgres.moves import HELD
from core.domain.attempts import AttemptEnd
from core.domain.events import WorkItem
from core.domain.suspicion import BEFORE_POISON, IN_COMPANY

ALIVE: Final = "SELECT FROM workers w WHERE w.worker_id = {}.worker_id AND w.lease_until > now()"

_ALONE: Final = f"""
    NOT EXISTS (SELECT FROM runs other
                WHERE other.worker_id = r.worker_id AND other.state IN {HELD} AND other.run_id <> r.run_id)
"""
_IS_LAST: Final = f"(r.crashes >= {BEFORE_POISON} AND {_ALONE})"

# Asked of the runs, not of the workers: a claim may be committed just after its worker was forgotten.
# The arithmetic is that of core.domain.suspicion.
_RELEASE: Final = f"""
    WITH lost AS (
        SELECT run_id, event_id, handler, attempts, worker_id, started_at, {_ALONE} AS alone FROM runs r
        WHERE r.state IN {HELD} AND NOT EXISTS ({ALIVE.format("r")}) AND NOT {_IS_LAST}
        ORDER BY run_id FOR UPDATE SKIP LOCKED
    ),
    kept AS ({keep_unsettled("lost", AttemptEnd.LOST)})
    UPDATE runs SET state = 'queued', worker_id = NULL,
                    crashes = crashes + (crashes < {IN_COMPANY} OR lost.alone)::int
    FROM lost WHERE runs.run_id = lost.run_id AND runs.state IN {HELD}
    RETURNING runs.run_id, runs.store_id
"""

_POISON: Final = f"""
    SELECT r.run_id, r.handler, r.attempts AS attempt, r.worker_id, r.fence, r.tries AS run_tries, {EVENT_COLUMNS}
    FROM runs r JOIN events e USING (event_id)
    WHERE r.state IN {HELD} AND NOT EXISTS ({ALIVE.format("r")}) AND {_IS_LAST}
    ORDER BY r.run_id LIMIT $1
"""


async def release(connection: Connection) -> Sequence[WorkItem]:
    """All but the poison queued again, each with one more crash to remember."""
    return [run_item(row) for row in await connection.fetch(_RELEASE)]


async def poison(connection: Connection, limit: int) -> Sequence[asyncpg.Record]:
    """What a claim tells, and `worker_id`."""
    return await connection.fetch(_POISON, limit)
