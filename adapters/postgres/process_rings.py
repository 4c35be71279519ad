"""What each running process holds, beside its lease."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from adapters.postgres.connection import Pool, acquire, transaction
from core.domain.rings import Holder
from core.ids import WorkerId
from core.ports.process_rings import ProcessRings

_NOTE: Final = """
    INSERT INTO process_rings (worker_id, kind, rings) VALUES ($1, $2, $3)
    ON CONFLICT (worker_id) DO UPDATE SET kind = excluded.kind, rings = excluded.rings, noted_at = now()
"""
_FORGET: Final = """
    DELETE FROM process_rings WHERE worker_id IN (
        SELECT r.worker_id FROM process_rings r
        WHERE NOT EXISTS (SELECT FROM workers w WHERE w.worker_id = r.worker_id)
        ORDER BY r.worker_id FOR UPDATE SKIP LOCKED)
"""
_LIVE: Final = """
    SELECT w.worker_id, w.kind, coalesce(r.rings, '{}') AS rings
    FROM workers w LEFT JOIN process_rings r USING (worker_id)
    WHERE w.lease_until > now() ORDER BY w.worker_id
"""


class PostgresProcessRings(ProcessRings):
    """The table `process_rings`; rows of workers that are gone go with the next note."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def note(self, holder: Holder) -> None:
        rings = {str(name): list(ids) for name, ids in holder.rings.items()}
        async with transaction(self._pool) as conn:
            await conn.execute(_FORGET)
            await conn.execute(_NOTE, holder.worker, holder.kind, rings)

    async def live(self) -> Sequence[Holder]:
        async with acquire(self._pool) as conn:
            rows = await conn.fetch(_LIVE)
        return [
            Holder(WorkerId(row["worker_id"]), row["kind"], {name: tuple(ids) for name, ids in row["rings"].items()})
            for row in rows
        ]
