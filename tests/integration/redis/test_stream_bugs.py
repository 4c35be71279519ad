"""What users of other stream consumers complain of, done to ours on a Valkey of its own.

The five known ones first (a group lost, visibility shorter than a handler, a lock of a dead reclaimer, a pending
list that nobody reads, acknowledged entries that stay), then what Redis itself may do: forget, fill up, throw keys
out. The ledger is in memory, the index and its server are real; nobody helps by hand.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from signal import Signals
from uuid import uuid4

import pytest
import redis
import structlog

from adapters.embedded import DataDir, EmbeddedValkey
from adapters.redis.connection import open_redis
from adapters.redis.work_index import GROUP, RedisWorkIndex
from core.domain.events import BatchResult, SettledEvent, WorkItem, WorkKind
from core.errors import Unavailable
from entrypoints.process import keep_doing
from tests.contract.worlds import STORE
from tests.integration.redis.index_service import EVENT_KEYS, LONG, RECLAIM_AFTER, WINDOW, Service
from tests.servers import own_data_dir


@pytest.fixture(scope="module")
def data_dir() -> Iterator[DataDir]:
    with own_data_dir(in_memory=True) as path, DataDir(path) as data_dir:
        yield data_dir


@pytest.fixture(scope="module")
def running(data_dir: DataDir) -> Iterator[EmbeddedValkey]:
    server = EmbeddedValkey(data_dir)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def valkey(running: EmbeddedValkey) -> EmbeddedValkey:
    """Empty and with its own settings, whatever the test before did to it."""
    running.start()
    with redis.Redis.from_url(running.url()) as client:
        client.config_set("maxmemory", "0")
        client.config_set("maxmemory-policy", "noeviction")
        client.flushall()
    return running


@pytest.fixture
async def service(valkey: EmbeddedValkey) -> AsyncIterator[Service]:
    async with Service(valkey.url()) as service:
        yield service


async def reached(service: Service, events: int) -> None:
    async with asyncio.timeout(LONG):
        while len(service.done) < events:
            await asyncio.sleep(0.001)


# --- the five ---------------------------------------------------------------------------


async def test_nogroup_a_lost_group_needs_no_restart(valkey: EmbeddedValkey, service: Service) -> None:
    await service.receive(30)
    for _ in range(5):
        with redis.Redis.from_url(valkey.url()) as client, suppress(redis.ResponseError):
            client.xgroup_destroy(EVENT_KEYS + "stream", GROUP)
        await asyncio.sleep(0.02)
    await service.receive(30)
    await service.finished(received=120)


async def test_svix_1844_no_limbo_after_redis_came_back_empty(
    valkey: EmbeddedValkey, service: Service, data_dir: DataDir
) -> None:
    """Killed in the middle, its append-only file lost: stream, group and pending list are gone."""
    await service.receive(60)
    await reached(service, 10)
    assert valkey.pid is not None
    os.kill(valkey.pid, Signals.SIGKILL)
    valkey.stop()
    shutil.rmtree(Path(data_dir.files) / "valkey" / "appendonlydir")
    await service.receive(20)
    valkey.start()
    await service.finished(received=160)


async def test_a_redis_that_kept_its_file_goes_on_where_it_stood(valkey: EmbeddedValkey, service: Service) -> None:
    await service.receive(60)
    await reached(service, 10)
    assert valkey.pid is not None
    os.kill(valkey.pid, Signals.SIGKILL)
    valkey.stop()
    valkey.start()
    await service.receive(20)
    await service.finished(received=160)


async def test_svix_2181_and_taskiq_redis_101_visibility_shorter_than_a_handler_doubles_nothing(
    valkey: EmbeddedValkey,
) -> None:
    """The entry comes back to another consumer while the first is still at it: the ledger gives it to one of them."""
    async with Service(valkey.url(), working=False) as dead:
        await dead.receive(1)
        item, *_ = await dead.index.take(limit=1, wait=LONG)
    service = Service(valkey.url())
    service.world = dead.world
    async with service.world.events.open_batch([service.world_id(item)], limit=1) as slow, service:
        await asyncio.sleep(RECLAIM_AFTER * 3)
        assert service.world_id(item) not in service.done
        await slow.commit(BatchResult([SettledEvent(service.world_id(item))]))
        service.done[service.world_id(item)] += 1
        await service.finished(received=2)


async def test_taskiq_redis_131_a_reclaimer_that_dies_leaves_no_lock(valkey: EmbeddedValkey, service: Service) -> None:
    """There is none to leave: whoever looks next reclaims. Nothing but the index's own keys is ever written."""
    await service.receive(30)
    clients = open_redis(valkey.url())
    doomed = RedisWorkIndex(clients, name="event", window=WINDOW, reclaim_after=0.0)
    for pause in (0.0, 0.001, 0.003, 0.01):
        reclaiming = asyncio.create_task(doomed.take(limit=50, wait=LONG))
        await asyncio.sleep(pause)
        reclaiming.cancel()
        await asyncio.wait({reclaiming})
    await clients.aclose()
    await service.finished(received=60)
    with redis.Redis.from_url(valkey.url(), decode_responses=True) as client:
        assert {key.partition("}")[0] for key in client.scan_iter()} <= {"{wasl:index3:event", "{wasl:index3:run"}


async def test_taskiq_redis_129_and_130_a_pending_list_is_read_though_nothing_new_arrives(
    valkey: EmbeddedValkey,
) -> None:
    """By a consumer that came later on the same machine, with what the one before had fetched and not begun."""
    async with Service(valkey.url(), working=False) as dead:
        await dead.receive(8)
        assert len(await dead.index.take(limit=100, wait=LONG)) == 16
    async with Service(valkey.url()) as service:
        service.world = dead.world
        await service.finished(received=16)


async def test_taskiq_redis_130_a_pending_list_is_read_though_new_work_never_ends(valkey: EmbeddedValkey) -> None:
    async with Service(valkey.url(), working=False) as dead:
        await dead.receive(4)
        held = [dead.world_id(item) for item in await dead.index.take(limit=100, wait=LONG)]
    async with Service(valkey.url()) as service:
        service.world = dead.world
        async with asyncio.timeout(LONG):
            while not set(held) <= set(service.done):
                await service.receive(2)
                await asyncio.sleep(0.005)


async def test_safe_decoder_329_acknowledged_entries_do_not_stay(valkey: EmbeddedValkey, service: Service) -> None:
    """XACK alone kept 761,008 entries, 200 MB."""
    for round_ in range(1, 5):
        await service.receive(20)
        await service.finished(received=40 * round_)
    async with asyncio.timeout(LONG):
        while await service.index.depth():
            await asyncio.sleep(0.01)
    with redis.Redis.from_url(valkey.url(), decode_responses=True) as client:
        assert client.xlen(EVENT_KEYS + "stream") == 0
        assert client.xpending(EVENT_KEYS + "stream", GROUP)["pending"] == 0
        assert sum(client.memory_usage(key) or 0 for key in client.scan_iter(EVENT_KEYS + "*")) < 20_000


# --- more of what was complained of ---------------------------------------------------------


async def test_redis_10756_entries_trimmed_while_pending_are_done_all_the_same(
    valkey: EmbeddedValkey, service: Service
) -> None:
    await service.receive(60)
    with redis.Redis.from_url(valkey.url()) as client:
        for _ in range(10):
            client.xtrim(EVENT_KEYS + "stream", maxlen=0)
            await asyncio.sleep(0.01)
    await service.finished(received=120)


async def test_redis_9745_no_ghost_stays_pending(valkey: EmbeddedValkey, service: Service) -> None:
    """Entries deleted by hand while somebody has them."""
    await service.receive(40)
    with redis.Redis.from_url(valkey.url(), decode_responses=True) as client:
        for _ in range(10):
            for entry, _fields in client.xrange(EVENT_KEYS + "stream", count=5):
                client.xdel(EVENT_KEYS + "stream", entry)
            await asyncio.sleep(0.01)
        await service.finished(received=80)
        async with asyncio.timeout(LONG):
            while client.xpending(EVENT_KEYS + "stream", GROUP)["pending"]:
                await asyncio.sleep(0.01)


async def test_watermill_24_a_consumer_that_holds_something_is_not_deleted(valkey: EmbeddedValkey) -> None:
    """There it was deleted after the first of its entries was claimed, and the others with it."""
    async with Service(valkey.url(), working=False) as dead:
        await dead.receive(8)
        assert len(await dead.index.take(limit=100, wait=LONG)) == 16
        other = RedisWorkIndex(dead.clients[1], name="event", window=WINDOW, reclaim_after=0.0)
        taken_over = await other.take(limit=1, wait=LONG)
        assert len(taken_over) == 1
        assert await other.forget_consumers(idle=0.0) == 0
    async with Service(valkey.url()) as service:
        service.world = dead.world
        await service.finished(received=16)


async def test_redis_11567_and_8635_consumers_of_processes_that_are_gone_do_not_pile_up(valkey: EmbeddedValkey) -> None:
    """There, 38 million of them filled the memory."""
    async with Service(valkey.url(), working=False) as service:
        await service.receive(8)
        for _ in range(30):
            killed = RedisWorkIndex(service.clients[1], name="event", window=WINDOW)
            await killed.finish(await killed.take(limit=1, wait=0.0))
        lasting = RedisWorkIndex(service.clients[2], name="event", window=WINDOW)
        with redis.Redis.from_url(valkey.url()) as client:
            assert client.xinfo_consumers(EVENT_KEYS + "stream", GROUP) != []
            async with asyncio.timeout(LONG):
                while client.xinfo_consumers(EVENT_KEYS + "stream", GROUP):
                    await lasting.forget_consumers(idle=0.001)
                    await asyncio.sleep(0.01)


async def test_open_wearables_1188_an_outage_is_not_told_a_thousand_times(valkey: EmbeddedValkey) -> None:
    """Millions of lines in half an hour, from a loop without a pause."""
    clients = open_redis("redis://127.0.0.1:1/0")
    index = RedisWorkIndex(clients)
    with structlog.testing.capture_logs() as lines:
        stop = asyncio.Event()
        looping = asyncio.create_task(keep_doing("events", lambda: index.take(limit=5, wait=1.0), stop=stop))
        await asyncio.sleep(0.5)
        stop.set()
        await looping
    await clients.aclose()
    assert 1 <= len(lines) <= 3


async def test_open_wearables_1111_a_backlog_that_nobody_drains_fills_no_memory(valkey: EmbeddedValkey) -> None:
    async with Service(valkey.url(), working=False) as ingest:
        await ingest.receive(100)
    with redis.Redis.from_url(valkey.url(), decode_responses=True) as client:
        assert client.hlen(EVENT_KEYS + "members") == 2 * WINDOW
        assert sum(client.memory_usage(key) or 0 for key in client.scan_iter(EVENT_KEYS + "*")) < 40_000
    async with Service(valkey.url()) as service:
        service.world = ingest.world
        await service.finished(received=200)


# --- what Redis itself may do ----------------------------------------------------------------


async def test_flushall_again_and_again_loses_nothing(valkey: EmbeddedValkey, service: Service) -> None:
    await service.receive(60)
    with redis.Redis.from_url(valkey.url()) as client:
        for _ in range(10):
            client.flushall()
            await service.receive(2)
            await asyncio.sleep(0.02)
    await service.finished(received=160)


async def test_a_full_redis_refuses_news_and_loses_nothing(valkey: EmbeddedValkey, service: Service) -> None:
    """`maxmemory` reached with `noeviction`: publishing is refused as Unavailable, what is in is still worked off."""
    await service.receive(40)
    with redis.Redis.from_url(valkey.url()) as client:
        client.config_set("maxmemory", "1")
        with pytest.raises(Unavailable, match="redis"):
            await service.index.publish([WorkItem(WorkKind.EVENT, str(uuid4()), STORE)])
        await service.receive(20)
        await reached(service, WINDOW)
        client.config_set("maxmemory", "0")
    await service.finished(received=120)


async def test_a_redis_that_throws_keys_out_loses_nothing(valkey: EmbeddedValkey, service: Service) -> None:
    """`allkeys-random` at its limit: any of the index's keys may go at any time, alone."""
    with redis.Redis.from_url(valkey.url()) as client:
        client.config_set("maxmemory-policy", "allkeys-random")
        limit = int(client.info("memory")["used_memory"]) + 300_000
        client.config_set("maxmemory", str(limit))
        evicted = int(client.info("stats")["evicted_keys"])
        await service.receive(60)
        async with asyncio.timeout(LONG):
            number = 0
            while int(client.info("stats")["evicted_keys"]) < evicted + 300:
                with suppress(redis.ResponseError):
                    client.set(f"junk{number}", os.urandom(4000))
                number += 1
                await asyncio.sleep(0)
        await service.receive(10)
        client.config_set("maxmemory", "0")
    await service.finished(received=140)


async def test_any_one_key_thrown_out_heals(valkey: EmbeddedValkey, service: Service) -> None:
    parts = ["stream", "waiting", "ring", "numbers", "members", "counts", "full", "born", "later", "served"]
    with redis.Redis.from_url(valkey.url()) as client:
        for part in parts * 2:
            await service.receive(5)
            client.delete(EVENT_KEYS + part)
            await asyncio.sleep(0.02)
    await service.finished(received=10 * len(parts) * 2)
