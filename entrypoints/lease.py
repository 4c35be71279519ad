"""A process's lease in the database: while it is renewed, what the process claimed is its own."""

from __future__ import annotations

import structlog

from core.errors import Unavailable
from core.ids import WorkerId
from core.ports.event_ledger import Workers

log = structlog.get_logger()

LEASE_SECONDS = 10.0
"""How long the database lets a lease stand that nobody renews."""
RENEW_EVERY = 2.0
"""A fifth of the lease: four renewals may fail in a row."""


class Lease:
    """Joined once, renewed every two seconds, joined anew under another id when it ran out."""

    def __init__(self, workers: Workers, kind: str) -> None:
        self._workers = workers
        self._kind = kind
        self._worker: WorkerId | None = None
        self.every = RENEW_EVERY

    @property
    def worker(self) -> WorkerId:
        """The id to claim with now. Raises Unavailable before the lease is joined."""
        if self._worker is None:
            raise Unavailable("postgres", "it has not answered since this process started")
        return self._worker

    async def join(self) -> None:
        self._worker = await self._workers.join(self._kind)
        log.info("worker_joined", worker=self._worker, kind=self._kind)

    async def renew(self) -> None:
        """Once; joins anew when the lease ran out. Raises Unavailable, and the old id is kept meanwhile."""
        if not await self._workers.renew(self.worker):
            log.warning("lease_lost", worker=self._worker, kind=self._kind)
            await self.join()

    async def leave(self) -> None:
        """Best effort: a lease that is not left runs out by itself."""
        if self._worker is None:
            return
        try:
            await self._workers.leave(self.worker)
        except Unavailable as error:
            log.warning("lease_not_left", worker=self._worker, reason=str(error))
