"""One renewal per generation in a process, however many callers meet the expired token."""

from __future__ import annotations

import asyncio

import structlog

from core.domain.tokens import TokenSet
from core.errors import WaslError
from core.ids import Generation, InstallId, StoreId
from core.ports.zid_gateway import TokenSource

log = structlog.get_logger()


class SharedRenewals(TokenSource):
    """Callers share a renewal that runs in a task of its own: one that goes away does not cut the exchange."""

    def __init__(self, source: TokenSource) -> None:
        self._source = source
        self._running: dict[tuple[InstallId, Generation], asyncio.Task[TokenSet]] = {}

    async def current(self, store_id: StoreId) -> TokenSet:
        return await self._source.current(store_id)

    async def renew(self, seen: TokenSet) -> TokenSet:
        return await asyncio.shield(self._shared(seen))

    def _shared(self, seen: TokenSet) -> asyncio.Task[TokenSet]:
        key = (seen.install_id, seen.generation)
        if key not in self._running:
            task = asyncio.create_task(self._renew(seen), name=f"renew store {seen.store_id}")
            self._running[key] = task
            task.add_done_callback(lambda _: self._running.pop(key, None))
        return self._running[key]

    async def _renew(self, seen: TokenSet) -> TokenSet:
        """One line per renewal, however many wait for it."""
        told = log.bind(store_id=seen.store_id, install_id=seen.install_id, generation=seen.generation)
        try:
            renewed = await self._source.renew(seen)
        except WaslError as problem:
            told.warning("token_renewal_failed", problem=str(problem))
            raise
        told.info("token_renewed" if renewed != seen else "token_kept", now=renewed.generation)
        return renewed

    async def drain(self) -> None:
        """Waits until no renewal runs: an exchange cut by our own end would be a lost answer."""
        while self._running:
            await asyncio.wait(list(self._running.values()))
