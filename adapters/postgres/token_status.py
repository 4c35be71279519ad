"""How tokens stand, read from the labels beside what is sealed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from adapters.postgres.connection import Pool, acquire
from adapters.postgres.refresh_reports import IN_DOUBT
from core.ids import InstallId
from core.ports.token_status import TokenStatus, TokenStatuses

_STATUSES: Final = f"""
    SELECT t.install_id, t.generation, t.expires_at,
           CASE WHEN d.due_at < 'infinity' THEN d.due_at END AS due_at, coalesce(d.failures, 0) AS failures,
           (SELECT i.taken_at FROM refresh_intents i
            WHERE i.install_id = t.install_id AND i.generation = t.generation AND {IN_DOUBT}) AS in_doubt_since,
           CASE WHEN t.generation > 1 THEN t.updated_at END AS renewed_at
    FROM tokens t LEFT JOIN refresh_due d USING (install_id)
    WHERE t.install_id = ANY ($1)
"""


class PostgresTokenStatuses(TokenStatuses):
    """One statement for any number of installs."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def of(self, install_ids: Sequence[InstallId]) -> Mapping[InstallId, TokenStatus]:
        async with acquire(self._pool) as connection:
            rows = await connection.fetch(_STATUSES, list(install_ids))
        return {InstallId(install_id): TokenStatus(*labels) for install_id, *labels in rows}
