"""What could be claimed now: queued, of a live install, with nothing unfinished before it in its lane."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Final
from uuid import UUID

from adapters.postgres.connection import Connection
from adapters.postgres.event_rows import work_item
from adapters.postgres.moves import BY_KEY, IN_LANE, LIVE_STATES, TO_RUNNING, UNFINISHED_STATES
from core.domain.events import WorkItem, WorkKind
from core.ids import Lane

ROW_BY_ROW: Final = "OFFSET 0"
"""Inside EXISTS: one look into the lane's index per row. As a join, it would walk the index whole for
every row (the reason is that of BY_KEY)."""

EVENT_IS_FIRST: Final = f"""
    NOT EXISTS (SELECT FROM events b WHERE b.lane = e.lane AND b.seq < e.seq AND {IN_LANE} {ROW_BY_ROW})
"""

# A run with a lower number may appear late, when the transaction that made it was slow: hence
# also nothing may be running in the lane, before or after.
RUN_IS_FIRST: Final = f"""
    NOT EXISTS (
        SELECT FROM runs b WHERE b.lane = r.lane AND b.seq < r.seq AND b.state IN {UNFINISHED_STATES} {ROW_BY_ROW})
    AND NOT EXISTS (SELECT FROM runs b WHERE b.lane = r.lane AND b.state = 'running' {ROW_BY_ROW})
"""
RUN_IS_NEXT: Final = f"r.state{BY_KEY} IN {TO_RUNNING} AND {RUN_IS_FIRST}"
"""For runs found by their keys."""


def of_live_install(row: str, *, or_paused: bool = False) -> str:
    """The condition that a row of `events` or `runs`, called `row` in the SQL, belongs to a live install.

    Of a paused store it belongs to none that works: only `or_paused` lets it through.
    """
    working = "" if or_paused else "AND s.paused_at IS NULL"
    return f"""EXISTS (
        SELECT FROM stores s
        WHERE s.store_id = {row}.store_id AND s.install_id = {row}.install_id AND s.state IN {LIVE_STATES} {working}
        {ROW_BY_ROW})"""


_CLAIMABLE: Final = f"""
    SELECT 'event' AS kind, e.event_id::text AS id, e.store_id FROM events e
    WHERE e.event_id = ANY ($1) AND e.state{BY_KEY} IN {TO_RUNNING} AND e.open_runs = 0
      AND {EVENT_IS_FIRST} AND {of_live_install("e")}
    UNION ALL
    SELECT 'run', r.run_id::text, r.store_id FROM runs r
    WHERE r.run_id = ANY ($2) AND {RUN_IS_NEXT} AND {of_live_install("r")}
"""

_FOLLOWING: Final = f"""
    SELECT 'event' AS kind, e.event_id::text AS id, e.store_id
    FROM unnest($1::bigint[]) AS l (lane) CROSS JOIN LATERAL (
        SELECT * FROM events WHERE lane = l.lane AND {IN_LANE} ORDER BY seq LIMIT 1
    ) AS e
    WHERE e.state IN {TO_RUNNING} AND {of_live_install("e")}
"""


async def claimable(connection: Connection, items: Sequence[WorkItem]) -> set[WorkItem]:
    """Those of the items; ids that no row could have are none."""
    events = [number for item in items if item.kind is WorkKind.EVENT for number in _uuid(item.id)]
    runs = [int(item.id) for item in items if item.kind is WorkKind.RUN and item.id.isdecimal()]
    return {work_item(row) for row in await connection.fetch(_CLAIMABLE, events, runs)}


async def following(connection: Connection, lanes: Sequence[Lane]) -> Sequence[WorkItem]:
    """The first of each lane, where nothing waits before it."""
    return [work_item(row) for row in await connection.fetch(_FOLLOWING, lanes)]


def _uuid(text: str) -> Sequence[UUID]:
    with suppress(ValueError):
        return [UUID(text)]
    return []
