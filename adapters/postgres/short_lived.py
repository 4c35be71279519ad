"""What is kept for a while under a name, by this database's clock: states, cached answers, permissions."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from adapters.postgres.connection import Pool, acquire

_PUT: Final = """
    INSERT INTO short_lived (key, content, expires_at) VALUES ($1, $2, now() + make_interval(secs => $3))
    ON CONFLICT (key) DO UPDATE SET content = excluded.content, expires_at = excluded.expires_at
"""
# Whoever waits here for another's row looks at its end as it is then.
_PUT_FIRST: Final = """
    INSERT INTO short_lived AS k (key, content, expires_at) VALUES ($1, $2, now() + make_interval(secs => $3))
    ON CONFLICT (key) DO UPDATE SET content = excluded.content, expires_at = excluded.expires_at
    WHERE k.expires_at <= clock_timestamp()
    RETURNING true
"""
_GET: Final = "SELECT content FROM short_lived WHERE key = $1 AND expires_at > now()"
_PROLONG: Final = """
    UPDATE short_lived SET expires_at = now() + make_interval(secs => $2) WHERE key = $1 AND expires_at > now()
    RETURNING content
"""
_TAKE: Final = "DELETE FROM short_lived WHERE key = $1 RETURNING CASE WHEN expires_at > now() THEN content END"
_DROP: Final = "DELETE FROM short_lived WHERE key = $1"


class ShortLived:
    """One `kind` of names in the table `short_lived`. Lost after a crash of Postgres. Raises Unavailable."""

    def __init__(self, pool: Pool, kind: str) -> None:
        self._pool = pool
        self._kind = kind

    async def put(self, name: str, content: str, *, seconds: float) -> None:
        async with acquire(self._pool) as connection:
            await connection.execute(_PUT, self._key(name), content.encode(), seconds)

    async def put_first(self, name: str, content: str, *, seconds: float) -> bool:
        """Keeps it and says True where nothing is kept under the name."""
        async with acquire(self._pool) as connection:
            return bool(await connection.fetchval(_PUT_FIRST, self._key(name), content.encode(), seconds))

    async def get(self, name: str) -> str | None:
        async with acquire(self._pool) as connection:
            return _text(await connection.fetchval(_GET, self._key(name)))

    async def prolong(self, name: str, *, seconds: float) -> str | None:
        """What is kept, for so long from now on."""
        async with acquire(self._pool) as connection:
            return _text(await connection.fetchval(_PROLONG, self._key(name), seconds))

    async def take(self, name: str) -> str | None:
        """What is kept, to one caller."""
        async with acquire(self._pool) as connection:
            return _text(await connection.fetchval(_TAKE, self._key(name)))

    async def drop(self, name: str) -> None:
        async with acquire(self._pool) as connection:
            await connection.execute(_DROP, self._key(name))

    def _key(self, name: str) -> bytes:
        """Names may be of any length and hold what a text in Postgres may not."""
        return sha256(f"{self._kind}\0{name}".encode()).digest()


def _text(content: bytes | None) -> str | None:
    return None if content is None else content.decode()
