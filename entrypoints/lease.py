"""A process's lease in the database: while it is renewed, what the process claimed is its own."""

from __future__ import annotations

import asyncio

import structlog

from core.errors import Unavailable
from core.ids import WorkerId
from core.ports.event_ledger import Workers

log = structlog.get_logger()

RENEW_EVERY = 2.0


class Lease:
    """Joined once, renewed every two seconds, joined anew under another id when it ran out."""

    def __init__(self, workers: Workers, kind: str) -> None:
        self._workers = workers
        self._kind = kind
        self._worker: WorkerId | None = None

    @property
    def worker(self) -> WorkerId:
        """The id to claim with now."""
        if self._worker is None:
            raise RuntimeError("the lease was not joined")
        return self._worker

    async def join(self) -> None:
        self._worker = await self._workers.join(self._kind)
        log.info("worker_joined", worker=self._worker, kind=self._kind)

    async def keep(self) -> None:
        """Renews until cancelled. While the database is away the old id is kept and tried again."""
        while True:
            await asyncio.sleep(RENEW_EVERY)
            try:
                if not await self._workers.renew(self.worker):
                    log.warning("lease_lost", worker=self._worker, kind=self._kind)
                    await self.join()
            except Unavailable as error:
                log.warning("lease_not_renewed", worker=self._worker, reason=str(error))

    async def leave(self) -> None:
        """Best effort: a lease that is not left runs out by itself."""
        try:
            await self._workers.leave(self.worker)
        except Unavailable as error:
            log.warning("lease_not_left", worker=self._worker, reason=str(error))
