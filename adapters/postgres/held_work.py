"""Work that a worker holds under its lease and a fence: whose turn it is, and moves that only the holder makes.

Its table has install_id, store_id, state, worker_id, fence, due_at, reason, failures, started_at and finished_at;
statements call its row `h`, and `s` the store it is of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import asyncpg

from adapters.postgres.connection import Connection, Pool, acquire
from adapters.postgres.moves import LIVE_STATES
from adapters.postgres.storable_text import storable
from core.domain.backfill import OPEN, BackfillState, PutOff
from core.errors import LostClaim
from core.ids import Fence, StoreId, WorkerId

OPEN_STATES: Final = "('queued', 'running', 'waiting')"
INSTALL_LIVES: Final = f"""
    EXISTS (SELECT FROM stores s WHERE s.store_id = h.store_id AND s.install_id = h.install_id
            AND s.state IN {LIVE_STATES})
"""
_LIVES: Final = "EXISTS (SELECT FROM workers w WHERE w.worker_id = {} AND w.lease_until > now())"
_CROSSED: Final = 5
"""How often claims that meet at one install are tried anew."""


class Claim(Protocol):
    """What a worker holds."""

    @property
    def store_id(self) -> StoreId: ...
    @property
    def worker(self) -> WorkerId: ...
    @property
    def fence(self) -> Fence: ...


@dataclass(frozen=True, slots=True)
class HeldTable:
    """One such table: `key` names a row, `order` says whose turn comes first, `only` what else a turn takes."""

    name: str
    key: tuple[str, ...]
    order: str
    only: str = "true"

    def held(self) -> str:
        """The row of a claim, where it is still held: by its key, worker and fence as the first parameters."""
        named = [f"h.{column} = ${place}" for place, column in enumerate((*self.key, "worker_id", "fence"), 1)]
        return " AND ".join([*named, "h.state = 'running'"])

    def claim(self) -> str:
        """One of an install that is over is chosen too, to be cancelled: so that it stands in nobody's way."""
        return f"""
            WITH next AS (
                SELECT {_columns("h", self.key)}, s.store_id IS NOT NULL AND s.state <> 'uninstalled' AS is_live
                FROM {self.name} h LEFT JOIN stores s USING (store_id, install_id)
                WHERE h.state IN {OPEN_STATES} AND h.due_at <= now()
                  AND CASE WHEN h.state = 'running' THEN NOT {_LIVES.format("h.worker_id")}
                      ELSE NOT EXISTS (
                          SELECT FROM {self.name} o WHERE o.install_id = h.install_id AND o.state = 'running') END
                  AND coalesce(s.state, '') <> 'needs_reauthorization'
                  AND {self.only} AND {_LIVES.format("$1")}
                ORDER BY h.due_at, {self.order} LIMIT 1 FOR UPDATE OF h SKIP LOCKED
            )
            UPDATE {self.name} h
            SET state = CASE WHEN next.is_live THEN 'running' ELSE 'cancelled' END, fence = h.fence + 1,
                worker_id = CASE WHEN next.is_live THEN $1 END, reason = NULL,
                started_at = coalesce(h.started_at, now()), finished_at = CASE WHEN NOT next.is_live THEN now() END
            FROM next WHERE ({_columns("h", self.key)}) = ({_columns("next", self.key)})
            RETURNING h.*, next.is_live
        """

    def put_off(self) -> str:
        state, reason, wait, failures = (f"${len(self.key) + place}" for place in range(3, 7))
        return f"""
            UPDATE {self.name} h
            SET state = {state}, reason = {reason}, due_at = now() + {wait}, failures = {failures}, worker_id = NULL,
                finished_at = CASE WHEN {state}::text IN ('failed', 'cancelled') THEN now() END
            WHERE {self.held()} RETURNING true
        """


class HeldWork:
    """Claims of one table's rows. `told` names such work where a claim was lost."""

    def __init__(self, pool: Pool, table: HeldTable, *, told: str) -> None:
        self._pool = pool
        self._told = told
        self._claim, self._put_off = table.claim(), table.put_off()

    async def claim(self, worker: WorkerId) -> asyncpg.Record | None:
        """Where two claims meet at one install, the database lets one through; the other looks again."""
        for _ in range(_CROSSED):
            try:
                async with acquire(self._pool) as connection:
                    return await self._next(connection, worker)
            except asyncpg.UniqueViolationError:
                continue
        return None

    async def _next(self, connection: Connection, worker: WorkerId) -> asyncpg.Record | None:
        while row := await connection.fetchrow(self._claim, worker):
            if row["is_live"]:
                return row
        return None

    async def move(self, claim: Claim, key: Sequence[object], sql: str, *values: object) -> None:
        """Raises LostClaim where the statement finds no row that this claim holds."""
        async with acquire(self._pool) as connection:
            if not await connection.fetchval(sql, *key, claim.worker, claim.fence, *values):
                raise LostClaim(f"the {self._told} {key} of store {claim.store_id} is no longer ours")

    async def put_off(self, claim: Claim, key: Sequence[object], decided: PutOff) -> None:
        reason = storable(decided.reason)
        await self.move(claim, key, self._put_off, decided.state.value, reason, decided.wait, decided.failures)


def shown_state(row: asyncpg.Record) -> BackfillState:
    """As people see it: open work of an install that is over will not be done."""
    state = BackfillState(row["state"])
    return BackfillState.CANCELLED if state in OPEN and not row["is_live"] else state


def _columns(row: str, names: Sequence[str]) -> str:
    return ", ".join(f"{row}.{name}" for name in names)
