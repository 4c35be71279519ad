"""Finding stores in memory: every one is looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adapters.memory.database import MemoryDatabase
from core.domain.arabic import fold, words
from core.domain.stores import Install
from core.ids import StoreId
from core.ports.store_directory import LastEvent, StoreDirectory, StoreFilter


class MemoryStoreDirectory(StoreDirectory):
    """Reads the dicts of installs and events."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def find(self, wanted: StoreFilter, *, after: StoreId | None = None, limit: int = 50) -> Sequence[Install]:
        ids = sorted(store_id for store_id in self._database.latest if after is None or store_id > after)
        found = (self._database.current_install(store_id) for store_id in ids)
        return [install for install in found if install and _fits(install, wanted)][:limit]

    async def last_events(self, store_ids: Sequence[StoreId]) -> Mapping[StoreId, LastEvent]:
        rows = sorted(self._database.events.values(), key=lambda row: row.seq)
        return {
            row.store_id: LastEvent(row.event_id, row.topic, row.state, row.received_at)
            for row in rows
            if row.store_id in store_ids
        }


def _fits(install: Install, wanted: StoreFilter) -> bool:
    named = fold(f"{install.identity.title} {install.store_id}").split()
    return (
        wanted.state in (None, install.state)
        and wanted.paused in (None, install.paused_at is not None)
        and all(any(name.startswith(word) for name in named) for word in words(wanted.text or ""))
    )
