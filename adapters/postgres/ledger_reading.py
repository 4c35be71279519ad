"""Looking at the ledger: the books in one snapshot, lists, one event."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import asyncpg

from adapters.postgres.attempts import attempts_of
from adapters.postgres.connection import Pool, acquire
from adapters.postgres.event_filters import Conditions
from adapters.postgres.event_summaries import SUMMARY_COLUMNS, event_summary
from adapters.postgres.ledger_differences import find_differences
from adapters.postgres.mirror_tables import MIRROR_TABLES
from core.domain.event_states import Books, EventState, Ledger, Origin
from core.errors import Unavailable
from core.ids import EntityKind, EventId, Seq, StoreId
from core.ports.ledger_reading import Difference, EventDetail, EventFilter, EventSummary, LedgerReader, RunSummary

# One statement, hence one snapshot: what is received and what became of it are of the same moment.
_BOOKS: Final = """
    SELECT origin, NULL AS state, sum(accepted)::bigint AS events, sum(duplicates)::bigint AS duplicates
    FROM intake WHERE {of_store} GROUP BY origin
    UNION ALL
    SELECT origin, state, sum(n)::bigint, 0 FROM (
        SELECT origin, state, count(*) AS n FROM events WHERE {of_store} GROUP BY origin, state
        UNION ALL
        SELECT origin, state, n FROM pruned_counts WHERE {of_store}
    ) AS accounted GROUP BY origin, state
"""
_ALL_BOOKS: Final = _BOOKS.format(of_store="true")
_BOOKS_OF_STORE: Final = _BOOKS.format(of_store="store_id = $1")

_EVENT: Final = f"SELECT {SUMMARY_COLUMNS}, e.body FROM events e WHERE e.event_id = $1"
_RUNS: Final = "SELECT handler, state, attempts, due_at, reason FROM runs WHERE event_id = $1 ORDER BY run_id"

_MIRROR_COUNTS: Final = "\nUNION ALL\n".join(
    f"SELECT '{table.kind}' AS kind, count(*) AS living FROM {table.name} WHERE store_id = $1 AND NOT deleted"
    for table in MIRROR_TABLES.values()
)


class PostgresLedgerReader(LedgerReader):
    """Reads the ledger and the mirror."""

    def __init__(self, pool: Pool, *, spooled: Callable[[], Awaitable[int]] | None = None) -> None:
        """`spooled` counts what waits outside the database, of all stores: whose it is cannot be told there."""
        self._pool = pool
        self._spooled = spooled

    async def books(self, store_id: StoreId | None = None) -> Ledger:
        async with acquire(self._pool) as connection:
            rows = await (
                connection.fetch(_ALL_BOOKS) if store_id is None else connection.fetch(_BOOKS_OF_STORE, store_id)
            )
        return replace(_ledger(rows), spooled=await self._count_spooled())

    async def _count_spooled(self) -> int:
        try:
            return await self._spooled() if self._spooled else 0
        except Unavailable:
            return 0

    async def differences(self, *, limit: int = 1000) -> Sequence[Difference]:
        return (await find_differences(self._pool))[:limit]

    async def events(
        self, wanted: EventFilter, *, before: Seq | None = None, limit: int = 50
    ) -> Sequence[EventSummary]:
        conditions = Conditions.of(wanted)
        if before is not None:
            conditions.add("e.seq < {}", before)
        sql = f"SELECT {SUMMARY_COLUMNS} FROM events e WHERE {conditions.sql} ORDER BY e.seq DESC"
        sql += f" LIMIT {conditions.number(limit)}"
        async with acquire(self._pool) as connection:
            return [event_summary(row) for row in await connection.fetch(sql, *conditions.arguments)]

    async def event(self, event_id: EventId) -> EventDetail | None:
        async with acquire(self._pool) as connection:
            row = await connection.fetchrow(_EVENT, event_id)
            if row is None:
                return None
            runs = [_run(run) for run in await connection.fetch(_RUNS, event_id)]
            attempts = await attempts_of(connection, event_id)
        return EventDetail(event_summary(row), row["body"], runs, attempts)

    async def mirror_counts(self, store_id: StoreId) -> Mapping[EntityKind, int]:
        """Kinds without any are left out."""
        async with acquire(self._pool) as connection:
            rows = await connection.fetch(_MIRROR_COUNTS, store_id)
        return {EntityKind(row["kind"]): row["living"] for row in rows if row["living"]}


def _ledger(rows: Iterable[asyncpg.Record]) -> Ledger:
    received: dict[Origin, Books] = {}
    states: defaultdict[Origin, dict[EventState, int]] = defaultdict(dict)
    for row in rows:
        origin = Origin(row["origin"])
        if row["state"] is None:
            received[origin] = Books(row["events"], row["duplicates"])
        else:
            states[origin][EventState(row["state"])] = row["events"]
    return Ledger({origin: replace(received.get(origin, Books()), states=states[origin]) for origin in Origin})


def _run(row: asyncpg.Record) -> RunSummary:
    return RunSummary(row["handler"], EventState(row["state"]), row["attempts"], row["due_at"], row["reason"])
