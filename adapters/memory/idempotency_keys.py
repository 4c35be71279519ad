"""Idempotency keys in memory."""

from __future__ import annotations

from adapters.memory.database import MemoryDatabase
from adapters.memory.rows import IdempotencyRow
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
from core.ids import WorkerId
from core.ports.idempotency_keys import IdempotencyKeys


class MemoryIdempotencyKeys(IdempotencyKeys):
    """A dict by digest."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def begin(self, key: IdempotencyKey, fingerprint: bytes, *, worker: WorkerId) -> Begun:
        now, row = self._database.now(), self._database.idempotency.get(key.digest)
        if row is None or row.expires_at <= now:
            claim = next(self._database.numbers)
            self._database.idempotency[key.digest] = IdempotencyRow(
                claim, fingerprint, worker, now, now + KEPT, store_id=key.store_id
            )
            return Fresh(claim)
        if row.fingerprint != fingerprint:
            return Mismatch()
        if row.answer is not None:
            return Replay(row.answer)
        return InProgress(row.begun_at) if self._database.is_alive(row.worker) else OutcomeLost(row.begun_at)

    async def finish(self, key: IdempotencyKey, claim: int, answer: KeptAnswer) -> bool:
        row = self._open(key, claim)
        if row is not None:
            row.answer = answer
        return row is not None

    async def abandon(self, key: IdempotencyKey, claim: int) -> None:
        if self._open(key, claim) is not None:
            del self._database.idempotency[key.digest]

    def _open(self, key: IdempotencyKey, claim: int) -> IdempotencyRow | None:
        row = self._database.idempotency.get(key.digest)
        return row if row is not None and row.claim == claim and row.answer is None else None
