"""Tokens for the calls of one process: read once for a burst of them, renewed once per generation."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

import structlog

from core.domain.tokens import TokenSet
from core.errors import WaslError
from core.ids import Generation, InstallId, StoreId
from core.ports.system import Clock
from core.ports.zid_gateway import TokenSource

log = structlog.get_logger()

RECENT: Final = 5.0
"""Seconds that tokens are used without another look. A call that waits for its allowance holds them for longer."""
REMEMBERED: Final = 2048


@dataclass(frozen=True, slots=True)
class _Read:
    tokens: TokenSet
    until: float


class RecentTokens(TokenSource):
    """Looks once for calls that follow each other closely.

    Tokens that were replaced or revoked meanwhile meet Zid's 401, after which everybody looks again.
    """

    def __init__(
        self, source: TokenSource, clock: Clock, *, seconds: float = RECENT, remembered: int = REMEMBERED
    ) -> None:
        self._source = source
        self._clock = clock
        self._seconds = seconds
        self._remembered = remembered
        self._read: dict[StoreId, _Read] = {}

    async def current(self, store_id: StoreId) -> TokenSet:
        read = self._read.get(store_id)
        if read is not None and self._clock.monotonic() < read.until:
            return read.tokens
        return self._keep(await self._source.current(store_id))

    async def renew(self, seen: TokenSet) -> TokenSet:
        self._read.pop(seen.store_id, None)
        return self._keep(await self._source.renew(seen))

    def _keep(self, tokens: TokenSet) -> TokenSet:
        """The oldest makes room."""
        self._read.pop(tokens.store_id, None)
        if len(self._read) >= self._remembered:
            del self._read[next(iter(self._read))]
        self._read[tokens.store_id] = _Read(tokens, self._clock.monotonic() + self._seconds)
        return tokens


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
