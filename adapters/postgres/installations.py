"""Installs: one row per life of the app in a store, and the store's row that says which one counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final

import asyncpg

from adapters.postgres.alerts import heal_alert, raise_alert
from adapters.postgres.audit import write_audit
from adapters.postgres.backfills import queue_first_backfills
from adapters.postgres.connection import Connection, Pool, acquire, transaction
from adapters.postgres.erasures import refuse_while_erased
from adapters.postgres.install_end import LONG, be_patient, cancel_work, despite_deadlocks, finish_off
from adapters.postgres.locks import lock_key
from adapters.postgres.token_vault import schedule_refresh, store_first_tokens
from core.domain.alerts import AlertKind, about_store, subject_of
from core.domain.audit import AuditEntry
from core.domain.operations.webhooks import Subscription
from core.domain.stores import INSTALL_MOVES, LIVE, Install, InstallState, StoreIdentity
from core.domain.tokens import Tokens
from core.errors import Conflict, Stale
from core.ids import Epoch, InstallId, StoreId
from core.ports.installations import Installations
from core.ports.sealing import Sealer

SUPERSEDED: Final = "install.superseded"
"""Audited for an install that ended because the next one began."""
_BEFORE_ALL: Final = -(2**63)

INSTALLS: Final = """
    SELECT s.store_id, s.uuid, s.title, s.url, s.currency, s.install_id, s.epoch, s.state, i.installed_at, i.ended_at,
           s.paused_at
    FROM stores s JOIN installs i ON i.install_id = s.install_id
"""
_CURRENT: Final = INSTALLS + "WHERE s.store_id = $1"
_PAGE: Final = INSTALLS + "WHERE s.store_id > $1 ORDER BY s.store_id LIMIT $2"

# Returns nothing when this install is the store's already: activating it again changes nothing.
_TAKE_STORE: Final = """
    INSERT INTO stores AS s (store_id, uuid, title, url, currency, install_id, epoch, state)
    VALUES ($1, $2, $3, $4, $5, $6, 1, 'active')
    ON CONFLICT (store_id) DO UPDATE
    SET uuid = excluded.uuid, title = excluded.title, url = excluded.url, currency = excluded.currency,
        install_id = excluded.install_id, epoch = s.epoch + 1, state = 'active', updated_at = now()
    WHERE s.install_id <> excluded.install_id
    RETURNING epoch
"""
_ADD_INSTALL: Final = """
    INSERT INTO installs (install_id, store_id, epoch, state) VALUES ($1, $2, $3, 'active')
    ON CONFLICT DO NOTHING
    RETURNING true
"""
# Installs of one store come one after the other; the row that could be locked may not exist yet.
_ONE_AT_A_TIME: Final = "SELECT pg_advisory_xact_lock($1)"
# Locks out everybody else who means to end or move it, but no reference to it and no delivery for it.
# Whoever locks several rows does it in this order: installs, their work, stores, tokens, what is due.
_BEFORE: Final = """
    SELECT install_id FROM installs
    WHERE store_id = $1 AND install_id <> $2 AND state <> 'uninstalled' FOR NO KEY UPDATE
"""
_END_BEGINS: Final = """
    SELECT store_id FROM installs WHERE install_id = $1 AND state <> 'uninstalled' FOR NO KEY UPDATE
"""
_END_STORE: Final = """
    UPDATE stores SET state = 'uninstalled', updated_at = now()
    WHERE store_id = $1 AND install_id = $2 AND state <> 'uninstalled'
    RETURNING true
"""
_MOVE_INSTALL: Final = """
    UPDATE installs SET state = $2 WHERE install_id = $1 AND state = ANY ($3) RETURNING store_id
"""
_MOVE_STORE: Final = """
    UPDATE stores SET state = $3, updated_at = now() WHERE store_id = $1 AND install_id = $2
"""

_PARK: Final = "UPDATE refresh_due SET due_at = 'infinity' WHERE install_id = $1"
_UNPARK: Final = """
    UPDATE refresh_due SET due_at = now(), failures = 0 WHERE install_id = $1 AND due_at = 'infinity'
"""

_LOCK_INSTALL: Final = "SELECT true FROM installs WHERE install_id = $1 FOR NO KEY UPDATE"
_FORGET_SUBSCRIPTIONS: Final = "DELETE FROM webhook_subscriptions WHERE install_id = $1"
_NOTE_SUBSCRIPTIONS: Final = """
    INSERT INTO webhook_subscriptions (install_id, zid_id, event, target_url, original_id, active, health)
    SELECT $1::bigint, * FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bool[], $7::text[])
"""
_SUBSCRIPTIONS: Final = """
    SELECT zid_id, event, target_url, original_id, active, health FROM webhook_subscriptions
    WHERE install_id = $1 ORDER BY event, zid_id
"""


class PostgresInstallations(Installations):
    """The tables stores, installs and what belongs to an install."""

    def __init__(self, pool: Pool, sealer: Sealer) -> None:
        self._pool = pool
        self._sealer = sealer

    async def activate(
        self,
        identity: StoreIdentity,
        install_id: InstallId,
        tokens: Tokens,
        *,
        refresh_at: datetime,
        audit: AuditEntry,
    ) -> Install:
        """Safe to repeat when the answer was lost. Raises Stale for an install that is over."""
        attempt = partial(self._activate, identity, install_id, tokens, refresh_at, audit)
        return await despite_deadlocks(attempt)

    async def current(self, store_id: StoreId) -> Install | None:
        async with acquire(self._pool) as conn:
            row = await conn.fetchrow(_CURRENT, store_id)
        return read_install(row) if row else None

    async def page(self, *, after: StoreId | None = None, limit: int = 50) -> Sequence[Install]:
        async with acquire(self._pool) as conn:
            rows = await conn.fetch(_PAGE, _BEFORE_ALL if after is None else after, limit)
        return [read_install(row) for row in rows]

    async def change_state(self, install_id: InstallId, target: InstallState, *, audit: AuditEntry) -> bool:
        sources = [state.value for state in LIVE if target in LIVE & INSTALL_MOVES[state]]
        async with transaction(self._pool) as conn:
            store_id = await conn.fetchval(_MOVE_INSTALL, install_id, target.value, sources)
            if store_id is None:
                return False
            await conn.execute(_MOVE_STORE, store_id, install_id, target.value)
            await conn.execute(_UNPARK if target is InstallState.ACTIVE else _PARK, install_id)
            await _tell_of(conn, store_id, install_id, target, str(audit.details.get("reason", "")))
            await write_audit(conn, audit)
        return True

    async def end(self, install_id: InstallId, *, audit: AuditEntry) -> int | None:
        return await despite_deadlocks(partial(self._end, install_id, audit))

    async def note_subscriptions(self, install_id: InstallId, found: Sequence[Subscription]) -> None:
        by_id = {subscription.id: subscription for subscription in found}
        rows = [(s.id, s.event, s.target_url, s.original_id, s.active, s.health) for s in by_id.values()]
        columns = list(zip(*rows, strict=True)) or [()] * 6
        async with transaction(self._pool) as conn:
            if await conn.fetchval(_LOCK_INSTALL, install_id):
                await conn.execute(_FORGET_SUBSCRIPTIONS, install_id)
                await conn.execute(_NOTE_SUBSCRIPTIONS, install_id, *columns)

    async def subscriptions(self, install_id: InstallId) -> Sequence[Subscription]:
        async with acquire(self._pool) as conn:
            rows = await conn.fetch(_SUBSCRIPTIONS, install_id)
        return [Subscription(*row.values()) for row in rows]

    async def _activate(
        self, identity: StoreIdentity, install_id: InstallId, tokens: Tokens, refresh_at: datetime, audit: AuditEntry
    ) -> Install:
        async with transaction(self._pool) as conn:
            await _take_turns(conn, identity.store_id)
            await refuse_while_erased(conn, identity.store_id)
            cancelled = await _cancel_work_before(conn, identity.store_id, install_id)
            epoch = await _take_store(conn, identity, install_id)
            if epoch is not None:
                await _end_installs_before(conn, identity.store_id, install_id, cancelled, audit)
                await _add_install(conn, identity.store_id, install_id, epoch)
                await store_first_tokens(conn, self._sealer, identity.store_id, install_id, tokens)
                await schedule_refresh(conn, identity.store_id, install_id, refresh_at)
                await queue_first_backfills(conn, identity.store_id, install_id)
                await write_audit(conn, audit)
            row = await conn.fetchrow(_CURRENT, identity.store_id)
        assert row is not None  # written, or found to be ours, a moment ago
        if (install := read_install(row)).state not in LIVE:
            raise Stale(f"install {install_id} is over")
        return install

    async def _end(self, install_id: InstallId, audit: AuditEntry) -> int | None:
        async with transaction(self._pool) as conn:
            store_id = await conn.fetchval(_END_BEGINS, install_id)
            if store_id is None:
                return None
            await be_patient(conn)
            cancelled = await cancel_work(conn, install_id)
            if not await conn.fetchval(_END_STORE, store_id, install_id):
                raise Conflict(f"install {install_id} is live, but not the current one of store {store_id}")
            cancelled += await finish_off(conn, install_id)
            await write_audit(conn, replace(audit, details={**audit.details, "cancelled_events": cancelled}))
        return cancelled


async def _tell_of(
    conn: Connection, store_id: StoreId, install_id: InstallId, target: InstallState, reason: str
) -> None:
    """No longer in doubt: known to work, or known not to."""
    await heal_alert(conn, AlertKind.REFRESH_IN_DOUBT, subject_of(store_id))
    if target is InstallState.NEEDS_REAUTHORIZATION:
        await raise_alert(conn, about_store(AlertKind.NEEDS_REAUTHORIZATION, store_id, install_id, reason))
    else:
        await heal_alert(conn, AlertKind.NEEDS_REAUTHORIZATION, subject_of(store_id))


async def _take_turns(conn: Connection, store_id: StoreId) -> None:
    await be_patient(conn)
    await conn.execute(_ONE_AT_A_TIME, lock_key(f"activate:{store_id}"), timeout=LONG)


async def _cancel_work_before(conn: Connection, store_id: StoreId, install_id: InstallId) -> dict[InstallId, int]:
    """A long backlog is cancelled before the store's row is locked, so that ingest is held up only briefly."""
    before = [InstallId(row["install_id"]) for row in await conn.fetch(_BEFORE, store_id, install_id)]
    return {earlier: await cancel_work(conn, earlier) for earlier in before}


async def _take_store(conn: Connection, identity: StoreIdentity, install_id: InstallId) -> Epoch | None:
    """The epoch of the new install; None when it is the store's install already."""
    who = (identity.store_id, identity.uuid, identity.title, identity.url, identity.currency)
    epoch = await conn.fetchval(_TAKE_STORE, *who, install_id)
    return None if epoch is None else Epoch(epoch)


async def _end_installs_before(
    conn: Connection, store_id: StoreId, install_id: InstallId, cancelled: dict[InstallId, int], audit: AuditEntry
) -> None:
    for row in await conn.fetch(_BEFORE, store_id, install_id):
        ended = InstallId(row["install_id"])
        events = cancelled.get(ended, 0) + await finish_off(conn, ended)
        details = {"cancelled_events": events, "by_install": install_id}
        entry = replace(audit, action=SUPERSEDED, store_id=store_id, install_id=ended, details=details)
        await write_audit(conn, entry)


async def _add_install(conn: Connection, store_id: StoreId, install_id: InstallId, epoch: Epoch) -> None:
    if not await conn.fetchval(_ADD_INSTALL, install_id, store_id, epoch):
        raise Stale(f"install {install_id} is over: a later one took its place")


def read_install(row: asyncpg.Record) -> Install:
    """The install in a row of INSTALLS."""
    identity = StoreIdentity(StoreId(row["store_id"]), row["uuid"], row["title"], row["url"], row["currency"])
    return Install(
        identity,
        InstallId(row["install_id"]),
        Epoch(row["epoch"]),
        InstallState(row["state"]),
        row["installed_at"],
        row["ended_at"],
        row["paused_at"],
    )
