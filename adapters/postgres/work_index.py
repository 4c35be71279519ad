"""The work index in Postgres alone: rows taken under SKIP LOCKED, and NOTIFY to those who wait.

The ledger is the truth; this only says where work is, quickly and fair by store. An item
stays with who took it until it is finished, or until `reclaim_after` seconds have
passed; the tables are UNLOGGED, so a crash of Postgres empties them and the sweep
publishes again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final
from uuid import uuid4

from adapters.postgres.connection import Pool, acquire
from adapters.postgres.notices import Notices
from core.domain.events import WorkItem, WorkKind
from core.ids import StoreId
from core.ports.work_index import WorkIndex

CHANNEL: Final = "wasl_work"
LOOK_EVERY: Final = 1.0
"""Seconds after which a waiting reader looks by itself: a notice may be lost."""

_PUBLISH: Final = "SELECT work_publish($1, $2, $3, $4)"
_FINISH: Final = "SELECT work_finish($1, $2, $3)"
# Rows that another reader is at are left to him; of those he was quicker with, the lock sees the new `free_at`.
_TAKE: Final = """
    WITH next AS (
        SELECT name, item FROM work_index WHERE name = $1 AND free_at <= clock_timestamp()
        ORDER BY turn, number LIMIT $2 FOR UPDATE SKIP LOCKED
    ),
    taken AS (
        UPDATE work_index w SET free_at = clock_timestamp() + make_interval(secs => $3)
        FROM next WHERE w.name = next.name AND w.item = next.item
        RETURNING w.item, w.turn, w.number
    )
    SELECT item FROM taken ORDER BY turn, number
"""
_PRESENT: Final = "SELECT item FROM work_index WHERE name = $1 AND item = ANY ($2)"
_LIFE: Final = "SELECT incarnation FROM work_index_life WHERE name = $1"
_BORN: Final = "INSERT INTO work_index_life (name, incarnation) VALUES ($1, $2) ON CONFLICT DO NOTHING"
_DEPTH: Final = "SELECT count(*) FROM work_index WHERE name = $1"


class PostgresWorkIndex(WorkIndex):
    """One index; processes that give the same `name` share it.

    `window` is how many items of one store may be in it, `reclaim_after` the seconds after
    which an unfinished item comes back.
    """

    def __init__(
        self, pool: Pool, notices: Notices, *, name: str = "work", window: int = 256, reclaim_after: float = 5.0
    ) -> None:
        self._pool = pool
        self._name = name
        self._window = window
        self._reclaim_after = reclaim_after
        self._bell = _Bell(notices, name)

    async def publish(self, items: Sequence[WorkItem]) -> int:
        if not items:
            return 0
        stores = [item.store_id for item in items]
        async with acquire(self._pool) as connection:
            return int(await connection.fetchval(_PUBLISH, self._name, self._window, _texts(items), stores))

    async def take(self, *, limit: int, wait: float) -> Sequence[WorkItem]:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait
        while True:
            with self._bell.waiting() as rung:
                if found := await self._next(limit):
                    return found
                left = deadline - loop.time()
                if left <= 0:
                    return []
                await _rung(rung, min(left, LOOK_EVERY, self._reclaim_after))

    async def _next(self, limit: int) -> Sequence[WorkItem]:
        await self._bell.connect()
        async with acquire(self._pool) as connection:
            return [_item(row[0]) for row in await connection.fetch(_TAKE, self._name, limit, self._reclaim_after)]

    async def finish(self, items: Sequence[WorkItem]) -> Sequence[StoreId]:
        if not items:
            return []
        async with acquire(self._pool) as connection:
            rows = await connection.fetch(_FINISH, self._name, self._window // 2, _texts(items))
        return [StoreId(row[0]) for row in rows]

    async def absent(self, items: Sequence[WorkItem]) -> Sequence[WorkItem]:
        if not items:
            return []
        async with acquire(self._pool) as connection:
            present = {row[0] for row in await connection.fetch(_PRESENT, self._name, _texts(items))}
        return [item for item in items if _text(item) not in present]

    async def incarnation(self) -> str:
        async with acquire(self._pool) as connection:
            while (life := await connection.fetchval(_LIFE, self._name)) is None:
                await connection.execute(_BORN, self._name, uuid4().hex)
        return str(life)

    async def depth(self) -> int:
        async with acquire(self._pool) as connection:
            return int(await connection.fetchval(_DEPTH, self._name))


class _Bell:
    """Wakes this process's readers of one index when something was added to it."""

    def __init__(self, notices: Notices, name: str) -> None:
        self._notices = notices
        self._name = name
        self._connected = False
        self._waiting: set[asyncio.Event] = set()

    async def connect(self) -> None:
        """Rings from now on, until the connection is lost. Raises Unavailable."""
        if not self._connected:
            await self._notices.listen(CHANNEL, self._hear)
            self._connected = True

    @contextmanager
    def waiting(self) -> Iterator[asyncio.Event]:
        """An event that is set by whatever is added from now on."""
        rung = asyncio.Event()
        self._waiting.add(rung)
        try:
            yield rung
        finally:
            self._waiting.discard(rung)

    def _hear(self, name: str | None) -> None:
        self._connected = self._connected and name is not None
        if name in (self._name, None):
            for rung in self._waiting:
                rung.set()


async def _rung(rung: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await rung.wait()


def _text(item: WorkItem) -> str:
    return f"{item.kind} {item.store_id} {item.id}"


def _texts(items: Sequence[WorkItem]) -> list[str]:
    return [_text(item) for item in items]


def _item(text: str) -> WorkItem:
    kind, store_id, item_id = text.split(" ", 2)
    return WorkItem(WorkKind(kind), item_id, StoreId(int(store_id)))
