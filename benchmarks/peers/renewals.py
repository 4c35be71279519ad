"""Renewing every store that is due, by a bare loop and by a scheduler's own: what `benchmarks.refresh_run` compares.

The bare loop reads pages of due stores and, for each store, exchanges its refresh token over a kept-alive connection,
seals the answer and writes it with one UPDATE. It takes no intent, so what it was at when it dies is lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from time import perf_counter

import aiohttp
import asyncpg
import orjson

from adapters.postgres.sealed_tokens import Place, open_tokens, seal_tokens
from adapters.sealing.fernet import FernetSealer
from config.settings import Settings
from core.domain.tokens import read_tokens
from core.ids import Generation, InstallId, StoreId
from core.ports.sealing import WrappedKey
from entrypoints.background.refreshing import Refreshing
from entrypoints.wiring import daemon

DUE = """
    SELECT t.store_id, t.install_id, t.generation, t.sealed, t.expires_at, k.key_id, k.wrapped
    FROM refresh_due d JOIN tokens t USING (install_id) JOIN data_keys k USING (install_id)
    WHERE d.due_at <= now() ORDER BY d.due_at LIMIT $1
"""
WRITE = "UPDATE tokens SET generation = generation + 1, sealed = $2, expires_at = $3 WHERE install_id = $1"
DONE = "UPDATE refresh_due SET due_at = now() + interval '60 days' WHERE install_id = ANY ($1)"


@dataclass(frozen=True)
class Paced:
    """Stores that were renewed, and how many in a second once everything was open."""

    renewed: int
    per_second: float


class Bare:
    """One page after another, so many stores of it at once."""

    def __init__(self, settings: Settings, pool: asyncpg.Pool, http: aiohttp.ClientSession) -> None:
        self._settings = settings
        self._pool = pool
        self._http = http
        self._sealer = FernetSealer(settings.token_keys)

    async def run(self) -> int:
        renewed = 0
        while rows := await self._pool.fetch(DUE, self._settings.refresh_batch):
            left = iter(rows)
            await asyncio.gather(*(self._work(left) for _ in range(self._settings.refresh_at_once)))
            await self._pool.execute(DONE, [row["install_id"] for row in rows])
            renewed += len(rows)
        return renewed

    async def _work(self, left: Iterator[asyncpg.Record]) -> None:
        for row in left:
            await self._renew(row)

    async def _renew(self, row: asyncpg.Record) -> None:
        key, place = WrappedKey(row["key_id"], row["wrapped"]), Place(*self._ids(row))
        seen = open_tokens(self._sealer, key, place, row["sealed"], row["expires_at"])
        form = {
            "grant_type": "refresh_token",
            "client_id": self._settings.zid_client_id,
            "client_secret": self._settings.zid_client_secret.reveal(),
            "refresh_token": seen.tokens.refresh_token.reveal(),
        }
        async with self._http.post(f"{self._settings.zid_oauth_url}/oauth/token", data=form) as response:
            tokens = read_tokens(orjson.loads(await response.read()), datetime.now(UTC))
        following = Place(place.store_id, place.install_id, Generation(place.generation + 1))
        sealed = seal_tokens(self._sealer, key, following, tokens)
        await self._pool.execute(WRITE, place.install_id, sealed, tokens.expires_at)

    @staticmethod
    def _ids(row: asyncpg.Record) -> tuple[StoreId, InstallId, Generation]:
        return StoreId(row["store_id"]), InstallId(row["install_id"]), Generation(row["generation"])


async def bare(settings: Settings) -> Paced:
    at_once = settings.refresh_at_once
    async with (
        asyncpg.create_pool(settings.database_url.reveal(), min_size=at_once, max_size=at_once) as pool,
        aiohttp.ClientSession() as http,
    ):
        began = perf_counter()
        renewed = await Bare(settings, pool, http).run()
        return Paced(renewed, renewed / (perf_counter() - began))


async def wasl(settings: Settings) -> Paced:
    """As a scheduler does it, with its settings REFRESH_BATCH and REFRESH_AT_ONCE."""
    async with daemon(settings, "scheduler") as parts:
        feature = parts.features.renew_due()
        refreshing = Refreshing(feature, batch=settings.refresh_batch, at_once=settings.refresh_at_once)
        renewed, began = 0, perf_counter()
        while (report := await refreshing.run(asyncio.Event())).claimed:
            renewed += report.renewed
        return Paced(renewed, renewed / (perf_counter() - began))
