"""Alerts: raised and healed inside the transaction of what they tell about, or by themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

import asyncpg

from adapters.postgres.connection import Connection, Pool, acquire, transaction
from core.domain.alerts import Alert, AlertKind, Change, KnownAlert, News
from core.ids import InstallId, StoreId
from core.ports.alerts import AlertFilter, Alerts

LOST: Final = "the answer to its renewal was lost"
DIED: Final = "the process that renewed its tokens died"
KNOWN_KINDS: Final = [kind.value for kind in AlertKind]
"""A later release, beside this one or before it was rolled back, may have written others: they are left to it."""

_RAISE: Final = """
    INSERT INTO alerts (kind, subject, reason, store_id, install_id) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (kind, subject) WHERE healed_at IS NULL DO NOTHING
    RETURNING true
"""
_HEAL: Final = """
    UPDATE alerts SET healed_at = clock_timestamp() WHERE kind = $1 AND subject = $2 AND healed_at IS NULL
    RETURNING true
"""
_HEAL_INSTALL: Final = """
    UPDATE alerts SET healed_at = clock_timestamp()
    WHERE store_id = (SELECT store_id FROM installs WHERE install_id = $1) AND install_id = $1 AND healed_at IS NULL
"""
_COLUMNS: Final = """
    alert_id, kind, subject, reason, store_id, install_id, raised_at, told_at, healed_at, healing_told_at
"""
_PAGE: Final = f"""
    SELECT {_COLUMNS} FROM alerts
    WHERE kind = ANY ($6) AND ($1::text IS NULL OR kind = $1) AND ($2::bigint IS NULL OR store_id = $2)
        AND ($3::bool IS NULL OR (healed_at IS NULL) = $3) AND ($4::bigint IS NULL OR alert_id < $4)
    ORDER BY alert_id DESC LIMIT $5
"""
_OPEN_COUNTS: Final = "SELECT kind, count(*) FROM alerts WHERE healed_at IS NULL GROUP BY kind"
_UNTOLD: Final = "(told_at IS NULL OR (healed_at IS NOT NULL AND healing_told_at IS NULL))"
_CLAIM_NEWS: Final = f"""
    UPDATE alerts SET claimed_until = clock_timestamp() + make_interval(secs => $2)
    WHERE {_UNTOLD} AND alert_id = ANY (ARRAY(
        SELECT alert_id FROM alerts
        WHERE {_UNTOLD} AND kind = ANY ($3) AND (claimed_until IS NULL OR claimed_until <= clock_timestamp())
        ORDER BY alert_id LIMIT $1 FOR UPDATE SKIP LOCKED
    ))
    RETURNING {_COLUMNS}
"""
_TOLD: Final = {
    Change.RAISED: "UPDATE alerts SET told_at = now(), claimed_until = NULL WHERE alert_id = ANY ($1)",
    Change.HEALED: "UPDATE alerts SET healing_told_at = now(), claimed_until = NULL WHERE alert_id = ANY ($1)",
}
_FORGET: Final = f"DELETE FROM alerts WHERE healed_at < $1 AND NOT {_UNTOLD}"


def doubted(intents: str, reason: str) -> str:
    """SQL: raises the alert REFRESH_IN_DOUBT for the stores of `intents`, a query that has an `install_id`."""
    return f"""
        INSERT INTO alerts (kind, subject, reason, store_id, install_id)
        SELECT '{AlertKind.REFRESH_IN_DOUBT.value}', store_id::text, '{reason}', store_id, install_id
        FROM installs WHERE install_id IN (SELECT install_id FROM {intents})
        ON CONFLICT (kind, subject) WHERE healed_at IS NULL DO NOTHING
    """


async def raise_alert(conn: Connection, alert: Alert) -> bool:
    """Inside the caller's transaction: open from its commit on, unless one of this kind and subject is."""
    about = (alert.kind.value, alert.subject, alert.reason, alert.store_id, alert.install_id)
    return await conn.fetchval(_RAISE, *about) is True


async def heal_alert(conn: Connection, kind: AlertKind, subject: str) -> bool:
    """Inside the caller's transaction."""
    return await conn.fetchval(_HEAL, kind.value, subject) is True


async def heal_alerts_of(conn: Connection, install_id: InstallId) -> None:
    """Inside the caller's transaction: whatever is open about this install is over with it."""
    await conn.execute(_HEAL_INSTALL, install_id)


class PostgresAlerts(Alerts):
    """The table `alerts`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def raise_once(self, alert: Alert) -> bool:
        async with acquire(self._pool) as conn:
            return await raise_alert(conn, alert)

    async def heal(self, kind: AlertKind, subject: str) -> bool:
        async with acquire(self._pool) as conn:
            return await heal_alert(conn, kind, subject)

    async def page(self, wanted: AlertFilter, *, before: int | None = None, limit: int = 50) -> Sequence[KnownAlert]:
        kind = wanted.kind.value if wanted.kind else None
        async with acquire(self._pool) as conn:
            rows = await conn.fetch(_PAGE, kind, wanted.store_id, wanted.is_open, before, limit, KNOWN_KINDS)
        return [_known(row) for row in rows]

    async def open_counts(self) -> Mapping[AlertKind, int]:
        async with acquire(self._pool) as conn:
            counts = {row[0]: row[1] for row in await conn.fetch(_OPEN_COUNTS)}
        return {kind: counts.get(kind.value, 0) for kind in AlertKind}

    async def claim_news(self, *, limit: int, hold: float) -> Sequence[News]:
        async with acquire(self._pool) as conn:
            rows = await conn.fetch(_CLAIM_NEWS, limit, hold, KNOWN_KINDS)
        return [news for row in sorted(rows, key=_by_id) for news in _untold(row)]

    async def told(self, news: Sequence[News]) -> None:
        async with transaction(self._pool) as conn:
            for change, statement in _TOLD.items():
                ids = sorted(one.known.alert_id for one in news if one.change is change)
                await conn.execute(statement, ids)

    async def forget(self, *, healed_before: datetime) -> int:
        async with acquire(self._pool) as conn:
            return int((await conn.execute(_FORGET, healed_before)).rpartition(" ")[2])


def _by_id(row: asyncpg.Record) -> int:
    return int(row["alert_id"])


def _untold(row: asyncpg.Record) -> Iterator[News]:
    if row["told_at"] is None:
        yield News(_known(row), Change.RAISED)
    if row["healed_at"] is not None and row["healing_told_at"] is None:
        yield News(_known(row), Change.HEALED)


def _known(row: asyncpg.Record) -> KnownAlert:
    store_id, install_id = row["store_id"], row["install_id"]
    alert = Alert(
        AlertKind(row["kind"]),
        row["subject"],
        row["reason"],
        None if store_id is None else StoreId(store_id),
        None if install_id is None else InstallId(install_id),
    )
    return KnownAlert(row["alert_id"], alert, row["raised_at"], row["healed_at"], row["told_at"])
