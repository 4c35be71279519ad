"""Console sessions and counted guesses in Postgres, by this database's clock. Lost after a crash of Postgres."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from adapters.postgres.connection import Pool, acquire, transaction
from adapters.postgres.short_lived import ShortLived
from core.domain.guessing import MOST_DOUBLINGS, Patience, Turn
from core.ports.sign_in_guards import GuessLimit, Sessions


class PostgresSessions(Sessions):
    """Rows of `short_lived`."""

    def __init__(self, pool: Pool) -> None:
        self._kept = ShortLived(pool, "session")

    async def begin(self, name: str, content: str, *, idle: float) -> None:
        await self._kept.put(name, content, seconds=idle)

    async def use(self, name: str, *, idle: float) -> str | None:
        return await self._kept.prolong(name, seconds=idle)

    async def look(self, name: str) -> str | None:
        return await self._kept.get(name)

    async def end(self, name: str) -> None:
        await self._kept.drop(name)


# One guess of a guesser at a time: who waits for another's reckons with what that one left.
_TURN: Final = "SELECT pg_advisory_xact_lock(hashtextextended('wasl guess ' || encode($1, 'hex'), 0))"
# The same arithmetic as core/domain/guessing.py.
_GUESS: Final = f"""
    WITH clock AS MATERIALIZED (SELECT clock_timestamp() AS now),
    known AS (
        SELECT now, free_at, coalesce(free_at > now, false) AS closed,
               CASE WHEN expires_at > now THEN failures + 1 ELSE 1 END AS failures
        FROM clock LEFT JOIN guesses ON key = $1
    ),
    reckoned AS (
        SELECT *, CASE WHEN failures < $2 THEN 0 ELSE
            least($4::float8, $3::float8 * power(2::float8, least(failures - $2, {MOST_DOUBLINGS}))) END AS pause
        FROM known
    ),
    written AS (
        INSERT INTO guesses (key, failures, free_at, expires_at)
        SELECT $1, failures, now + make_interval(secs => pause), now + make_interval(secs => pause + $5::float8)
        FROM reckoned WHERE NOT closed
        ON CONFLICT (key) DO UPDATE
        SET failures = excluded.failures, free_at = excluded.free_at, expires_at = excluded.expires_at
    )
    SELECT CASE WHEN closed THEN extract(epoch FROM free_at - now)::float8 ELSE 0 END AS wait,
           CASE WHEN closed THEN 0 ELSE pause END AS pause, extract(epoch FROM now)::float8 AS now
    FROM reckoned
"""
_FORGIVE: Final = "DELETE FROM guesses WHERE key = $1"


class PostgresGuessLimit(GuessLimit):
    """The table `guesses`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def guess(self, who: str, patience: Patience) -> Turn:
        return (await self.reckon(who, patience))[0]

    async def reckon(self, who: str, patience: Patience) -> tuple[Turn, float]:
        """A guess, with the time it was reckoned at."""
        key, policy = _key(who), (patience.free, patience.first, patience.longest, patience.quiet)
        async with transaction(self._pool) as connection:
            await connection.execute(_TURN, key)
            row = await connection.fetchrow(_GUESS, key, *policy)
        assert row is not None
        return Turn(row["wait"], row["pause"]), row["now"]

    async def forgive(self, who: str) -> None:
        async with acquire(self._pool) as connection:
            await connection.execute(_FORGIVE, _key(who))


def _key(who: str) -> bytes:
    """A hash: who guesses is told by an address."""
    return sha256(who.encode()).digest()
