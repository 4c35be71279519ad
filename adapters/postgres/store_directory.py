"""Finding stores by what people remember of them, and what arrived of each last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from adapters.postgres.connection import Pool, acquire
from adapters.postgres.event_filters import Conditions
from adapters.postgres.installations import INSTALLS, read_install
from adapters.postgres.storable_text import storable
from core.domain.arabic import words
from core.domain.event_states import EventState
from core.domain.stores import Install
from core.ids import EventId, StoreId
from core.ports.store_directory import LastEvent, StoreDirectory, StoreFilter

_PAUSED: Final = {True: "s.paused_at IS NOT NULL", False: "s.paused_at IS NULL"}
# One look into an index for each store.
_LAST_EVENTS: Final = """
    SELECT asked.store_id, e.* FROM unnest($1::bigint[]) AS asked (store_id) CROSS JOIN LATERAL (
        SELECT event_id, topic, state, received_at FROM events
        WHERE events.store_id = asked.store_id ORDER BY seq DESC LIMIT 1
    ) AS e
"""


class PostgresStoreDirectory(StoreDirectory):
    """The table `stores`; words are found by their trigrams."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def find(self, wanted: StoreFilter, *, after: StoreId | None = None, limit: int = 50) -> Sequence[Install]:
        conditions = _chosen(wanted)
        if after is not None:
            conditions.add("s.store_id > {}", after)
        sql = f"{INSTALLS} WHERE {conditions.sql} ORDER BY s.store_id LIMIT {conditions.number(limit)}"
        async with acquire(self._pool) as connection:
            return [read_install(row) for row in await connection.fetch(sql, *conditions.arguments)]

    async def last_events(self, store_ids: Sequence[StoreId]) -> Mapping[StoreId, LastEvent]:
        async with acquire(self._pool) as connection:
            rows = await connection.fetch(_LAST_EVENTS, list(store_ids))
        return {
            StoreId(row["store_id"]): LastEvent(
                EventId(row["event_id"]), row["topic"], EventState(row["state"]), row["received_at"]
            )
            for row in rows
        }


def _chosen(wanted: StoreFilter) -> Conditions:
    """Folding leaves no character in a word that a pattern would read as anything else."""
    conditions = Conditions()
    if wanted.state is not None:
        conditions.add("s.state = {}", wanted.state.value)
    if wanted.paused is not None:
        conditions.require(_PAUSED[wanted.paused])
    for word in words(wanted.text or ""):
        conditions.add("s.search_text LIKE {}", storable(f"% {word}%"))
    return conditions
