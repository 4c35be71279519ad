"""Claims find their backfill quickly among those of very many stores, and never two of one store."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import psycopg
import pytest

from adapters.postgres.backfills import TABLE, PostgresBackfills
from adapters.postgres.connection import Pool, open_pool
from adapters.postgres.workers import PostgresWorkers
from core.domain.backfill import BACKFILLED, BackfillState, PageDone, PutOff
from core.ids import StoreId
from tests.servers import Database

STORES = 4_000
WAITING = 500
"""Of a store each, for another hour."""
DUE = 12

_CROWD = """
    INSERT INTO stores (store_id, title, install_id, epoch, state)
        SELECT n, 'Store ' || n, n, 1, 'active' FROM generate_series(1, %(stores)s) n;
    INSERT INTO installs (install_id, store_id, epoch, state)
        SELECT n, n, 1, 'active' FROM generate_series(1, %(stores)s) n;
    INSERT INTO backfills (install_id, store_id, kind, place, state, due_at)
        SELECT n, n, kind, place,
               CASE WHEN n <= %(due)s THEN 'queued' WHEN n <= %(due)s + %(waiting)s THEN 'waiting' ELSE 'done' END,
               now() + CASE WHEN n <= %(due)s THEN interval '-1 minute' ELSE interval '1 hour' END
        FROM generate_series(1, %(stores)s) n,
             unnest(array['category', 'product', 'customer', 'order', 'cart']) WITH ORDINALITY AS k (kind, place);
    ANALYZE backfills; ANALYZE stores
"""


@pytest.fixture
def crowded(database: Database) -> Database:
    with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
        for statement in _CROWD.split(";"):
            owner.execute(statement, {"stores": STORES, "due": DUE, "waiting": WAITING})
    return database


@pytest.fixture
async def pool(crowded: Database) -> AsyncIterator[Pool]:
    opened = await open_pool(crowded.dsn, max_size=8)
    yield opened
    await opened.close()


async def test_a_claim_reads_what_is_due_and_not_the_table(pool: Pool) -> None:
    worker = await PostgresWorkers(pool).join("scheduler")
    raw = await pool.fetchval(f"EXPLAIN (FORMAT JSON) {TABLE.claim()}", worker)
    found = [(node.get("Index Name") or node["Node Type"]) for node in nodes(json.loads(raw)[0]["Plan"])]
    assert "backfills_due" in found
    assert "Seq Scan" not in [node["Node Type"] for node in nodes(json.loads(raw)[0]["Plan"]) if of_crowd(node)]


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes(below)


def of_crowd(node: dict[str, Any]) -> bool:
    return node.get("Relation Name") in {"backfills", "stores"}


async def test_any_number_of_claimers_share_the_stores_and_meet_in_none(pool: Pool) -> None:
    backfills, workers = PostgresBackfills(pool), PostgresWorkers(pool)
    reading: set[StoreId] = set()
    done: list[tuple[StoreId, str]] = []

    async def claimer() -> None:
        worker = await workers.join("scheduler")
        while claim := await backfills.claim(worker):
            assert claim.store_id not in reading
            reading.add(claim.store_id)
            await asyncio.sleep(0)
            reading.discard(claim.store_id)
            if len(done) % 7 == 0:
                await backfills.put_off(claim, PutOff(BackfillState.QUEUED))
                done.append((claim.store_id, "again"))
                continue
            await backfills.advance(claim, PageDone(1, None))
            done.append((claim.store_id, claim.kind))

    while len({pair for pair in done if pair[1] != "again"}) < DUE * len(BACKFILLED):
        await asyncio.gather(*(claimer() for _ in range(6)))
    finished = [pair for pair in done if pair[1] != "again"]
    assert len(finished) == len(set(finished)) == DUE * len(BACKFILLED)
    assert {one.state for one in await backfills.of_stores([StoreId(n + 1) for n in range(DUE)])} == {
        BackfillState.DONE
    }
