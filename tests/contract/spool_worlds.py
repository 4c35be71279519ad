"""A spool as several processes see it: in memory, in files, in Redis."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from cryptography.fernet import Fernet

from adapters.files.file_spool import FileSpool
from adapters.memory.spool import MemorySpool, MemorySpoolPlace
from adapters.redis.connection import open_redis
from adapters.redis.spool import RedisSpool
from adapters.sealing.fernet import FernetSealer
from adapters.system import SystemIds
from core.domain.events import Delivery, dedupe_key
from core.domain.secret import Secret
from core.ids import Entity, EntityKind, InstallId, StoreId
from core.ports.spool import Kept, Spool

RING = (Secret(Fernet.generate_key().decode()),)
RECEIVED = datetime(2026, 1, 1, 12, 30, 15, 123456, tzinfo=UTC)
SMALL = 20


@dataclass
class SpoolWorld:
    """`start` makes the spool of one more process; `small` is one that takes about twenty deliveries."""

    start: Callable[[], Spool]
    small: Callable[[], Spool]
    numbers: count = field(default_factory=lambda: count(1))

    def delivery(self, body: bytes | None = None, **changed: object) -> Delivery:
        number = next(self.numbers)
        content = body if body is not None else b'{"id": %d}' % number
        made = Delivery(
            event_id=SystemIds().event_id(),
            store_id=StoreId(1001),
            install_id=InstallId(2**62 + 7),
            topic="order.create",
            body=content,
            received_at=RECEIVED + timedelta(seconds=number),
            dedupe_key=dedupe_key(StoreId(1001), InstallId(7), "order.create", content),
            keep_for=timedelta(days=3),
            entity=Entity(EntityKind.ORDER, str(number)),
        )
        return replace(made, **changed)


@asynccontextmanager
async def spool_world(kind: str, folder: Path, redis_url: Callable[[], str]) -> AsyncIterator[SpoolWorld]:
    if kind == "redis":
        async with _redis_world(redis_url()) as world:
            yield world
        return
    world = memory_spool_world() if kind == "memory" else file_world(folder)
    yield world


def memory_spool_world() -> SpoolWorld:
    place = MemorySpoolPlace()
    return SpoolWorld(lambda: MemorySpool(place), lambda: MemorySpool(place, room=SMALL))


def file_world(folder: Path) -> SpoolWorld:
    def start(max_bytes: int = 10_000_000) -> Spool:
        return FileSpool(folder, lambda: FernetSealer(RING), max_bytes=max_bytes)

    return SpoolWorld(start, lambda: start(SMALL * 500))


@asynccontextmanager
async def _redis_world(url: str) -> AsyncIterator[SpoolWorld]:
    clients = open_redis(url)

    def start(max_bytes: int = 10_000_000) -> Spool:
        return RedisSpool(clients, lambda: FernetSealer(RING), max_bytes=max_bytes)

    try:
        yield SpoolWorld(start, lambda: start(SMALL * 500))
    finally:
        await clients.aclose()


async def everything(spool: Spool, at_once: int = 7) -> list[Delivery]:
    """Replays until nothing is left."""
    found: list[Delivery] = []
    while kept := await spool.oldest(limit=at_once):
        found += deliveries(kept)
        await spool.forget(kept)
    return found


def deliveries(kept: Sequence[Kept]) -> list[Delivery]:
    return [one.delivery for one in kept]
