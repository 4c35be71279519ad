"""The spool in Redis, for machines without a disk that lasts: one stream, replayed by any process.

What was kept survives as much as that Redis does: its own crash with an append-only file, a failover only as far
as it was replicated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from importlib.resources import files
from typing import Final, cast

from structlog import get_logger

from adapters.formats.delivery_record import seal, unseal
from adapters.redis.connection import RedisClients, driver_errors
from core.domain.events import Delivery
from core.errors import KeyMissing, Unavailable, Unreadable
from core.ports.sealing import Sealer, WrappedKey
from core.ports.spool import Kept, Spool

log = get_logger()

# One tag: both keys are on one node of a cluster.
_ENTRIES: Final = "wasl:{spool}:deliveries"
_SIZE: Final = "wasl:{spool}:bytes"
_BYTES: Final = "latin-1"
"""The clients speak text; every byte has a character of its own there."""


COUNTED_AT_ONCE: Final = 100
"""Entries carry whole deliveries."""


class RedisSpool(Spool):
    """`max_bytes` bounds what all processes keep together. Nobody owns an entry: two may replay it, which is once."""

    def __init__(self, clients: RedisClients, sealer: Callable[[], Sealer], *, max_bytes: int) -> None:
        scripts = files("adapters.redis") / "scripts"
        self._redis = clients.writer
        self._put = clients.writer.register_script((scripts / "spool_keep.lua").read_text())
        self._remove = clients.writer.register_script((scripts / "spool_forget.lua").read_text())
        self._sealer = sealer
        self._max_bytes = max_bytes
        self._unreadable: set[str] = set()
        self._closed = False

    @cached_property
    def _key(self) -> WrappedKey:
        return self._sealer().new_data_key()

    async def keep(self, delivery: Delivery) -> None:
        if self._closed:
            raise Unavailable("spool", "it is closed")
        sealed = seal(self._sealer(), self._key, delivery)
        given = [str(self._max_bytes), self._key.key_id, _text(self._key.wrapped), _text(sealed)]
        with driver_errors():
            if await self._put([_ENTRIES, _SIZE], given) is None:
                raise Unavailable("spool", "SPOOL_MAX_BYTES is used up")

    async def oldest(self, *, limit: int) -> Sequence[Kept]:
        after = "-"
        while entries := await self._entries(after, limit):
            kept = [one for name, fields in entries if (one := self._open(name, fields))]
            if kept:
                return kept
            after = f"({entries[-1][0]}"
        return []

    async def forget(self, kept: Sequence[Kept]) -> None:
        if kept:
            with driver_errors():
                await self._remove([_ENTRIES, _SIZE], [one.place for one in kept])

    async def adopt(self) -> int:
        """Nothing to do: whoever replays takes the oldest, whoever kept it."""
        return 0

    async def depth(self) -> int:
        with driver_errors():
            return int(await self._redis.xlen(_ENTRIES))

    async def sealed_by(self) -> Mapping[str, int]:
        found: Counter[str] = Counter()
        after = "-"
        while entries := await self._entries(after, COUNTED_AT_ONCE):
            found.update(fields["key_id"] for _, fields in entries)
            after = f"({entries[-1][0]}"
        return found

    async def aclose(self) -> None:
        self._closed = True

    async def _entries(self, after: str, limit: int) -> Sequence[tuple[str, dict[str, str]]]:
        with driver_errors():
            found = await self._redis.xrange(_ENTRIES, min=after, count=limit)
        return cast("Sequence[tuple[str, dict[str, str]]]", found)

    def _open(self, name: str, fields: dict[str, str]) -> Kept | None:
        """What does not open stays for the key that opens it; it is told once."""
        try:
            key = WrappedKey(fields["key_id"], fields["key"].encode(_BYTES))
            return Kept(name, unseal(self._sealer(), key, fields["sealed"].encode(_BYTES)))
        except (KeyMissing, Unreadable) as error:
            if name not in self._unreadable:
                self._unreadable.add(name)
                log.warning("spooled_delivery_unreadable", place=name, problem=str(error))
            return None


def _text(content: bytes) -> str:
    return content.decode(_BYTES)
