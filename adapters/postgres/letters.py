"""Dead letters as SQL: dead runs, and dead events that never reached their handlers' runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from adapters.postgres.connection import Connection
from adapters.postgres.event_filters import Conditions, same_mark
from adapters.postgres.moves import DEAD
from core.domain.dead_letters import fingerprint
from core.ids import EventId
from core.ports.ledger_reading import EventFilter

LETTERS: Final = f"""(
    SELECT e.event_id, 0::bigint AS run_id, e.seq, e.store_id, e.install_id, e.topic, e.origin, e.entity_id,
           ''::text AS handler, e.fingerprint, e.reason, coalesce(e.settled_at, e.received_at) AS died_at,
           e.received_at, e.lane IS NOT NULL AND e.body IS NOT NULL AS readable
    FROM events e WHERE e.state IN {DEAD} AND e.dead_runs = 0
    UNION ALL
    SELECT r.event_id, r.run_id, r.seq, r.store_id, r.install_id, e.topic, e.origin, e.entity_id,
           r.handler, r.fingerprint, r.reason, coalesce(r.settled_at, e.settled_at, e.received_at),
           e.received_at, e.body IS NOT NULL
    FROM runs r JOIN events e USING (event_id) WHERE r.state IN {DEAD} AND e.state IN {DEAD}
) AS l"""
"""`run_id` 0 is the event itself. In FROM, as `l`."""

_CONDITIONS: Final = (
    ("store_id", "l.store_id = {}"),
    ("topic", "l.topic = {}"),
    ("origin", "l.origin = {}"),
    ("since", "l.received_at >= {}"),
    ("until", "l.received_at < {}"),
    ("entity_id", "l.entity_id = {}"),
    ("handler", "l.handler = {}"),
)

# In the order of arrival, which everybody locks in; a row that another has stamped meanwhile is left alone.
_WITHOUT: Final = (
    f"""SELECT event_id AS key, '' AS handler, reason FROM events
        WHERE state IN {DEAD} AND dead_runs = 0 AND fingerprint IS NULL ORDER BY seq LIMIT $1 FOR UPDATE""",
    f"""SELECT run_id AS key, handler, reason FROM runs
        WHERE state IN {DEAD} AND fingerprint IS NULL ORDER BY seq LIMIT $1 FOR UPDATE""",
)
_STAMP: Final = (
    "UPDATE events e SET fingerprint = g.mark FROM unnest($1::uuid[], $2::text[]) AS g (key, mark) "
    "WHERE e.event_id = g.key",
    "UPDATE runs r SET fingerprint = g.mark FROM unnest($1::bigint[], $2::text[]) AS g (key, mark) "
    "WHERE r.run_id = g.key",
)


def letters_chosen(wanted: EventFilter, ids: Sequence[EventId] = ()) -> Conditions:
    """On `l`: every field that is set must match, but for the state, which is dead."""
    conditions = Conditions()
    for name, template in _CONDITIONS:
        if (value := getattr(wanted, name)) is not None:
            conditions.add(template, value)
    if wanted.fingerprint is not None:
        conditions.add(f"{same_mark('l.fingerprint', wanted.fingerprint)} = {{}}", wanted.fingerprint)
    if ids:
        conditions.add("l.event_id = ANY ({})", ids)
    return conditions


async def stamp(connection: Connection, version: str, limit: int) -> int:
    """Inside a transaction: gives letters without a fingerprint theirs; how many."""
    stamped = 0
    for without, write in zip(_WITHOUT, _STAMP, strict=True):
        rows = await connection.fetch(without, limit)
        marks = [fingerprint(row["handler"], row["reason"], version) for row in rows]
        if rows:
            await connection.execute(write, [row["key"] for row in rows], marks)
        stamped += len(rows)
    return stamped
