"""A process's lease in the database: while it is renewed, what the process claimed is its own."""

from __future__ import annotations

import structlog

from adapters.process_marks import is_gone, own_mark
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
        """Whose place is taken after a kill need not be waited for: what it held is free at once."""
        await self._end_the_dead()
        self._worker = await self._workers.join(self._kind, own_mark())
        log.info("worker_joined", worker=self._worker, kind=self._kind)

    async def _end_the_dead(self) -> None:
        dead = [worker for worker, mark in (await self._workers.processes()).items() if is_gone(mark)]
        if dead:
            await self._workers.end(dead)
            log.info("leases_of_the_dead_ended", workers=dead)

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
