"""The work index on a Redis stream with one consumer group.

The ledger is the truth; this only says where work is, quickly and fair by store. What
waits is chosen in turns (core/domain/turns.py), and only when somebody asks: the stream
holds what was handed out, and one entry more that wakes whoever waits inside Redis. An
entry stays with the consumer that got it until it is finished, or until it was idle for
`reclaim_after` seconds and another consumer takes it over.

Processes of another release, whose index is laid out in another way, use other keys: LAYOUT
is in every name. Neither sees what the other published; the sweep fills both from the ledger.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.resources import files
from typing import Final, cast
from uuid import uuid4

import redis.exceptions as driver
from redis.commands.core import AsyncScript

from adapters.redis.connection import LONGEST_BLOCK, RedisClients, driver_errors
from adapters.redis.index_consumers import is_of_a_dead_process, own_name
from core.domain.events import WorkItem, WorkKind
from core.ids import StoreId
from core.ports.work_index import WorkIndex

# The driver's types name every shape of every protocol; these are the ones of RESP3 with text.
Entries = Sequence[tuple[str, Mapping[str, str]]]
Reclaimed = tuple[str, Entries, Sequence[str]]

LAYOUT: Final = 3
"""Grows whenever the scripts of two releases would not understand each other's keys."""
FORMER_KEYS: Final = "{{wasl:index:{name}}}:{part}"
SECOND_KEYS: Final = "{{wasl:index2:{name}}}:{part}"
_FORMER_PARTS: Final = ("stream", "members", "counts", "full", "born")
_SECOND_PARTS: Final = ("stream", "waiting", "ring", "numbers", "members", "counts", "full", "born")
FORMER_KEPT: Final = 24 * 3600
"""Seconds after which a former layout's keys are gone. Who still uses them then gets a new, empty index."""
GROUP: Final = "workers"
CONSUMERS_FORGOTTEN_AFTER: Final = 600.0
"""A live consumer is seen every two seconds."""
FINISHED_AT_ONCE: Final = 1000
"""As many as one command in the script takes for certain."""
_START: Final = "0-0"
# What a read gets when the group is gone, or goes while it waits (Redis 7.0, Valkey 9.1).
_GROUP_LOST: Final = ("NOGROUP", "UNBLOCKED")


class RedisWorkIndex(WorkIndex):
    """One index; processes that give the same `name` share it. Needs Redis 7.0 or Valkey.

    `window` is how many items of one store may be in it, `reclaim_after` the seconds after
    which an unfinished item comes back. A consumer whose read was cancelled or cut off may
    own entries that nobody saw: they come back the same way.
    """

    def __init__(
        self, clients: RedisClients, *, name: str = "work", window: int = 256, reclaim_after: float = 5.0
    ) -> None:
        self._reader = clients.reader
        self._writer = clients.writer
        self._window = window
        self._reclaim_after = reclaim_after
        self._consumer = own_name()
        parts = (*_SECOND_PARTS, "later", "served")
        self._keys = [f"{{wasl:index{LAYOUT}:{name}}}:{part}" for part in parts]
        self._former_keys = [
            *(FORMER_KEYS.format(name=name, part=part) for part in _FORMER_PARTS),
            *(SECOND_KEYS.format(name=name, part=part) for part in _SECOND_PARTS),
        ]
        self._stream = self._keys[0]
        self._members = self._keys[4]
        self._publish = self._script("publish")
        self._take = self._script("take")
        self._finish = self._script("finish")
        self._incarnation = self._script("incarnation")
        self._forget_consumers = self._script("forget_consumers")
        self._cursor = _START
        self._reclaim_at = 0.0
        self._forget_at = 0.0
        self._is_new = True

    def _script(self, name: str) -> AsyncScript:
        folder = files("adapters.redis") / "scripts"
        return self._writer.register_script("".join((folder / f"{part}.lua").read_text() for part in ("index", name)))

    async def publish(self, items: Sequence[WorkItem]) -> int:
        if not items:
            return 0
        return cast("int", await self._run(self._publish, self._window, uuid4().hex, *map(_text, items)))

    async def take(self, *, limit: int, wait: float) -> Sequence[WorkItem]:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait
        while True:
            if found := await self._left_over(limit) or await self._next(limit):
                return found
            if loop.time() >= deadline:
                return []
            if first := await self._wait_for_one(deadline - loop.time()):
                return [*first, *await self._next(limit - 1)]

    async def _next(self, limit: int) -> Sequence[WorkItem]:
        """Whose turn it is, without waiting; sets out what wakes the next one who waits, also for a limit of 0."""
        found = cast("list[str]", await self._run(self._take, limit, self._consumer, uuid4().hex))
        return [_item(text) for text in found]

    async def _left_over(self, limit: int) -> Sequence[WorkItem]:
        """What some consumer, dead or slow, did not finish in time; looked for twice within `reclaim_after`."""
        now = asyncio.get_running_loop().time()
        if now < self._reclaim_at:
            return []
        if self._is_new:
            await self._age_what_the_dead_hold()
            self._is_new = False
        found = await self._reclaim(limit)
        if self._cursor == _START:
            self._reclaim_at = now + self._reclaim_after / 2
        if now >= self._forget_at:
            self._forget_at = now + CONSUMERS_FORGOTTEN_AFTER
            await self.forget_consumers(idle=CONSUMERS_FORGOTTEN_AFTER)
            await self._let_former_keys_expire()
        return found

    async def _reclaim(self, limit: int) -> Sequence[WorkItem]:
        idle = round(self._reclaim_after * 1000)
        try:
            with driver_errors():
                answer = await self._reader.xautoclaim(
                    self._stream, GROUP, self._consumer, min_idle_time=idle, start_id=self._cursor, count=limit
                )
        except driver.ResponseError as error:
            await self._restore_group(error)
            return []
        self._cursor, entries, _ = cast("Reclaimed", answer)
        return [_item(fields["item"]) for _, fields in entries]

    async def _age_what_the_dead_hold(self) -> None:
        """Who takes a killed process's place on its machine need not wait for what that one held to grow old.

        It is handed out like anything left over then.
        """
        with suppress(driver.ResponseError), driver_errors():
            for known in await self._reader.xinfo_consumers(self._stream, GROUP):
                if known["pending"] and is_of_a_dead_process(known["name"]):
                    await self._age(known["name"], known["pending"])

    async def _age(self, consumer: str, entries: int) -> None:
        held = await self._reader.xpending_range(self._stream, GROUP, "-", "+", entries, consumer)
        ids = cast("list[int | bytes | str | memoryview[int]]", [entry["message_id"] for entry in held])
        idle = round(self._reclaim_after * 1000) + 1
        await self._reader.xclaim(self._stream, GROUP, consumer, 0, ids, idle=idle, justid=True)

    async def _wait_for_one(self, wait: float) -> Sequence[WorkItem]:
        """Waits inside Redis, no longer than the next look for left-overs allows. One entry is enough to wake up:

        the others are for those who wait as well.
        """
        until_reclaim = self._reclaim_at - asyncio.get_running_loop().time()
        block = round(min(wait, LONGEST_BLOCK, until_reclaim) * 1000)
        if block <= 0:  # to Redis, 0 means "for ever"
            return []
        try:
            with driver_errors():
                answer = await self._reader.xreadgroup(GROUP, self._consumer, {self._stream: ">"}, count=1, block=block)
        except driver.ResponseError as error:
            await self._restore_group(error)
            return []
        streams = cast("Mapping[str, Entries]", answer or {})
        return [_item(fields["item"]) for _, fields in streams.get(self._stream, ())]

    async def _restore_group(self, error: driver.ResponseError) -> None:
        if not str(error).startswith(_GROUP_LOST):
            raise error
        await self.incarnation()

    async def finish(self, items: Sequence[WorkItem]) -> Sequence[StoreId]:
        relieved: list[StoreId] = []
        for start in range(0, len(items), FINISHED_AT_ONCE):
            texts = map(_text, items[start : start + FINISHED_AT_ONCE])
            stores = cast("list[str]", await self._run(self._finish, self._window // 2, *texts))
            relieved += [StoreId(int(store)) for store in stores]
        return relieved

    async def absent(self, items: Sequence[WorkItem]) -> Sequence[WorkItem]:
        if not items:
            return []
        with driver_errors():
            entries = await self._writer.hmget(self._members, [_text(item) for item in items])
        return [item for item, entry in zip(items, entries, strict=True) if entry is None]

    async def incarnation(self) -> str:
        return cast("str", await self._run(self._incarnation, uuid4().hex))

    async def depth(self) -> int:
        with driver_errors():
            return int(await self._writer.hlen(self._members))

    async def forget_consumers(self, *, idle: float) -> int:
        """Forgets those unseen for `idle` seconds that hold nothing; how many. Done by `take` now and then."""
        return cast("int", await self._run(self._forget_consumers, round(idle * 1000)))

    async def leave(self) -> None:
        """Forgets this process's consumer, unless others still have to take over what it holds."""
        await self._run(self._forget_consumers, self._consumer)

    async def _let_former_keys_expire(self) -> None:
        """No process of this release reads them; one of the release before may, for some time."""
        with driver_errors():
            for key in self._former_keys:
                await self._writer.expire(key, FORMER_KEPT, nx=True)

    async def _run(self, script: AsyncScript, *args: str | int) -> object:
        with driver_errors():
            return await script(self._keys, args)


def _text(item: WorkItem) -> str:
    return f"{item.kind} {item.store_id} {item.id}"


def _item(text: str) -> WorkItem:
    kind, store_id, item_id = text.split(" ", 2)
    return WorkItem(WorkKind(kind), item_id, StoreId(int(store_id)))
