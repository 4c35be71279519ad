"""Idempotency keys: who was first is decided by the primary key."""

from __future__ import annotations

from typing import Final

import asyncpg

from adapters.postgres.connection import Pool, acquire
from core.domain.idempotency import (
    KEPT,
    Begun,
    Fresh,
    IdempotencyKey,
    InProgress,
    KeptAnswer,
    Mismatch,
    OutcomeLost,
    Replay,
)
from core.errors import Unavailable
from core.ids import WorkerId
from core.ports.idempotency_keys import IdempotencyKeys

# A key past its time is begun anew in place, with a claim of its own.
_TAKE: Final = """
    INSERT INTO idempotency_keys AS k (key, fingerprint, worker_id, state, expires_at, store_id)
    VALUES ($1, $2, $3, 'in_progress', now() + $4, $5)
    ON CONFLICT (key) DO UPDATE
    SET claim = DEFAULT, fingerprint = excluded.fingerprint, worker_id = excluded.worker_id,
        state = excluded.state, begun_at = now(), expires_at = excluded.expires_at,
        status = NULL, headers = NULL, body = NULL, store_id = excluded.store_id
    WHERE k.expires_at <= now()
    RETURNING claim
"""
_LOOK: Final = """
    SELECT k.fingerprint, k.state, k.begun_at, k.status, k.headers, k.body,
           coalesce(w.lease_until > now(), false) AS alive
    FROM idempotency_keys k LEFT JOIN workers w USING (worker_id)
    WHERE k.key = $1 AND k.expires_at > now()
"""
_FINISH: Final = """
    UPDATE idempotency_keys SET state = 'finished', status = $3, headers = $4, body = $5
    WHERE key = $1 AND claim = $2 AND state = 'in_progress'
    RETURNING true
"""
_ABANDON: Final = "DELETE FROM idempotency_keys WHERE key = $1 AND claim = $2 AND state = 'in_progress'"

_TRIES: Final = 5


class PostgresIdempotencyKeys(IdempotencyKeys):
    """The table `idempotency_keys`, by this database's clock."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def begin(self, key: IdempotencyKey, fingerprint: bytes, *, worker: WorkerId) -> Begun:
        """Unavailable also when the key keeps vanishing between the insert and the look."""
        async with acquire(self._pool) as connection:
            for _ in range(_TRIES):
                claim = await connection.fetchval(_TAKE, key.digest, fingerprint, worker, KEPT, key.store_id)
                if claim is not None:
                    return Fresh(int(claim))
                row = await connection.fetchrow(_LOOK, key.digest)
                if row is not None:
                    return _standing(row, fingerprint)
        raise Unavailable("postgres", "an idempotency key is being abandoned again and again")

    async def finish(self, key: IdempotencyKey, claim: int, answer: KeptAnswer) -> bool:
        async with acquire(self._pool) as connection:
            kept = (answer.status, dict(answer.headers), answer.body)
            return bool(await connection.fetchval(_FINISH, key.digest, claim, *kept))

    async def abandon(self, key: IdempotencyKey, claim: int) -> None:
        async with acquire(self._pool) as connection:
            await connection.execute(_ABANDON, key.digest, claim)


def _standing(row: asyncpg.Record, fingerprint: bytes) -> Begun:
    if row["fingerprint"] != fingerprint:
        return Mismatch()
    if row["state"] == "finished":
        return Replay(KeptAnswer(row["status"], row["body"], row["headers"]))
    return InProgress(row["begun_at"]) if row["alive"] else OutcomeLost(row["begun_at"])
