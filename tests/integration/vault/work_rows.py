"""Events and runs put into the ledger's tables as they stand at some moment."""

from __future__ import annotations

from collections import Counter
from uuid import UUID, uuid4

from adapters.postgres.connection import Connection, Pool
from core.domain.stores import Install

_EVENT = """
    INSERT INTO events (event_id, store_id, install_id, origin, topic, entity_kind, entity_id, lane,
                        state, open_runs, received_at, size, body)
    VALUES ($1, $2, $3, 'zid', 'order.create', 'order', '7', 7, $4, $5, now(), 4, 'body')
"""
_RUN = """
    INSERT INTO runs (event_id, handler, store_id, install_id, lane, seq, state)
    VALUES ($1::uuid, 'app.handler', $2, $3, hashtext($1::uuid::text), 1, $4)
"""


async def add_event(on: Pool | Connection, install: Install, state: str, run_state: str | None = None) -> UUID:
    event_id = uuid4()
    open_runs = int(run_state in ("queued", "running", "waiting"))
    await on.execute(_EVENT, event_id, install.store_id, install.install_id, state, open_runs)
    if run_state:
        await add_run(on, install, event_id, run_state)
    return event_id


async def add_run(on: Pool | Connection, install: Install, event_id: UUID, state: str) -> None:
    await on.execute(_RUN, event_id, install.store_id, install.install_id, state)


async def add_backlog(on: Pool | Connection, install: Install, count: int) -> None:
    statement = """
        INSERT INTO events (event_id, store_id, install_id, origin, topic, state, received_at, size, body)
        SELECT gen_random_uuid(), $1, $2, 'zid', 'order.create', 'queued', now(), 4, 'body' FROM generate_series(1, $3)
    """
    await on.execute(statement, install.store_id, install.install_id, count)


async def event_states(pool: Pool, install: Install) -> Counter[str]:
    rows = await pool.fetch("SELECT state FROM events WHERE install_id = $1", install.install_id)
    return Counter(row["state"] for row in rows)


async def run_states(pool: Pool, install: Install) -> Counter[str]:
    rows = await pool.fetch("SELECT state FROM runs WHERE install_id = $1", install.install_id)
    return Counter(row["state"] for row in rows)
