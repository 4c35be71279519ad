"""What a person does to events; each action and its audit entry are one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Final

from adapters.postgres.audit import write_audit
from adapters.postgres.claimable_work import of_live_install
from adapters.postgres.connection import Connection, Pool, acquire, transaction
from adapters.postgres.event_filters import Conditions
from adapters.postgres.event_rows import event_item, work_item
from adapters.postgres.moves import DEAD, LIVE_STATES
from adapters.postgres.storable_text import storable
from core.domain.audit import AuditEntry
from core.domain.event_states import EventState
from core.domain.events import WorkItem
from core.ids import EventId
from core.ports.ledger_reading import Desk, EventFilter

# Held until the commit, so that no install ends between the look and the write. In a statement of
# its own and before any event is locked: the end of an install takes them in that order too.
_HOLD_STORES: Final = f"""
    SELECT store_id FROM stores
    WHERE state IN {LIVE_STATES} AND store_id IN (SELECT e.store_id FROM events e WHERE {{chosen}})
    ORDER BY store_id FOR SHARE
"""

# What died before its handlers' runs goes through the mirror again; what died in its runs has those
# queued again, and is running. What nobody could read (no lane) stays dead: no retry would help.
_REDRIVE: Final = f"""
    WITH chosen AS (
        SELECT e.event_id FROM events e
        WHERE e.state IN {DEAD} AND e.lane IS NOT NULL AND {{chosen}} AND {of_live_install("e", or_paused=True)}
        ORDER BY e.seq FOR UPDATE OF e
    ),
    runs_revived AS (
        UPDATE runs r SET state = 'queued', attempts = 0, reason = NULL, failure = NULL, settled_at = NULL,
                          fingerprint = NULL, tries = NULL
        FROM chosen c WHERE r.event_id = c.event_id AND r.state IN {DEAD}
        RETURNING r.run_id, r.event_id, r.store_id, r.seq
    ),
    numbers AS (
        SELECT c.event_id, count(r.run_id) AS runs FROM chosen c LEFT JOIN runs_revived r USING (event_id)
        GROUP BY c.event_id
    ),
    events_revived AS (
        UPDATE events e
        SET state = CASE WHEN n.runs = 0 THEN 'queued' ELSE 'running' END, open_runs = n.runs, dead_runs = 0,
            attempts = 0, reason = NULL, due_at = NULL, settled_at = NULL, fingerprint = NULL, tries = NULL
        FROM numbers n WHERE e.event_id = n.event_id AND e.state IN {DEAD}
        RETURNING e.event_id, e.store_id, e.seq, n.runs
    )
    SELECT 'event' AS kind, event_id::text AS id, store_id, seq FROM events_revived WHERE runs = 0
    UNION ALL SELECT 'run', run_id::text, store_id, seq FROM runs_revived
    ORDER BY seq
"""

_DISCARD: Final = f"""
    WITH discarded AS (
        UPDATE events e SET state = 'cancelled', reason = {{reason}}, dead_runs = 0, settled_at = now()
        WHERE e.state IN {DEAD} AND {{chosen}} RETURNING e.event_id
    ),
    runs_discarded AS (
        UPDATE runs r SET state = 'cancelled', reason = {{reason}}, settled_at = now()
        FROM discarded d WHERE r.event_id = d.event_id AND r.state IN {DEAD}
    )
    SELECT count(*) FROM discarded
"""

# Known and counted only if it went in: the same new id a second time changes nothing.
_REPLAY: Final = f"""
    WITH copied AS (
        INSERT INTO events (event_id, parent_id, store_id, install_id, origin, topic, entity_kind, entity_id, lane,
                            state, received_at, size, body)
        SELECT $2, e.event_id, store_id, install_id, 'replay', e.topic, e.entity_kind, e.entity_id, e.lane,
               'queued', now(), e.size, e.body
        FROM events e
        WHERE e.event_id = $1 AND e.lane IS NOT NULL AND e.body IS NOT NULL AND {of_live_install("e", or_paused=True)}
        ON CONFLICT (event_id) DO NOTHING
        RETURNING event_id, store_id
    ),
    known AS (
        INSERT INTO dedupe (key, event_id, store_id, origin, expires_at)
        SELECT $3, event_id, store_id, 'replay', now() + interval '3 days' FROM copied
    ),
    counted AS (
        INSERT INTO intake (store_id, origin, accepted) SELECT store_id, 'replay', 1 FROM copied
    )
    SELECT event_id, store_id FROM copied
"""


class PostgresDesk(Desk):
    """Redrive, discard and replay."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def redrive(self, wanted: EventFilter, ids: Sequence[EventId], *, audit: AuditEntry) -> Sequence[WorkItem]:
        """Only events of live installs that something could read."""
        conditions = _dead(wanted, ids)
        async with transaction(self._pool) as connection:
            await _hold_stores(connection, conditions)
            rows = await connection.fetch(_REDRIVE.format(chosen=conditions.sql), *conditions.arguments)
            await write_audit(connection, audit)
        return [work_item(row) for row in rows]

    async def discard(self, wanted: EventFilter, ids: Sequence[EventId], *, reason: str, audit: AuditEntry) -> int:
        conditions = _dead(wanted, ids)
        number = conditions.number(storable(reason))
        sql = _DISCARD.format(chosen=conditions.sql, reason=number)
        async with transaction(self._pool) as connection:
            count = await connection.fetchval(sql, *conditions.arguments)
            await write_audit(connection, audit)
        return int(count)

    async def replay(self, event_id: EventId, new_id: EventId, *, audit: AuditEntry) -> WorkItem | None:
        """Also None when the event's install is over."""
        async with transaction(self._pool) as connection:
            await _hold_stores(connection, Conditions.of(EventFilter(), [event_id]))
            row = await connection.fetchrow(_REPLAY, event_id, new_id, sha256(new_id.bytes).digest())
            if row is None:
                return None
            await write_audit(connection, audit)
        return event_item(row)

    async def count(self, wanted: EventFilter) -> int:
        conditions = Conditions.of(wanted)
        async with acquire(self._pool) as connection:
            sql = f"SELECT count(*) FROM events e WHERE {conditions.sql}"
            return int(await connection.fetchval(sql, *conditions.arguments))


def _dead(wanted: EventFilter, ids: Sequence[EventId]) -> Conditions:
    return Conditions.of(replace(wanted, state=EventState.DEAD), ids)


async def _hold_stores(connection: Connection, conditions: Conditions) -> None:
    await connection.execute(_HOLD_STORES.format(chosen=conditions.sql), *conditions.arguments)
