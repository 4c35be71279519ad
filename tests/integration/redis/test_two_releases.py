"""A rolling deploy: processes whose index is laid out as before run beside those of this release.

Neither reads the other's keys, so each is an index of its own, filled by its own ingest and its own sweep; the
ledger gives every event to one of them.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from uuid import uuid4

import pytest
import redis

from adapters.redis.connection import RedisClients, open_redis
from adapters.redis.work_index import FORMER_KEPT, FORMER_KEYS, RedisWorkIndex
from core.domain.events import WorkItem, WorkKind
from core.ids import StoreId
from core.ports.work_index import WorkIndex
from tests.integration.redis.index_service import LONG, Service

ADD = """
    if redis.call('HEXISTS', KEYS[2], ARGV[1]) == 1 then return 0 end
    redis.call('HSET', KEYS[2], ARGV[1], redis.call('XADD', KEYS[1], '*', 'item', ARGV[1]))
    return 1
"""


class FormerIndex(WorkIndex):
    """The layout before turns: one stream in order of arrival, its keys named as that release named them."""

    def __init__(self, clients: RedisClients, name: str) -> None:
        self._redis = clients.writer
        self._stream, self._members, self._born = (
            FORMER_KEYS.format(name=name, part=part) for part in ("stream", "members", "born")
        )

    async def publish(self, items: Sequence[WorkItem]) -> int:
        await self.incarnation()
        return sum([int(await self._redis.eval(ADD, 2, self._stream, self._members, _text(item))) for item in items])

    async def take(self, *, limit: int, wait: float) -> Sequence[WorkItem]:
        await self.incarnation()
        streams = {self._stream: ">"}
        answer = await self._redis.xreadgroup("workers", "former", streams, count=limit, block=round(wait * 100) or 1)
        entries = (answer or {}).get(self._stream, ())
        return [_item(fields["item"]) for _, fields in entries]

    async def finish(self, items: Sequence[WorkItem]) -> Sequence[StoreId]:
        for text in map(_text, items):
            if entry := await self._redis.hget(self._members, text):
                await self._redis.xack(self._stream, "workers", entry)
                await self._redis.xdel(self._stream, entry)
            await self._redis.hdel(self._members, text)
        return []

    async def absent(self, items: Sequence[WorkItem]) -> Sequence[WorkItem]:
        known = await self._redis.hgetall(self._members)
        return [item for item in items if _text(item) not in known]

    async def incarnation(self) -> str:
        if await self._redis.set(self._born, uuid4().hex, nx=True):
            await self._redis.xgroup_create(self._stream, "workers", "0", mkstream=True)
        return str(await self._redis.get(self._born))

    async def depth(self) -> int:
        return int(await self._redis.xlen(self._stream))


def _text(item: WorkItem) -> str:
    return f"{item.kind} {item.store_id} {item.id}"


def _item(text: str) -> WorkItem:
    kind, store_id, item_id = text.split(" ", 2)
    return WorkItem(WorkKind(kind), item_id, StoreId(int(store_id)))


@pytest.fixture
async def former(redis_url: str) -> AsyncIterator[dict[WorkKind, WorkIndex]]:
    clients = open_redis(redis_url)
    yield {kind: FormerIndex(clients, kind.value) for kind in WorkKind}
    await clients.aclose()


async def test_both_releases_work_on_one_ledger_and_everything_is_done_once(
    redis_url: str, former: dict[WorkKind, WorkIndex]
) -> None:
    async with Service(redis_url) as service:
        service.start(service.sweep(former))
        service.start(service.consume(former[WorkKind.EVENT]))
        for _ in range(10):
            await service.receive(3)
            await service.receive(3, announced_to=former[WorkKind.EVENT])
            await asyncio.sleep(0.01)
        await service.finished(received=120)


async def test_what_the_former_release_left_in_its_index_is_done_by_this_one(
    redis_url: str, former: dict[WorkKind, WorkIndex]
) -> None:
    """Its last consumer is gone, its http process still announces: the sweep finds what only the old index names."""
    async with Service(redis_url) as service:
        await service.receive(20, announced_to=former[WorkKind.EVENT])
        assert len(await former[WorkKind.EVENT].take(limit=10, wait=0.01)) == 10
        await service.finished(received=40)


async def test_a_roll_back_finds_all_work_too(redis_url: str, former: dict[WorkKind, WorkIndex]) -> None:
    """This release announced and took some; then only processes of the former one run."""
    async with Service(redis_url, working=False) as service:
        await service.receive(10)
        assert len(await service.index.take(limit=7, wait=0)) == 7
        service.start(service.sweep(former))
        service.start(service.consume(former[WorkKind.EVENT]))
        await service.finished(received=20)


async def test_the_former_releases_keys_go_by_themselves_after_a_while(
    redis_url: str, former: dict[WorkKind, WorkIndex]
) -> None:
    await former[WorkKind.EVENT].publish([WorkItem(WorkKind.EVENT, "e1", StoreId(1))])
    clients = open_redis(redis_url)
    await RedisWorkIndex(clients, name="event").take(limit=1, wait=0)
    await clients.aclose()
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        for part in ("stream", "members", "born"):
            assert FORMER_KEPT - LONG <= client.ttl(FORMER_KEYS.format(name="event", part=part)) <= FORMER_KEPT
    assert await former[WorkKind.EVENT].depth() == 1, "whoever still uses them has them"
