"""What claiming costs while one store has a long backlog, in pages touched, which no busy machine changes.

The flood is queued for the mirror and as runs, in one lane, in a hundred, or in a lane each; the planner has not
counted it, as it has not when a flood has just come in, or it counted last when all was done. Four times the flood
must not cost four times as much.
"""

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from hashlib import md5
from typing import Any
from uuid import UUID

import asyncpg
import psycopg
import pytest

from adapters.postgres.connection import SESSION, _teach_json
from adapters.postgres.event_batches import PostgresEventLedger
from adapters.postgres.runs import PostgresRunLedger
from core.domain.events import WorkItem, WorkKind
from core.ids import EventId, StoreId, WorkerId
from tests.servers import Database

FLOODING, QUIET = StoreId(1), StoreId(2)
SMALL, LARGE = 5_000, 20_000
WINDOW = 256
BATCH, LIMIT = 200, 400
QUIET_EVENTS = 20

STORES = """
    INSERT INTO stores (store_id, title, install_id, epoch, state)
    SELECT n, 'a store', n, 1, 'active' FROM generate_series(1, 2) n;
    INSERT INTO workers (worker_id, kind, lease_until) OVERRIDING SYSTEM VALUE
    VALUES (1, 'consumer', now() + interval '1 hour');
    INSERT INTO events (event_id, store_id, install_id, origin, topic, entity_kind, entity_id, lane, state,
                        received_at, size, body)
    SELECT md5('q' || n)::uuid, 2, 2, 'zid', 'order.create', 'order', 'q' || n, -n, 'queued', now(), 2, '{}'
    FROM generate_series(1, 20) n;
"""
FLOOD = """
    INSERT INTO events (event_id, store_id, install_id, origin, topic, entity_kind, entity_id, lane, state,
                        received_at, size, body)
    SELECT md5(n::text)::uuid, 1, 1, 'zid', 'order.create', 'order', n::text, n %% %(lanes)s, 'queued', now(), 2, '{}'
    FROM generate_series(%(first)s, %(last)s) n;
    INSERT INTO runs (event_id, handler, store_id, install_id, lane, seq, state)
    SELECT md5(n::text)::uuid, 'slow', 1, 1, 1000000 + n %% %(lanes)s, n, 'queued'
    FROM generate_series(%(first)s, %(last)s) n;
"""

DONE = """
    INSERT INTO events (event_id, store_id, install_id, origin, topic, entity_kind, entity_id, lane, state,
                        received_at, settled_at, size)
    SELECT md5('d' || n)::uuid, 1, 1, 'zid', 'order.create', 'order', 'd' || n, -1000 - n, 'done', now(), now(), 2
    FROM generate_series(1, %(done)s) n;
    INSERT INTO runs (event_id, handler, store_id, install_id, lane, seq, state, settled_at)
    SELECT md5('d' || n)::uuid, 'slow', 1, 1, -1000 - n, n, 'done', now() FROM generate_series(1, %(done)s) n;
"""


class Counting(asyncpg.Connection):
    """Runs every query under EXPLAIN ANALYZE first, and adds up the pages it touched."""

    pages = 0

    async def fetch(self, query: str, *args: object, **more: Any) -> list[asyncpg.Record]:
        raw = await super().fetchval(f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {query}", *args)
        plan = json.loads(raw)[0]["Plan"]
        Counting.pages += plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
        return await super().fetch(query, *args, **more)


@pytest.fixture
def owner(database: Database) -> Iterator[psycopg.Cursor]:
    with psycopg.connect(database.owner_dsn, autocommit=True) as connection:
        cursor = psycopg.ClientCursor(connection)
        cursor.execute(STORES)
        yield cursor


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[asyncpg.Pool]:
    settings = {**SESSION, "statement_timeout": "60000"}
    async with await asyncpg.create_pool(
        database.dsn, min_size=1, max_size=1, connection_class=Counting, init=_teach_json, server_settings=settings
    ) as pool:
        yield pool


def flood_ids(count: int) -> list[EventId]:
    return [EventId(UUID(md5(str(n).encode()).hexdigest())) for n in range(1, count + 1)]


def quiet_ids() -> list[EventId]:
    return [EventId(UUID(md5(f"q{n}".encode()).hexdigest())) for n in range(1, QUIET_EVENTS + 1)]


def pages() -> int:
    """Since it was asked last."""
    counted, Counting.pages = Counting.pages, 0
    return counted


async def costs(pool: asyncpg.Pool, *, first_run: int = 1) -> Mapping[str, int]:
    """Pages of everything that a consumer asks while it works; the quiet store gets its places in every batch."""
    events, runs = PostgresEventLedger(pool), PostgresRunLedger(pool)
    pages()
    found = {}
    async with events.open_batch([*flood_ids(BATCH - QUIET_EVENTS), *quiet_ids()], limit=LIMIT) as batch:
        assert sum(event.store_id == QUIET for event in batch.events) == QUIET_EVENTS
        assert len(batch.events) > QUIET_EVENTS
    found["batch"] = pages()
    await runs.claim(list(range(first_run, first_run + 20)), WorkerId(1))
    found["runs"] = pages()
    assert await events.backlog(FLOODING, limit=WINDOW)
    found["backlog of one store"] = pages()
    items = [WorkItem(WorkKind.EVENT, str(event_id), FLOODING) for event_id in flood_ids(BATCH)]
    assert await events.claimable(items)
    found["claimable"] = pages()
    return found


@pytest.mark.parametrize("lanes", [1, 100, LARGE])
async def test_a_longer_flood_makes_no_claim_dearer(owner: psycopg.Cursor, pool: asyncpg.Pool, lanes: int) -> None:
    owner.execute(FLOOD, {"first": 1, "last": SMALL, "lanes": lanes})
    before = await costs(pool)
    owner.execute(FLOOD, {"first": SMALL + 1, "last": LARGE, "lanes": lanes})
    after = await costs(pool)
    assert {name for name in after if after[name] > 2 * before[name] + 500} == set(), (before, after)
    assert max(after.values()) < LARGE, after


@pytest.mark.parametrize("lanes", [100, LARGE])
async def test_nor_does_one_that_comes_in_when_all_was_done(
    owner: psycopg.Cursor, pool: asyncpg.Pool, lanes: int
) -> None:
    owner.execute(DONE, {"done": SMALL})
    for table in ("events", "runs"):
        owner.execute(f"VACUUM ANALYZE {table}")
    owner.execute(FLOOD, {"first": 1, "last": LARGE, "lanes": lanes})
    after = await costs(pool, first_run=SMALL + 1)
    assert max(after.values()) < LARGE, after


async def test_a_paused_stores_flood_is_not_walked_through(owner: psycopg.Cursor, pool: asyncpg.Pool) -> None:
    owner.execute(FLOOD, {"first": 1, "last": LARGE, "lanes": LARGE})
    owner.execute("UPDATE stores SET paused_at = now() WHERE store_id = 1")
    pages()
    assert len(await PostgresEventLedger(pool).backlog(limit=WINDOW)) == QUIET_EVENTS
    assert pages() < LARGE // 20
