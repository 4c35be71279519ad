"""Doubt about every token, in one statement."""

from __future__ import annotations

from typing import Final

from adapters.postgres.connection import Pool, acquire
from core.ports.restoring import TokenDoubts

# Nobody's intents: worker 0 never existed, so that no lease guards them.
_DOUBT: Final = """
    WITH doubted AS (
        INSERT INTO refresh_intents AS i (install_id, generation, worker_id, state)
        SELECT install_id, generation, 0, 'unknown' FROM tokens ORDER BY install_id
        ON CONFLICT (install_id, generation) DO UPDATE SET state = 'unknown', worker_id = 0 WHERE i.state = 'sending'
    )
    SELECT count(*) FROM tokens
"""


class PostgresTokenDoubts(TokenDoubts):
    """The table refresh_intents."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def doubt_all(self) -> int:
        async with acquire(self._pool) as connection:
            return int(await connection.fetchval(_DOUBT))
