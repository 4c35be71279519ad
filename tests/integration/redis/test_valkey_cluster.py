"""Everything that is kept in Redis, on a cluster of three nodes: each script finds its keys together, and its node."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing

import pytest
from redis.cluster import key_slot

from adapters.redis.breaker_news import RedisBreakerNews
from adapters.redis.cache import RedisCache
from adapters.redis.connection import RedisClients, open_redis
from adapters.redis.examination import RedisExamination
from adapters.redis.rate_limiter import RedisRateLimiter
from adapters.redis.spool import RedisSpool
from adapters.redis.state_store import RedisStateStore
from adapters.redis.work_index import RedisWorkIndex
from adapters.sealing.fernet import FernetSealer
from adapters.system import SystemClock
from core.domain.breaker import BreakerName, News
from core.domain.events import WorkItem, WorkKind
from core.domain.rate import Allowance, Traffic
from core.errors import Unavailable
from core.ids import StoreId
from tests.contract.spool_worlds import RING, everything, memory_spool_world
from tests.valkey_fleet import ClusterOfThree, cluster_of_three

LONG = 30.0


@pytest.fixture(scope="module")
def _cluster() -> Iterator[ClusterOfThree]:
    with cluster_of_three() as cluster:
        yield cluster


@pytest.fixture
def cluster(_cluster: ClusterOfThree) -> ClusterOfThree:
    """The module's cluster, emptied."""
    _cluster.empty()
    return _cluster


@pytest.fixture
async def clients(cluster: ClusterOfThree) -> AsyncIterator[RedisClients]:
    opened = open_redis(cluster.url)
    yield opened
    await opened.aclose()


@pytest.fixture
async def others(cluster: ClusterOfThree) -> AsyncIterator[RedisClients]:
    """Another process's."""
    opened = open_redis(cluster.url)
    yield opened
    await opened.aclose()


def items(count: int, store: int = 1) -> list[WorkItem]:
    return [WorkItem(WorkKind.EVENT, f"e{number}", StoreId(store)) for number in range(count)]


async def test_a_doctor_sees_every_primary(clients: RedisClients) -> None:
    servers = await RedisExamination(clients, SystemClock()).servers()
    assert len({server.node for server in servers}) == 3
    assert all(server.clock is not None and not server.replica for server in servers)


async def test_the_work_index_lives_through_a_whole_day(clients: RedisClients, others: RedisClients) -> None:
    """Every script of it, on six indexes that are spread over the nodes."""
    for name in ("event", "run", "a", "b", "c", "d"):
        index, other = (RedisWorkIndex(one, name=name, window=4, reclaim_after=0.2) for one in (clients, others))
        born = await index.incarnation()
        assert await index.publish([*items(6), *items(2, store=2)]) == 6
        taken = await other.take(limit=3, wait=0)
        assert len(taken) == 3
        assert await index.absent(items(5)) == items(5)[4:]
        await index.finish(taken[:1])
        left = [*taken[1:]]
        async with asyncio.timeout(LONG):
            while await index.depth():
                back = await index.take(limit=9, wait=1)
                await index.finish(back)
                left += back
        assert set(left) >= {*items(4), *items(2, store=2)} - set(taken[:1])
        await index.leave()
        assert await other.forget_consumers(idle=0) >= 0
        assert await index.incarnation() == born


async def test_a_reader_that_waits_is_woken(clients: RedisClients, others: RedisClients) -> None:
    taking = asyncio.create_task(RedisWorkIndex(clients).take(limit=5, wait=LONG))
    await asyncio.sleep(0.05)
    await RedisWorkIndex(others).publish(items(1))
    assert await taking == items(1)


async def test_a_cancelled_reader_leaves_no_answer_for_somebody_else(clients: RedisClients) -> None:
    """Its connection may still get one: it must not go back to the others."""
    index, states = RedisWorkIndex(clients, reclaim_after=0.2), RedisStateStore(clients)
    for number in range(30):
        taking = asyncio.create_task(index.take(limit=1, wait=LONG))
        await asyncio.sleep(0.001 * (number % 5))
        taking.cancel()
        await asyncio.wait({taking})
        await states.put("abc", str(number), ttl=60)
        assert await states.take("abc") == str(number)
    await index.publish(items(1))
    async with asyncio.timeout(LONG):
        while not (found := await index.take(limit=1, wait=1)):
            pass
    assert found == items(1)


async def test_flushing_every_node_is_a_new_life(cluster: ClusterOfThree, clients: RedisClients) -> None:
    index = RedisWorkIndex(clients)
    await index.publish(items(3))
    before = await index.incarnation()
    cluster.empty()
    assert await index.incarnation() != before
    assert await index.publish(items(3)) == 3
    assert await index.take(limit=5, wait=0) == items(3)


async def test_allowances_states_and_answers_are_spread_over_the_nodes(
    cluster: ClusterOfThree, clients: RedisClients, others: RedisClients
) -> None:
    stores = [StoreId(number) for number in range(1, 31)]
    allowance = Allowance(6)
    for store in stores:
        while not await RedisRateLimiter(clients, allowance).take(store, Traffic.HANDLER):
            pass
        assert await RedisRateLimiter(others, allowance).take(store, Traffic.HANDLER) > 0
        await RedisRateLimiter(others, allowance).learn(store, 1.0)
        await RedisStateStore(clients).put(f"s{store}", "value", ttl=60)
        await RedisCache(clients).put(f"c{store}", "content", ttl=60)
    held = cluster.held()
    assert sum(map(len, held)) == 3 * len(stores) + 1, "and the list of those that Zid refused"
    assert all(any(key.startswith(kind) for key in keys) for keys in held for kind in ("wasl:rate", "wasl:state"))
    for store in stores:
        assert await RedisStateStore(others).take(f"s{store}") == "value"
        assert await RedisStateStore(clients).take(f"s{store}") is None
        assert await RedisCache(others).get(f"c{store}") == "content"


async def test_no_one_line_leads_to_all_of_them(clients: RedisClients) -> None:
    """The limiter goes the driver's way there, which knows the nodes."""
    assert [await clients.line.ask("PING") for _ in range(3)] == [None] * 3
    assert await RedisRateLimiter(clients, Allowance(60)).take(StoreId(1), Traffic.HANDLER) == 0
    assert await clients.line.ask("PING") is None


async def test_breaker_news_reach_listeners_at_any_node(clients: RedisClients, others: RedisClients) -> None:
    name = BreakerName("orders", StoreId(7))
    told = News(name, True, "us")

    async def heard() -> News:
        async with aclosing(RedisBreakerNews(others).listen()) as news:
            return await anext(news)

    listening = asyncio.create_task(heard())
    async with asyncio.timeout(LONG):
        while not listening.done():
            await RedisBreakerNews(clients).tell(told)
            await asyncio.sleep(0.02)
    assert await listening == told
    assert await RedisBreakerNews(clients).may_probe(name, seconds=60)
    assert not await RedisBreakerNews(others).may_probe(name, seconds=60)
    await RedisBreakerNews(clients).hold_probes(name, seconds=0)
    assert await RedisBreakerNews(others).may_probe(name, seconds=60)


async def test_what_was_spooled_by_one_is_replayed_by_another(clients: RedisClients, others: RedisClients) -> None:
    kept = [memory_spool_world().delivery() for _ in range(3)]
    spool = RedisSpool(clients, lambda: FernetSealer(RING), max_bytes=1_000_000)
    for delivery in kept:
        await spool.keep(delivery)
    assert await spool.depth() == 3
    assert await everything(RedisSpool(others, lambda: FernetSealer(RING), max_bytes=1_000_000)) == kept
    assert await spool.depth() == 0


async def test_slots_that_moved_to_another_node_are_followed(cluster: ClusterOfThree, clients: RedisClients) -> None:
    """The index's content is lost on the way here; it says so, and goes on at its new place."""
    index = RedisWorkIndex(clients)
    await index.publish(items(2))
    before = await index.incarnation()
    [(home, key)] = [(node, keys[0]) for node, keys in zip(cluster.nodes, cluster.held(), strict=True) if keys]
    away = next(node for node in cluster.nodes if node is not home)
    cluster.empty()
    slot, name = key_slot(key.encode()), away.ask("CLUSTER", "MYID")
    for node in (away, home, *cluster.nodes):
        node.ask("CLUSTER", "SETSLOT", slot, "NODE", str(name))
    assert await index.incarnation() != before
    assert await index.publish(items(3)) == 3
    assert await index.take(limit=5, wait=0) == items(3)
    assert cluster.held()[cluster.nodes.index(away)]
    assert not cluster.held()[cluster.nodes.index(home)]


async def test_a_node_that_is_away_is_unavailable_and_then_fine(cluster: ClusterOfThree, clients: RedisClients) -> None:
    """What the other nodes hold is not hurt. It comes back without the scripts: they are loaded again."""
    states = RedisStateStore(clients)
    names = {node.port: _name_at(cluster, number) for number, node in enumerate(cluster.nodes)}
    for name in names.values():
        await states.put(name, "value", ttl=600)
    dead = cluster.nodes[2]
    dead.kill()
    with pytest.raises(Unavailable, match="redis"):
        await states.take(names[dead.port])
    for node in cluster.nodes[:2]:
        assert await states.take(names[node.port]) == "value"
    dead.start()
    await asyncio.to_thread(cluster.until_whole)
    await states.put(names[dead.port], "value", ttl=60)
    assert await states.take(names[dead.port]) == "value"
    for store in range(10):
        assert await RedisRateLimiter(clients, Allowance(60)).take(StoreId(store), Traffic.HANDLER) == 0


def _name_at(cluster: ClusterOfThree, number: int) -> str:
    """A state that the given node keeps: slots are a third each, in order."""
    step = 16384 // len(cluster.nodes)
    names = (f"state-{tried}" for tried in range(10_000))
    return next(name for name in names if key_slot(name.encode()) // step == number)


async def test_a_cluster_nobody_answers_for_is_unavailable_at_once() -> None:
    clients = open_redis("redis+cluster://127.0.0.1:1,127.0.0.1:2")
    async with asyncio.timeout(LONG):
        with pytest.raises(Unavailable, match="redis"):
            await RedisWorkIndex(clients).publish(items(1))
    await clients.aclose()
