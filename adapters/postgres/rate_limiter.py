"""Every process's view of one allowance per store, kept in Postgres and reckoned on its clock.

The rules are those of `core.domain.rate` themselves: a row is read with the server's
time, reckoned with, and written if nobody wrote meanwhile. No lock is held between the
two, so a process that is frozen there holds up nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg

from adapters.postgres.connection import Connection, Pool, acquire
from core.domain.rate import (
    MOST_TOLD,
    Allowance,
    Bucket,
    HeldBack,
    Traffic,
    believed,
    full,
    held_back,
    learn,
    settled_in,
    take,
)
from core.ids import StoreId
from core.ports.guards import RateLimiter

_READ: Final = """
    SELECT extract(epoch FROM clock_timestamp())::double precision AS now,
           r.version, r.level, r.at, r.credits, r.due, r.trust, r.closed_until
    FROM (SELECT) AS once LEFT JOIN rate_levels r ON r.key = $1
"""
_VALUES: Final = "level, at, credits, due, trust, closed_until"
_FIRST: Final = f"""
    INSERT INTO rate_levels (key, version, expires_at, {_VALUES})
    VALUES ($1, 1, now() + make_interval(secs => $2), $3, $4, $5, $6, $7, $8)
    ON CONFLICT (key) DO NOTHING RETURNING true
"""
_NEXT: Final = f"""
    UPDATE rate_levels SET version = version + 1, expires_at = now() + make_interval(secs => $2),
        ({_VALUES}) = ROW ($3, $4, $5::double precision[], $6::double precision[], $7, $8)
    WHERE key = $1 AND version = $9 RETURNING true
"""
# What is left of the trust recovers with time: more rows are kept as lowered than are still held back.
_LOWERED: Final = """
    SELECT extract(epoch FROM clock_timestamp())::double precision AS now, split_part(key, ':', 2)::bigint AS store_id,
           version, level, at, credits, due, trust, closed_until
    FROM rate_levels WHERE trust < 1 AND expires_at > now() AND split_part(key, ':', 1) = $1
    ORDER BY at DESC LIMIT $2
"""

Step = Callable[[Bucket, float], tuple[float, Bucket]]


@dataclass(frozen=True, slots=True)
class Reckoned:
    """The wait, and the server's time that was reckoned with."""

    wait: float
    now: float


class RateLevels:
    """The rules on one row per key, deleted by the sweep once it has been quiet. Raises Unavailable."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def change(self, key: str, allowance: Allowance, step: Step) -> Reckoned:
        """Of several at once one gets through at the first try; the others reckon again with what he left."""
        async with acquire(self._pool) as connection:
            while True:
                [row] = await connection.fetch(_READ, key)
                now = float(row["now"])
                wait, bucket = step(_bucket(row, allowance, now), now)
                if await _wrote(connection, key, bucket, row["version"], settled_in(bucket, allowance)):
                    return Reckoned(wait, now)


class PostgresRateLimiter(RateLimiter):
    """One row per store, deleted by the sweep once the store has been quiet. Raises Unavailable.

    `app` tells apart the applications that share a database: Zid counts per application and store.
    """

    def __init__(self, pool: Pool, allowance: Allowance, *, app: str = "app") -> None:
        self._pool = pool
        self._levels = RateLevels(pool)
        self._allowance = allowance
        self._app = app

    async def take(self, store_id: StoreId, traffic: Traffic) -> float:
        return (await self.reckon_take(store_id, traffic)).wait

    async def learn(self, store_id: StoreId, retry_after: float | None) -> None:
        await self.reckon_learn(store_id, retry_after)

    async def reckon_take(self, store_id: StoreId, traffic: Traffic) -> Reckoned:
        """A take, with the time it was reckoned at."""
        return await self._change(store_id, lambda bucket, now: take(bucket, self._allowance, traffic, now))

    async def reckon_learn(self, store_id: StoreId, retry_after: float | None) -> Reckoned:
        """A lesson, with the time it was reckoned at."""
        named = believed(retry_after)
        return await self._change(store_id, lambda bucket, now: (0.0, learn(bucket, self._allowance, named, now)))

    async def held_back(self) -> Sequence[HeldBack]:
        async with acquire(self._pool) as connection:
            rows = await connection.fetch(_LOWERED, self._app, MOST_TOLD)
        found = (
            held_back(StoreId(row["store_id"]), _bucket(row, self._allowance, row["now"]), self._allowance, row["now"])
            for row in rows
        )
        return sorted((one for one in found if one), key=lambda one: one.store_id)

    async def _change(self, store_id: StoreId, step: Step) -> Reckoned:
        return await self._levels.change(f"{self._app}:{store_id}", self._allowance, step)


def _bucket(row: asyncpg.Record, allowance: Allowance, now: float) -> Bucket:
    if row["version"] is None:
        return full(allowance, now)
    return Bucket(
        level=row["level"],
        at=row["at"],
        credits=tuple(row["credits"]),
        due=tuple(row["due"]),
        trust=row["trust"],
        closed_until=row["closed_until"],
    )


async def _wrote(connection: Connection, key: str, bucket: Bucket, version: int | None, kept_for: float) -> bool:
    values = (bucket.level, bucket.at, bucket.credits, bucket.due, bucket.trust, bucket.closed_until)
    if version is None:
        return bool(await connection.fetchval(_FIRST, key, kept_for, *values))
    return bool(await connection.fetchval(_NEXT, key, kept_for, *values, version))
