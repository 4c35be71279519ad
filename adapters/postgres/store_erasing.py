"""Removing a store, table by table, a bounded number of rows per transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Final

from adapters.postgres.connection import Pool, acquire
from adapters.postgres.moves import BY_KEY, leaving_for
from adapters.postgres.personal_tables import DELETED_WITH_STORE
from core.domain.erasures import Removed
from core.domain.event_states import EventState
from core.ids import StoreId
from core.ports.erasing import StoreEraser

BATCH: Final = 1000

EMPTY_EVENT: Final = """
    state = 'erased', body = NULL, reason = NULL, entity_kind = NULL, entity_id = NULL, lane = NULL, parent_id = NULL,
    fingerprint = NULL, due_at = NULL, open_runs = 0, dead_runs = 0, done_runs = 0, settled_at = now()
"""
"""What remains of an erased event: its id, its store, its topic, when it came, and that it was."""

_ERASABLE: Final = leaving_for(EventState.ERASED)
# Rows that somebody is at are left to him: the next round finds them. Runs go with their event, which is
# locked before; whoever settles one of them finds it gone and keeps nothing.
_ERASE_EVENTS: Final = f"""
    WITH page AS MATERIALIZED (
        SELECT event_id, seq FROM events WHERE store_id = $1 AND seq > $2 ORDER BY seq LIMIT $3
    ),
    due AS MATERIALIZED (
        SELECT e.event_id FROM events e JOIN page p USING (event_id) WHERE e.state{BY_KEY} IN {_ERASABLE}
        FOR UPDATE OF e SKIP LOCKED
    ),
    runs_gone AS (DELETE FROM runs r USING due d WHERE r.event_id = d.event_id),
    attempts_gone AS (DELETE FROM attempts a USING due d WHERE a.event_id = d.event_id),
    erased AS (
        UPDATE events e SET {EMPTY_EVENT} FROM due d
        WHERE e.event_id = d.event_id AND e.state{BY_KEY} IN {_ERASABLE} RETURNING e.event_id
    )
    SELECT (SELECT count(*) FROM erased) AS rows, max(seq) AS seen FROM page
"""
_DELETE: Final = """
    DELETE FROM {table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM {table} WHERE {mine} LIMIT $2 FOR UPDATE SKIP LOCKED))
"""
_DELETES: Final = {table: _DELETE.format(table=table, mine=mine) for table, mine in DELETED_WITH_STORE.items()}

_NAMED: Final = "store_id = $1 AND (title <> 'Store ' || store_id OR uuid IS NOT NULL OR url IS NOT NULL)"
_UNNAME: Final = f"""
    UPDATE stores SET title = 'Store ' || store_id, uuid = NULL, url = NULL, currency = NULL, updated_at = now()
    WHERE {_NAMED}
"""
_LEFT: Final = "\nUNION ALL\n".join(
    [
        "SELECT 'events' AS name, count(*) AS rows FROM events WHERE store_id = $1 AND state <> 'erased'",
        f"SELECT 'stores', count(*) FROM stores WHERE {_NAMED}",
        *(f"SELECT '{table}', count(*) FROM {table} WHERE {mine}" for table, mine in DELETED_WITH_STORE.items()),
    ]
)


class PostgresStoreEraser(StoreEraser):
    """Events first: what is still under way could bring rows back into the other tables."""

    def __init__(self, pool: Pool, *, batch: int = BATCH) -> None:
        self._pool = pool
        self._batch = batch

    async def erase(self, store_id: StoreId) -> AsyncIterator[Removed]:
        async for removed in self._erase_events(store_id):
            yield removed
        for table in DELETED_WITH_STORE:
            while rows := await self._execute(_DELETES[table], store_id, self._batch):
                yield Removed(table, rows)
        if rows := await self._execute(_UNNAME, store_id):
            yield Removed("stores", rows)

    async def _erase_events(self, store_id: StoreId) -> AsyncIterator[Removed]:
        seen: int | None = 0
        while seen is not None:
            async with acquire(self._pool) as connection:
                row = await connection.fetchrow(_ERASE_EVENTS, store_id, seen, self._batch)
            assert row is not None  # an aggregate always answers
            seen = row["seen"]
            if row["rows"]:
                yield Removed("events", row["rows"])

    async def _execute(self, sql: str, *arguments: object) -> int:
        async with acquire(self._pool) as connection:
            return int((await connection.execute(sql, *arguments)).rpartition(" ")[2])

    async def left(self, store_id: StoreId) -> Mapping[str, int]:
        async with acquire(self._pool) as connection:
            rows = await connection.fetch(_LEFT, store_id)
        return {row["name"]: row["rows"] for row in rows if row["rows"]}
