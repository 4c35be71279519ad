"""A process of the service's own parts under load: opens tokens, renews them, installs stores, and says how it fared.

Arguments: how many stores there are, and where the numbers of its own begin. It works until its stdin ends. A
store's tokens name the store and their generation, so that older ones, or another store's, show at every look.
"""

import asyncio
import json
import os
import random
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta

import structlog

from config.container import Adapters
from config.settings import load_settings
from core.domain.audit import AuditEntry
from core.domain.secret import Secret
from core.domain.stores import StoreIdentity
from core.domain.tokens import Tokens
from core.errors import WaslError
from core.ids import StoreId
from entrypoints.wiring import daemon

CALLERS = 4
BROKEN = 17
"""A store that nobody calls for: the test damages its data key."""
RENEWS, INSTALLS = 0.2, 0.02
"""Of all that is done."""


def tokens_of(store_id: int, generation: int) -> Tokens:
    name = f"{store_id}.{generation}"
    names = (f"authorization.{name}", f"manager.{name}", f"refresh.{name}")
    return Tokens(*map(Secret, names), datetime.now(UTC) + timedelta(days=300))


class Replica:
    def __init__(self, adapters: Adapters, stores: int, first_own: int) -> None:
        self._adapters = adapters
        self._stores = [number for number in range(1, stores + 1) if number != BROKEN]
        self._next = first_own
        self._chance = random.Random(first_own)
        self.counts: Counter[str] = Counter()

    async def work(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await self._act()
            except WaslError as error:
                self.counts[f"failed: {type(error).__name__}: {error}"] += 1

    async def _act(self) -> None:
        what = self._chance.random()
        if what < INSTALLS:
            await self.install()
            return
        store_id = StoreId(self._chance.choice(self._stores))
        seen = await self._adapters.vault().open(store_id)
        if seen is None:
            self.counts["failed: nothing there"] += 1
        elif seen.tokens.refresh_token.reveal() != f"refresh.{store_id}.{seen.generation}":
            self.counts["failed: other tokens than were stored last"] += 1
        elif what > 1 - RENEWS:
            following = tokens_of(store_id, seen.generation + 1)
            audit = AuditEntry("token.refreshed", store_id, seen.install_id)
            due = datetime.now(UTC) + timedelta(days=200)
            renewed = await self._adapters.vault().replace(seen, following, refresh_at=due, audit=audit)
            self.counts["renewed" if renewed else "overtaken"] += 1
        else:
            self.counts["opened"] += 1

    async def install(self) -> None:
        store_id, self._next = StoreId(self._next), self._next + 1
        install_id = self._adapters.ids().install_id()
        await self._adapters.installations().activate(
            StoreIdentity(store_id, None, f"Store {store_id}", None, "SAR"),
            install_id,
            tokens_of(store_id, 1),
            refresh_at=datetime.now(UTC) + timedelta(days=200),
            audit=AuditEntry("store.installed", store_id, install_id),
        )
        self._stores.append(store_id)
        self.counts["installed"] += 1


async def main(stores: int, first_own: int) -> None:
    async with daemon(load_settings(os.environ), "http") as parts:
        replica, stop = Replica(parts.adapters, stores, first_own), asyncio.Event()
        await replica.install()
        working = [asyncio.create_task(replica.work(stop)) for _ in range(CALLERS)]
        print(json.dumps({"worker": parts.lease.worker}), flush=True)
        await asyncio.to_thread(sys.stdin.read)
        stop.set()
        await asyncio.gather(*working)
        print(json.dumps(replica.counts), flush=True)


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
