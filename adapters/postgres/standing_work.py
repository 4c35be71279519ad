"""How much work stands in the ledger, counted by the indexes of what is unfinished and of what is dead."""

from __future__ import annotations

from typing import Final

from adapters.postgres.connection import Pool, acquire
from adapters.postgres.moves import UNFINISHED_OF_ANY_INSTALL
from core.domain.event_states import EventState, Origin
from core.ports.standing_work import Standing, StandingWork

STANDING: Final = f"""
    SELECT origin, state, count(*) AS events, min(received_at) AS oldest FROM events
    WHERE {UNFINISHED_OF_ANY_INSTALL} GROUP BY origin, state
    UNION ALL
    SELECT origin, state, count(*), NULL FROM events WHERE state = 'dead' GROUP BY origin, state
"""


class PostgresStandingWork(StandingWork):
    """The table `events`, but never its settled rows."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def standing(self) -> Standing:
        async with acquire(self._pool) as connection:
            rows = await connection.fetch(STANDING)
        events = {(Origin(row["origin"]), EventState(row["state"])): row["events"] for row in rows}
        return Standing(events, min((row["oldest"] for row in rows if row["oldest"]), default=None))
