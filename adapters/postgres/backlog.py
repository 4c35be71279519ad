"""The work that waits in the database, store by store: what could be claimed now, earliest first.

A store's queue may be a hundred thousand long, and most of it may stand behind one lane's
first. So only its beginning is looked through; where that yields too little, the lanes of
the whole queue are asked for their first instead: their number counts then, not their length.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from adapters.postgres.claimable_work import EVENT_IS_FIRST, RUN_IS_FIRST, of_live_install
from adapters.postgres.connection import Connection
from adapters.postgres.event_rows import work_item
from adapters.postgres.moves import IN_LANE, LIVE_STATES, TO_RUNNING, UNFINISHED_STATES
from core.domain.events import WorkItem
from core.ids import StoreId

LOOKED_THROUGH: Final = 4
"""Rows at the beginning of a store's queue that are looked through, for each one that is wanted."""

_QUEUED_EVENTS: Final = f"state IN {TO_RUNNING} AND open_runs = 0"
_QUEUED_RUNS: Final = f"state IN {TO_RUNNING}"

_BEGINNING: Final = f"""
    SELECT * FROM (
        (SELECT 'event' AS kind, e.event_id::text AS id, e.store_id, e.seq, 0 AS run_id FROM (
            SELECT * FROM events WHERE store_id = {{store}} AND {_QUEUED_EVENTS}
            ORDER BY seq LIMIT {LOOKED_THROUGH} * $1) AS e
         WHERE {EVENT_IS_FIRST} AND {of_live_install("e")} ORDER BY e.seq LIMIT $1)
        UNION ALL
        (SELECT 'run', r.run_id::text, r.store_id, r.seq, r.run_id FROM (
            SELECT * FROM runs WHERE store_id = {{store}} AND {_QUEUED_RUNS}
            ORDER BY seq, run_id LIMIT {LOOKED_THROUGH} * $1) AS r
         WHERE {RUN_IS_FIRST} AND {of_live_install("r")} ORDER BY r.seq, r.run_id LIMIT $1)
    ) AS both_kinds ORDER BY seq, run_id LIMIT $1
"""
_BEGINNING_OF_ONE: Final = _BEGINNING.format(store="$2")

# The stores with queued work, found by jumping from one to the next in the index: their number
# matters, neither the number of their events nor that of all stores. A paused one costs one look.
_BEGINNINGS: Final = f"""
    WITH RECURSIVE with_events AS (
        (SELECT store_id FROM events WHERE state = 'queued' AND open_runs = 0 ORDER BY store_id LIMIT 1)
        UNION ALL
        SELECT (SELECT e.store_id FROM events e
                WHERE e.state = 'queued' AND e.open_runs = 0 AND e.store_id > w.store_id ORDER BY e.store_id LIMIT 1)
        FROM with_events w WHERE w.store_id IS NOT NULL
    ),
    with_runs AS (
        (SELECT store_id FROM runs WHERE state = 'queued' ORDER BY store_id LIMIT 1)
        UNION ALL
        SELECT (SELECT r.store_id FROM runs r
                WHERE r.state = 'queued' AND r.store_id > w.store_id ORDER BY r.store_id LIMIT 1)
        FROM with_runs w WHERE w.store_id IS NOT NULL
    ),
    busy AS MATERIALIZED (
        SELECT store_id FROM stores JOIN (SELECT store_id FROM with_events UNION SELECT store_id FROM with_runs) AS b
        USING (store_id) WHERE state IN {LIVE_STATES} AND paused_at IS NULL
    )
    SELECT busy.store_id AS busy, work.* FROM busy
    LEFT JOIN LATERAL ({_BEGINNING.format(store="busy.store_id")}) AS work ON true ORDER BY work.seq, work.run_id
"""

_LONGER: Final = f"""
    SELECT store_id FROM unnest($2::bigint[]) AS s (store_id)
    WHERE EXISTS (SELECT FROM events WHERE store_id = s.store_id AND {_QUEUED_EVENTS} OFFSET {LOOKED_THROUGH} * $1)
       OR EXISTS (SELECT FROM runs WHERE store_id = s.store_id AND {_QUEUED_RUNS} OFFSET {LOOKED_THROUGH} * $1)
"""

_FIRST_OF_LANES: Final = f"""
    SELECT * FROM (
        SELECT 'event' AS kind, e.event_id::text AS id, e.store_id, e.seq, 0 AS run_id
        FROM (SELECT DISTINCT lane FROM events WHERE store_id = $2 AND {_QUEUED_EVENTS}) AS l
        CROSS JOIN LATERAL (SELECT * FROM events WHERE lane = l.lane AND {IN_LANE} ORDER BY seq LIMIT 1) AS e
        WHERE e.state IN {TO_RUNNING} AND {of_live_install("e")}
        UNION ALL
        SELECT 'run', r.run_id::text, r.store_id, r.seq, r.run_id
        FROM (SELECT DISTINCT lane FROM runs WHERE store_id = $2 AND {_QUEUED_RUNS}) AS l
        CROSS JOIN LATERAL (
            SELECT * FROM runs WHERE lane = l.lane AND state IN {UNFINISHED_STATES} ORDER BY seq LIMIT 1) AS r
        WHERE r.state IN {TO_RUNNING} AND {RUN_IS_FIRST} AND {of_live_install("r")}
    ) AS both_kinds ORDER BY seq, run_id LIMIT $1
"""


async def backlog(connection: Connection, store_id: StoreId | None, limit: int) -> Sequence[WorkItem]:
    """In arrival order, at most `limit` of each store.

    Complete for each store up to that when all are asked for. Of one store it may be less, but not nothing where
    there is something: whoever has finished some of its work wants more at once, not a walk through all of it.
    """
    if store_id is not None:
        rows = await connection.fetch(_BEGINNING_OF_ONE, limit, store_id)
        return [work_item(row) for row in rows] or await _rest(connection, store_id, limit, set())
    rows = await connection.fetch(_BEGINNINGS, limit)
    found = [work_item(row) for row in rows if row["id"] is not None]
    counts = Counter(item.store_id for item in found)
    short = [store for store in {StoreId(row["busy"]) for row in rows} if counts[store] < limit]
    for row in await connection.fetch(_LONGER, limit, short) if short else ():
        found += await _rest(connection, StoreId(row["store_id"]), limit, set(found))
    return found


async def _rest(connection: Connection, store_id: StoreId, limit: int, found: set[WorkItem]) -> Sequence[WorkItem]:
    """What the look at the beginning missed."""
    items = [work_item(row) for row in await connection.fetch(_FIRST_OF_LANES, limit, store_id)]
    room = limit - sum(item.store_id == store_id for item in found)
    return [item for item in items if item not in found][:room]
