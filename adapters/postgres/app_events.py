"""App events and subscriptions of stores, by this database's clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

import asyncpg

from adapters.postgres.audit import write_audit
from adapters.postgres.connection import Pool, acquire, transaction
from adapters.postgres.storable_text import storable
from core.domain.app_events import AppEvent, AppEventOutcome, PlanClaim, StoreSubscription
from core.domain.audit import AuditEntry
from core.domain.names import Name
from core.domain.timestamps import parse_time
from core.ids import InstallId, StoreId
from core.ports.app_events import AppEventBook, AppEventClaim, AppEventRecord, StoreSubscriptions

_CLAIMED: Final = "app_event_id, store_id, install_id, name, app_id, plan, request_id, received_at, tries"
_NOTE: Final = f"""
    INSERT INTO app_events (key, store_id, name, app_id, plan, request_id, due_at, tries)
    VALUES ($1, $2, $3, $4, $5, $6, now() + $7, 1)
    ON CONFLICT (key) DO NOTHING
    RETURNING {_CLAIMED}
"""
_CLAIM_DUE: Final = f"""
    WITH next AS (
        SELECT app_event_id FROM app_events WHERE due_at <= now()
        ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED
    )
    UPDATE app_events SET due_at = now() + $2, tries = tries + 1
    WHERE app_event_id IN (SELECT app_event_id FROM next)
    RETURNING {_CLAIMED}
"""
_SETTLE: Final = """
    UPDATE app_events SET due_at = NULL, why = NULL, outcome = $2, settled_at = now()
    WHERE app_event_id = $1 AND outcome IS NULL
"""
_LOOK_AGAIN: Final = """
    UPDATE app_events SET due_at = now() + $2, why = $3, install_id = coalesce(install_id, $4)
    WHERE app_event_id = $1 AND outcome IS NULL
"""
_OF_STORE: Final = """
    SELECT name, app_id, store_id, plan, request_id, received_at, outcome, due_at, why
    FROM app_events WHERE store_id = $1 ORDER BY app_event_id DESC LIMIT $2
"""
_FORGET: Final = "DELETE FROM app_events WHERE settled_at < now() - $1::interval"
# What is verified stays until Zid itself is heard again.
_KEEP: Final = """
    INSERT INTO store_subscriptions AS s (store_id, plan, is_usage_based, verified, told_by, seen_at)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (store_id) DO UPDATE
    SET plan = excluded.plan, is_usage_based = excluded.is_usage_based, verified = excluded.verified,
        told_by = excluded.told_by, seen_at = excluded.seen_at
    WHERE excluded.verified OR NOT s.verified
"""
_KEPT: Final = "SELECT * FROM store_subscriptions WHERE store_id = $1 FOR UPDATE"
_OF_STORES: Final = "SELECT * FROM store_subscriptions WHERE store_id = ANY ($1) ORDER BY store_id"


class PostgresAppEventBook(AppEventBook):
    """The table `app_events`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def note(self, event: AppEvent, *, hold: timedelta) -> AppEventClaim | None:
        values = (event.store_id, storable(event.name), storable(event.app_id), _written(event.plan))
        async with acquire(self._pool) as connection:
            row = await connection.fetchrow(_NOTE, event.key, *values, storable(event.request_id), hold)
        return _claim(row) if row else None

    async def claim_due(self, *, limit: int, hold: timedelta) -> Sequence[AppEventClaim]:
        async with acquire(self._pool) as connection:
            return [_claim(row) for row in await connection.fetch(_CLAIM_DUE, limit, hold)]

    async def settle(self, claim: AppEventClaim, outcome: AppEventOutcome) -> None:
        async with acquire(self._pool) as connection:
            await connection.execute(_SETTLE, claim.number, outcome.value)

    async def look_again(self, claim: AppEventClaim, wait: timedelta, why: str, install_id: InstallId | None) -> None:
        async with acquire(self._pool) as connection:
            await connection.execute(_LOOK_AGAIN, claim.number, wait, storable(why), install_id)

    async def of_store(self, store_id: StoreId, *, limit: int = 20) -> Sequence[AppEventRecord]:
        async with acquire(self._pool) as connection:
            return [_record(row) for row in await connection.fetch(_OF_STORE, store_id, limit)]

    async def forget(self, *, older_than: timedelta) -> int:
        async with acquire(self._pool) as connection:
            return int((await connection.execute(_FORGET, older_than)).split()[-1])


class PostgresStoreSubscriptions(StoreSubscriptions):
    """The table `store_subscriptions`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def keep(self, found: StoreSubscription, *, audit: AuditEntry) -> bool:
        values = (_written(found.plan), found.is_usage_based, found.verified, storable(found.told_by), found.seen_at)
        async with transaction(self._pool) as connection:
            before = await connection.fetchrow(_KEPT, found.store_id)
            await connection.execute(_KEEP, found.store_id, *values)
            after = await connection.fetchrow(_KEPT, found.store_id)
            says_anew = _said(before) != _said(after)
            if says_anew:
                await write_audit(connection, audit)
        return says_anew

    async def of_stores(self, store_ids: Sequence[StoreId]) -> Sequence[StoreSubscription]:
        async with acquire(self._pool) as connection:
            return [_subscription(row) for row in await connection.fetch(_OF_STORES, store_ids)]


def _said(row: asyncpg.Record | None) -> tuple[object, ...] | None:
    return (row["plan"], row["is_usage_based"], row["verified"]) if row else None


def _written(plan: PlanClaim) -> dict[str, object]:
    return {
        "status": storable(plan.status),
        "plan_id": storable(plan.plan_id),
        "plan_name": {language: storable(name) for language, name in plan.plan_name.written().items()},
        "plan_type": storable(plan.plan_type),
        "starts_at": plan.starts_at.isoformat() if plan.starts_at else None,
        "ends_at": plan.ends_at.isoformat() if plan.ends_at else None,
    }


def _plan(written: Mapping[str, object]) -> PlanClaim:
    def text(key: str) -> str | None:
        value = written.get(key)
        return value if isinstance(value, str) else None

    return PlanClaim(
        text("status"),
        text("plan_id"),
        Name.read(written.get("plan_name")),
        text("plan_type"),
        parse_time(written.get("starts_at")),
        parse_time(written.get("ends_at")),
    )


def _event(row: asyncpg.Record) -> AppEvent:
    return AppEvent(row["name"], row["app_id"], StoreId(row["store_id"]), _plan(row["plan"]), row["request_id"])


def _claim(row: asyncpg.Record) -> AppEventClaim:
    install_id = row["install_id"]
    return AppEventClaim(
        row["app_event_id"],
        _event(row),
        row["received_at"],
        row["tries"],
        InstallId(install_id) if install_id is not None else None,
    )


def _record(row: asyncpg.Record) -> AppEventRecord:
    outcome = AppEventOutcome(row["outcome"]) if row["outcome"] else None
    return AppEventRecord(_event(row), row["received_at"], outcome, row["due_at"], row["why"])


def _subscription(row: asyncpg.Record) -> StoreSubscription:
    return StoreSubscription(
        StoreId(row["store_id"]),
        _plan(row["plan"]),
        row["is_usage_based"],
        row["verified"],
        row["told_by"],
        row["seen_at"],
    )
