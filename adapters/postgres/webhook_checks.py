"""Looks at webhooks, one row per install."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import asyncpg

from adapters.postgres.connection import Pool, acquire, transaction
from adapters.postgres.moves import LIVE_STATES
from adapters.postgres.storable_text import storable
from core.domain.webhook_states import WebhookCheck, WebhookState
from core.ids import InstallId, StoreId
from core.ports.webhook_checks import WebhookChecks

# A new install is looked at soon: what could not be subscribed then must not wait.
_KNOW: Final = """
    INSERT INTO webhook_checks (install_id, store_id, due_at)
    SELECT s.install_id, s.store_id, CASE WHEN i.installed_at > now() - interval '5 minutes'
        THEN i.installed_at + least(interval '1 minute', $1::interval) ELSE now() + random() * $1::interval END
    FROM stores s JOIN installs i USING (install_id)
    WHERE s.state = 'active' AND NOT EXISTS (SELECT FROM webhook_checks c WHERE c.install_id = s.install_id)
    ON CONFLICT DO NOTHING
"""
_FORGET: Final = """
    DELETE FROM webhook_checks WHERE install_id IN (
        SELECT c.install_id FROM webhook_checks c
        WHERE c.due_at < now() - interval '1 day'
          AND NOT EXISTS (SELECT FROM stores s WHERE s.install_id = c.install_id AND s.state <> 'uninstalled')
        LIMIT 1000)
"""
_CLAIM: Final = """
    WITH due AS (
        SELECT c.install_id FROM webhook_checks c JOIN stores s USING (store_id, install_id)
        WHERE c.due_at <= now() AND s.state = 'active' ORDER BY c.due_at LIMIT $2 FOR UPDATE OF c SKIP LOCKED
    )
    UPDATE webhook_checks c SET due_at = now() + $1 FROM due WHERE c.install_id = due.install_id RETURNING c.store_id
"""
_NOTE: Final = f"""
    INSERT INTO webhook_checks AS c (install_id, store_id, due_at, checked_at, complete_at, states, problems)
    SELECT s.install_id, s.store_id, now() + $5, now(), CASE WHEN $4 THEN now() END, $2, $3
    FROM stores s WHERE s.install_id = $1 AND s.state IN {LIVE_STATES}
    ON CONFLICT (install_id) DO UPDATE SET due_at = excluded.due_at, checked_at = excluded.checked_at,
        complete_at = coalesce(excluded.complete_at, c.complete_at), states = excluded.states,
        problems = excluded.problems
"""
_OF_INSTALLS: Final = "SELECT * FROM webhook_checks WHERE install_id = ANY ($1) AND checked_at IS NOT NULL"
_TOTALS: Final = f"""
    SELECT value AS state, count(*) AS events
    FROM webhook_checks c JOIN stores s USING (store_id, install_id), jsonb_each_text(c.states)
    WHERE s.state IN {LIVE_STATES} GROUP BY value
"""
_HEARD: Final = """
    SELECT topic, max(received_at) AS at FROM events
    WHERE store_id = (SELECT store_id FROM installs WHERE install_id = $1) AND install_id = $1 AND origin = 'zid'
    GROUP BY topic
"""


class PostgresWebhookChecks(WebhookChecks):
    """The table `webhook_checks`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def claim_due(self, *, every: timedelta, hold: timedelta, limit: int) -> Sequence[StoreId]:
        async with transaction(self._pool) as connection:
            await connection.execute(_KNOW, every)
            await connection.execute(_FORGET)
            rows = await connection.fetch(_CLAIM, hold, limit)
        return [StoreId(row["store_id"]) for row in rows]

    async def note(
        self,
        install_id: InstallId,
        *,
        states: Mapping[str, WebhookState],
        problems: Mapping[str, str],
        complete: bool,
        next_in: timedelta,
    ) -> None:
        found = {event: state.value for event, state in states.items()}
        told = {event: storable(why) for event, why in problems.items()}
        async with acquire(self._pool) as connection:
            await connection.execute(_NOTE, install_id, found, told, complete, next_in)

    async def of_install(self, install_id: InstallId) -> WebhookCheck | None:
        return (await self.of_installs([install_id])).get(install_id)

    async def of_installs(self, install_ids: Sequence[InstallId]) -> Mapping[InstallId, WebhookCheck]:
        async with acquire(self._pool) as connection:
            rows = await connection.fetch(_OF_INSTALLS, list(install_ids))
        return {check.install_id: check for check in map(_check, rows)}

    async def totals(self) -> Mapping[WebhookState, int]:
        async with acquire(self._pool) as connection:
            rows = await connection.fetch(_TOTALS)
        counted = {row["state"]: int(row["events"]) for row in rows}
        return {state: counted.get(state.value, 0) for state in WebhookState}

    async def heard(self, install_id: InstallId) -> Mapping[str, datetime]:
        async with acquire(self._pool) as connection:
            rows = await connection.fetch(_HEARD, install_id)
        return {row["topic"]: row["at"] for row in rows}


def _check(row: asyncpg.Record) -> WebhookCheck:
    states = {event: WebhookState(state) for event, state in row["states"].items()}
    store_id, install_id = StoreId(row["store_id"]), InstallId(row["install_id"])
    return WebhookCheck(store_id, install_id, row["checked_at"], row["complete_at"], states, row["problems"])
