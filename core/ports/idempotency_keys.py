"""Which writes were asked for before, and what was answered."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol

from core.domain.idempotency import Begun, IdempotencyKey, KeptAnswer
from core.ids import WorkerId


class IdempotencyKeys(Protocol):
    """Remembers each key for 24 hours from its begin. Forgetting is part of `Maintenance.forget_expired`."""

    @abstractmethod
    async def begin(self, key: IdempotencyKey, fingerprint: bytes, *, worker: WorkerId) -> Begun:
        """Of any number of concurrent callers exactly one gets Fresh. Raises Unavailable.

        The worker's lease guards the claim: once it is gone, repeats get OutcomeLost. Another
        fingerprint gets Mismatch, whatever became of the first request.
        """

    @abstractmethod
    async def finish(self, key: IdempotencyKey, claim: int, answer: KeptAnswer) -> bool:
        """Repeats get this answer from now on, even when the lease was lost meanwhile.

        False, and nothing changes, when the claim is not open: finished, abandoned, or forgotten.
        """

    @abstractmethod
    async def abandon(self, key: IdempotencyKey, claim: int) -> None:
        """Nothing was done for it: the next caller gets Fresh. Does nothing when the claim is not open."""
