"""The embedded app's UUIDs, as hashes, and its sessions where there is no Redis."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from adapters.postgres.audit import write_audit
from adapters.postgres.connection import Connection, Pool, acquire, transaction
from adapters.postgres.moves import LIVE_STATES
from adapters.postgres.short_lived import ShortLived
from adapters.postgres.storable_text import storable
from core.domain.audit import AuditEntry
from core.domain.embedded import EmbeddedSession
from core.ids import InstallId, StoreId
from core.ports.embedded import DueEmbedded, EmbeddedSessions, EmbeddedTokens, Registered

PAGE: Final = 1000
_BEFORE_ALL: Final = -(2**63)

_LIVE: Final = f"SELECT FROM stores s WHERE s.store_id = $1 AND s.install_id = $2 AND s.state IN {LIVE_STATES}"
# An install that nobody claims is tried again in a while: whoever offered the UUID may die with it.
_KNOW: Final = f"""
    INSERT INTO embedded_installs (install_id, store_id, due_at)
    SELECT $2, $1, now() + interval '5 minutes' WHERE EXISTS ({_LIVE})
    ON CONFLICT DO NOTHING
"""
_OFFER: Final = f"""
    INSERT INTO embedded_tokens (token_hash, install_id, store_id)
    SELECT $3, $2, $1 WHERE EXISTS ({_LIVE}) RETURNING true
"""
_ACCEPT: Final = """
    UPDATE embedded_tokens SET accepted_at = now() WHERE token_hash = $1 RETURNING install_id, number
"""
_SETTLE: Final = """
    UPDATE embedded_installs SET due_at = coalesce(now() + $2, 'infinity'), failures = 0, registered_at = now(),
        problem = NULL, visits_since = CASE WHEN $3 THEN now() ELSE visits_since END
    WHERE install_id = $1
"""
_END_OLDER: Final = "UPDATE embedded_tokens SET expires_at = now() WHERE install_id = $1 AND number < $2"
_POSTPONE: Final = """
    UPDATE embedded_installs SET due_at = now() + $2, failures = failures + 1, problem = $3 WHERE install_id = $1
"""
_WITHDRAW: Final = "DELETE FROM embedded_tokens WHERE install_id = $1 AND token_hash = $2"
# Installs that nobody ever offered a UUID are rare: all stores are looked through, a page at each claim.
_KNOW_PAGE: Final = """
    WITH page AS MATERIALIZED (
        SELECT store_id, install_id, state FROM stores WHERE store_id > $1 ORDER BY store_id LIMIT $2
    ),
    known AS (
        INSERT INTO embedded_installs (install_id, store_id, due_at)
        SELECT p.install_id, p.store_id, now() FROM page p
        WHERE p.state = 'active' AND NOT EXISTS (SELECT FROM embedded_installs e WHERE e.install_id = p.install_id)
        ON CONFLICT DO NOTHING
    )
    SELECT max(store_id) AS last, count(*) AS stores FROM page
"""
# What is due and cannot be registered now must not stand in the way of what can.
_CLAIM: Final = """
    WITH due AS (
        SELECT install_id, store_id FROM embedded_installs
        WHERE due_at <= now() ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED
    ),
    judged AS (
        SELECT d.install_id, EXISTS (
            SELECT FROM stores s WHERE s.store_id = d.store_id AND s.install_id = d.install_id AND s.state = 'active'
        ) AS active FROM due d
    ),
    held AS (
        UPDATE embedded_installs e SET due_at = now() + CASE WHEN j.active THEN $1 ELSE interval '1 hour' END
        FROM judged j WHERE e.install_id = j.install_id
        RETURNING e.store_id, e.install_id, e.failures, j.active
    )
    SELECT store_id, install_id, failures FROM held WHERE active
"""
_REDEEM: Final = f"""
    WITH found AS (
        SELECT t.number, t.store_id, t.install_id, t.presented_at
        FROM embedded_tokens t JOIN stores s USING (store_id, install_id)
        WHERE t.token_hash = $1 AND t.expires_at > now() AND s.state IN {LIVE_STATES}
    ),
    first AS (
        UPDATE embedded_tokens t SET presented_at = now() FROM found f
        WHERE t.number = f.number AND f.presented_at IS NULL
    ),
    older AS (
        UPDATE embedded_tokens t SET expires_at = least(t.expires_at, now() + $2) FROM found f
        WHERE f.presented_at IS NULL AND t.install_id = f.install_id AND t.number < f.number
    )
    SELECT store_id, install_id FROM found
"""
_OF_INSTALL: Final = "SELECT registered_at, problem, visits_since FROM embedded_installs WHERE install_id = $1"
_OVER: Final = f"""
    NOT EXISTS (SELECT FROM stores s WHERE s.store_id = t.store_id AND s.install_id = t.install_id
                AND s.state IN {LIVE_STATES})
"""
_FORGET_TOKENS: Final = f"""
    DELETE FROM embedded_tokens WHERE number IN (
        SELECT t.number FROM embedded_tokens t WHERE t.expires_at <= now() OR {_OVER}
        LIMIT $1 FOR UPDATE SKIP LOCKED)
"""
_FORGET_INSTALLS: Final = f"""
    DELETE FROM embedded_installs WHERE install_id IN (
        SELECT t.install_id FROM embedded_installs t WHERE {_OVER} LIMIT $1 FOR UPDATE SKIP LOCKED)
"""


class PostgresEmbeddedTokens(EmbeddedTokens):
    """The tables `embedded_installs` and `embedded_tokens`."""

    def __init__(self, pool: Pool, *, page: int = PAGE) -> None:
        self._pool = pool
        self._page = page
        self._seen = _BEFORE_ALL

    async def offer(self, store_id: StoreId, install_id: InstallId, token_hash: bytes) -> bool:
        async with transaction(self._pool) as connection:
            await connection.execute(_KNOW, store_id, install_id)
            return bool(await connection.fetchval(_OFFER, store_id, install_id, token_hash))

    async def accept(
        self, token_hash: bytes, *, again_in: timedelta | None, only: bool = False, audit: AuditEntry
    ) -> bool:
        async with transaction(self._pool) as connection:
            row = await connection.fetchrow(_ACCEPT, token_hash)
            if row is None:
                return False
            await connection.execute(_SETTLE, row["install_id"], again_in, only)
            if only:
                await connection.execute(_END_OLDER, row["install_id"], row["number"])
            await write_audit(connection, audit)
        return True

    async def postpone(
        self, install_id: InstallId, *, wait: timedelta, problem: str, withdrawn: bytes | None = None
    ) -> None:
        async with transaction(self._pool) as connection:
            await connection.execute(_POSTPONE, install_id, wait, storable(problem))
            await connection.execute(_WITHDRAW, install_id, withdrawn)

    async def claim_due(self, *, hold: timedelta, limit: int) -> Sequence[DueEmbedded]:
        async with transaction(self._pool) as connection:
            await self._know_page(connection)
            rows = await connection.fetch(_CLAIM, hold, limit)
        return [DueEmbedded(StoreId(row["store_id"]), InstallId(row["install_id"]), row["failures"]) for row in rows]

    async def _know_page(self, connection: Connection) -> None:
        row = await connection.fetchrow(_KNOW_PAGE, self._seen, self._page)
        self._seen = row["last"] if row and row["stores"] == self._page else _BEFORE_ALL

    async def redeem(self, token_hash: bytes, *, overlap: timedelta) -> tuple[StoreId, InstallId] | None:
        async with acquire(self._pool) as connection:
            row = await connection.fetchrow(_REDEEM, token_hash, overlap)
        return (StoreId(row["store_id"]), InstallId(row["install_id"])) if row else None

    async def of_install(self, install_id: InstallId) -> Registered | None:
        async with acquire(self._pool) as connection:
            row = await connection.fetchrow(_OF_INSTALL, install_id)
        return Registered(row["registered_at"], row["problem"], row["visits_since"]) if row else None

    async def forget(self, *, limit: int) -> int:
        async with acquire(self._pool) as connection:
            await connection.execute(_FORGET_INSTALLS, limit)
            return int((await connection.execute(_FORGET_TOKENS, limit)).rpartition(" ")[2])


class PostgresEmbeddedSessions(EmbeddedSessions):
    """Rows among what is kept for a while."""

    def __init__(self, pool: Pool) -> None:
        self._kept = ShortLived(pool, "embedded")

    async def open(self, key: bytes, session: EmbeddedSession, *, idle: float) -> None:
        await self._kept.put(key.hex(), session.write(), seconds=idle)

    async def use(self, key: bytes, *, idle: float) -> EmbeddedSession | None:
        content = await self._kept.prolong(key.hex(), seconds=idle)
        return EmbeddedSession.read(content) if content is not None else None

    async def close(self, key: bytes) -> None:
        await self._kept.drop(key.hex())
