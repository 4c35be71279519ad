"""Stores are found and told about by indexes, at once among fifty thousand of them."""

import json
import time
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import psycopg
import pytest

from adapters.postgres.connection import SESSION, Pool
from adapters.postgres.store_directory import PostgresStoreDirectory
from adapters.postgres.store_life import OF_LIFE, PostgresStoreLife
from adapters.postgres.webhook_checks import PostgresWebhookChecks
from core.domain.stores import InstallState
from core.ids import InstallId, StoreId
from core.ports.store_directory import StoreFilter
from tests.servers import Database

STORES = 50_000
LIMIT_SECONDS = 1.0
"""Ten times what a page may take, for a machine that does other work meanwhile."""
CROWD = (
    f"""INSERT INTO stores (store_id, title, install_id, epoch, state, paused_at)
        SELECT n, 'متجر النخيل ' || md5(n::text), n, 1,
               CASE WHEN n % 1000 = 0 THEN 'needs_reauthorization' WHEN n % 50 = 0 THEN 'uninstalled' ELSE 'active' END,
               CASE WHEN n % 5000 = 1 THEN now() END
        FROM generate_series(1, {STORES}) AS n""",
    f"""INSERT INTO installs (install_id, store_id, epoch, state)
        SELECT n, n, 1, 'active' FROM generate_series(1, {STORES}) n""",
    f"""INSERT INTO webhook_checks (install_id, store_id, due_at, checked_at)
        SELECT n, n, now(), now() FROM generate_series(1, {STORES}) n""",
    """INSERT INTO events (event_id, store_id, install_id, origin, topic, state, received_at, size)
       SELECT gen_random_uuid(), n % 500, 1, 'zid', 'order.create', 'done', now(), 1
       FROM generate_series(1, 100000) n""",
    """INSERT INTO audit (action, actor, store_id)
       SELECT CASE WHEN n % 500 = 0 THEN 'token.refreshed' ELSE 'zid.update_order' END, 'system', 7
       FROM generate_series(1, 100000) n""",
    "ANALYZE stores, installs, events, audit, webhook_checks",
)


class Explaining(asyncpg.Connection):
    """Plans every query once more before it is run."""

    plans: list[Any] = []  # noqa: RUF012 - the driver makes the connections

    async def fetch(self, query: str, *args: object, **more: Any) -> list[asyncpg.Record]:
        plan = await super().fetchval(f"EXPLAIN (FORMAT JSON) {query}", *args)
        self.plans.append(json.loads(plan)[0]["Plan"])
        return await super().fetch(query, *args, **more)


async def read_jsonb(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads)


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[Pool]:
    with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
        for statement in CROWD:
            owner.execute(statement.encode())
        owner.execute("VACUUM ANALYZE stores")
    settings = {**SESSION, "statement_timeout": "60000"}
    async with await asyncpg.create_pool(
        database.dsn,
        min_size=1,
        max_size=1,
        connection_class=Explaining,
        server_settings=settings,
        init=read_jsonb,
    ) as opened:
        Explaining.plans.clear()
        yield opened


def scanned(plan: dict[str, Any]) -> set[str]:
    """The tables that a plan reads from end to end."""
    found = {plan["Relation Name"]} if plan["Node Type"] == "Seq Scan" else set()
    return found.union(*(scanned(inner) for inner in plan.get("Plans", ())))


@pytest.mark.prove
async def test_no_table_is_scanned_and_no_page_waits(pool: Pool) -> None:
    directory, life, checks = PostgresStoreDirectory(pool), PostgresStoreLife(pool), PostgresWebhookChecks(pool)
    everywhere = [StoreId(number) for number in range(1, 51)]
    asked = {
        "the first": lambda: directory.find(StoreFilter()),
        "later": lambda: directory.find(StoreFilter(), after=StoreId(40_000)),
        "a rare word": lambda: directory.find(StoreFilter("c4ca42")),
        "a word of all": lambda: directory.find(StoreFilter("متجر")),
        "a word of all, later": lambda: directory.find(StoreFilter("متجر"), after=StoreId(49_000)),
        "one letter": lambda: directory.find(StoreFilter("c")),
        "a word of none": lambda: directory.find(StoreFilter("nobody")),
        "a word of all and one of none": lambda: directory.find(StoreFilter("متجر nobody")),
        "an id": lambda: directory.find(StoreFilter("4999")),
        "a rare state": lambda: directory.find(StoreFilter(state=InstallState.NEEDS_REAUTHORIZATION)),
        "paused": lambda: directory.find(StoreFilter(paused=True)),
        "a word and a state": lambda: directory.find(StoreFilter("النخيل", InstallState.UNINSTALLED)),
        "last events": lambda: directory.last_events(everywhere),
        "webhooks": lambda: checks.of_installs([InstallId(number) for number in everywhere]),
        "a life among many writes": lambda: life.entries(StoreId(7), limit=51),
        "its gaps": lambda: life.gaps(StoreId(7), limit=51),
    }
    for name, ask in asked.items():
        before = time.perf_counter()
        await ask()
        seconds = time.perf_counter() - before
        assert seconds < LIMIT_SECONDS, name
        # A table of a page or two is read whole, whatever indexes it has: `gaps` is empty here.
        assert scanned(Explaining.plans[-1]) <= {"gaps"}, (name, Explaining.plans[-1])


async def test_the_index_of_lives_has_the_same_families(database: Database) -> None:
    connection = await asyncpg.connect(database.dsn)
    try:
        condition = f"SELECT count(*) FROM audit a WHERE a.store_id = 1 AND {OF_LIFE} AND a.audit_id < 9"
        await connection.execute("SET enable_seqscan = off")
        plan = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {condition}")
    finally:
        await connection.close()
    assert "audit_of_life" in plan
