"""The work index on Redis: what goes wrong with stream consumers elsewhere must not go wrong here."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from adapters.redis.connection import RedisClients, open_redis
from adapters.redis.index_consumers import own_name
from adapters.redis.work_index import GROUP, RedisWorkIndex
from core.domain.events import WorkItem, WorkKind
from core.errors import Unavailable
from core.ids import StoreId
from core.ports.work_index import SET_OUT
from tests.killed_process import its_mark

STREAM = "{wasl:index3:work}:stream"
MEMBERS = "{wasl:index3:work}:members"
LONG = 20.0


def items(count: int, store: int = 1) -> list[WorkItem]:
    return [WorkItem(WorkKind.EVENT, f"e{number}", StoreId(store)) for number in range(count)]


@pytest.fixture
async def clients(redis_url: str) -> AsyncIterator[RedisClients]:
    opened = open_redis(redis_url)
    yield opened
    await opened.aclose()


@pytest.fixture
def index(clients: RedisClients) -> RedisWorkIndex:
    return RedisWorkIndex(clients, window=8, reclaim_after=0.2)


async def blocked_take(clients: RedisClients, index: RedisWorkIndex, *, limit: int = 5) -> asyncio.Task[object]:
    """A take that waits inside Redis."""
    taking: asyncio.Task[object] = asyncio.create_task(index.take(limit=limit, wait=LONG))
    async with asyncio.timeout(LONG):
        while not any("b" in client["flags"] for client in await clients.writer.client_list()):
            await asyncio.sleep(0.005)
    return taking


Loss = Callable[[RedisClients], Awaitable[object]]


@pytest.mark.parametrize(
    "loss",
    [
        pytest.param(lambda clients: clients.writer.flushall(), id="flushall"),
        pytest.param(lambda clients: clients.writer.delete(STREAM), id="stream deleted"),
        pytest.param(lambda clients: clients.writer.xgroup_destroy(STREAM, GROUP), id="group destroyed"),
    ],
)
async def test_a_waiting_reader_survives_what_redis_loses(
    clients: RedisClients, index: RedisWorkIndex, loss: Loss
) -> None:
    """Others need a restart after NOGROUP."""
    await index.publish(items(1))
    await index.finish(items(1))
    taking = await blocked_take(clients, index)
    await loss(clients)
    await index.publish(items(2))
    assert await taking == items(2)


async def test_a_lost_group_hands_everything_out_again(clients: RedisClients, index: RedisWorkIndex) -> None:
    await index.publish(items(3))
    await index.take(limit=2, wait=0)
    before = await index.incarnation()
    await clients.writer.xgroup_destroy(STREAM, GROUP)
    assert await index.take(limit=5, wait=1) == items(3)
    assert await index.incarnation() == before


@pytest.mark.parametrize("key", [STREAM, MEMBERS])
async def test_a_lost_key_is_a_new_life_and_no_half_index(
    clients: RedisClients, index: RedisWorkIndex, key: str
) -> None:
    await index.publish(items(3))
    before = await index.incarnation()
    await clients.writer.delete(key)
    assert await index.incarnation() != before
    assert await index.depth() == 0
    assert list(await index.absent(items(3))) == items(3)
    assert await index.publish(items(3)) == 3
    assert await index.take(limit=5, wait=0) == items(3)


async def test_scripts_are_loaded_again_when_redis_forgot_them(clients: RedisClients, index: RedisWorkIndex) -> None:
    await index.publish(items(1))
    await clients.writer.script_flush()
    assert await index.publish(items(2)) == 1


async def test_finished_entries_leave_the_stream(clients: RedisClients, index: RedisWorkIndex) -> None:
    """XACK alone keeps them for ever."""
    for _ in range(5):
        await index.publish(items(8))
        await index.finish(await index.take(limit=8, wait=0))
    assert await clients.writer.xlen(STREAM) == 0
    assert (await clients.writer.xpending(STREAM, GROUP))["pending"] == 0
    assert await clients.writer.keys("*") == await clients.writer.keys("{wasl:index3:work}:*")
    assert not await clients.writer.exists(MEMBERS, "{wasl:index3:work}:counts", "{wasl:index3:work}:full")


async def test_what_a_dead_consumer_held_is_taken_over(redis_url: str, index: RedisWorkIndex) -> None:
    """The pending list is read: nothing waits for its dead consumer."""
    dying = open_redis(redis_url)
    await index.publish(items(4))
    assert len(await RedisWorkIndex(dying, window=8).take(limit=3, wait=0)) == 3
    await dying.aclose()
    got: list[WorkItem] = []
    while len(got) < 4:
        found = await index.take(limit=4, wait=LONG)
        assert found
        await index.finish(found)
        got += found
    assert sorted(got) == items(4)


async def test_a_long_pending_list_is_taken_over_in_limited_steps(clients: RedisClients, index: RedisWorkIndex) -> None:
    many = [item for store in range(40) for item in items(8, store)]
    await index.publish(many)
    await RedisWorkIndex(clients, window=8).take(limit=len(many), wait=0)
    got: set[WorkItem] = set()
    async with asyncio.timeout(LONG * 2):
        while len(got) < len(many):
            found = await index.take(limit=25, wait=LONG)
            assert len(found) <= 25
            await index.finish(found)
            got.update(found)
    assert await index.depth() == 0


async def consumers(clients: RedisClients) -> int:
    return len(await clients.writer.xinfo_consumers(STREAM, GROUP))


async def test_a_consumer_with_pending_entries_is_never_forgotten(clients: RedisClients, index: RedisWorkIndex) -> None:
    """XGROUP DELCONSUMER drops what is pending."""
    await index.publish(items(1))
    await index.take(limit=1, wait=0)
    await index.leave()
    assert await consumers(clients) == 1
    await index.finish(items(1))
    await index.leave()
    assert await consumers(clients) == 0


async def test_idle_consumers_are_forgotten(clients: RedisClients, index: RedisWorkIndex) -> None:
    await index.take(limit=1, wait=0)
    await clients.writer.xgroup_createconsumer(STREAM, GROUP, "long-gone")
    patient = RedisWorkIndex(clients, window=8)
    assert await patient.forget_consumers(idle=600.0) == 0
    async with asyncio.timeout(LONG):
        while await consumers(clients) > 0:
            await patient.forget_consumers(idle=0.001)


async def test_a_cut_connection_is_unavailable_and_then_fine(clients: RedisClients, index: RedisWorkIndex) -> None:
    taking = await blocked_take(clients, index)
    await clients.writer.client_kill_filter(_type="normal", skipme=True)
    with pytest.raises(Unavailable, match="redis"):
        await taking
    await index.publish(items(1))
    assert await index.take(limit=1, wait=1) == items(1)


async def test_who_was_woken_wakes_the_next(clients: RedisClients, index: RedisWorkIndex) -> None:
    """Readers wait for one entry each: whoever got it leaves one for the others, though it wants no more itself."""
    taking = await blocked_take(clients, index, limit=1)
    await index.publish(items(3))
    assert await taking == items(1)
    unread = await clients.writer.xlen(STREAM) - (await clients.writer.xpending(STREAM, GROUP))["pending"]
    assert unread == SET_OUT


async def test_two_indexes_do_not_see_each_other(clients: RedisClients) -> None:
    events, runs = RedisWorkIndex(clients, name="event"), RedisWorkIndex(clients, name="run")
    await events.publish(items(2))
    assert await runs.depth() == 0
    assert await runs.take(limit=5, wait=0) == []
    assert await events.incarnation() != await runs.incarnation()


async def test_entries_carry_ids_only(clients: RedisClients, index: RedisWorkIndex) -> None:
    await index.publish(items(1))
    assert [entry[1] for entry in await clients.writer.xrange(STREAM) or ()] == [{"item": "event 1 e0"}]


async def test_nobody_listening_is_unavailable_at_once() -> None:
    clients = open_redis("redis://127.0.0.1:1/0")
    index = RedisWorkIndex(clients)
    async with asyncio.timeout(20):
        for attempt in (index.publish(items(1)), index.take(limit=1, wait=2), index.finish(items(1)), index.depth()):
            with pytest.raises(Unavailable):
                await attempt
    await clients.aclose()


async def test_a_frozen_redis_is_unavailable_in_time() -> None:
    async def say_nothing(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _reader.read()
        writer.close()

    async with await asyncio.start_server(say_nothing, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        clients = open_redis(f"redis://127.0.0.1:{port}/0")
        async with asyncio.timeout(20):
            with pytest.raises(Unavailable):
                await RedisWorkIndex(clients).depth()
        await clients.aclose()


async def test_a_full_redis_refuses_new_work_and_still_lets_go_of_the_old(
    clients: RedisClients, index: RedisWorkIndex
) -> None:
    await index.publish(items(4))
    taken = await index.take(limit=4, wait=0)
    await clients.writer.config_set("maxmemory", "1")
    try:
        with pytest.raises(Unavailable):
            await index.publish(items(8))
        await index.finish(taken)
    finally:
        await clients.writer.config_set("maxmemory", "0")
    assert await index.depth() == 0


async def test_cancelled_takes_give_their_connections_back(redis_url: str) -> None:
    clients = open_redis(redis_url, max_connections=2)
    index = RedisWorkIndex(clients, reclaim_after=0.2)
    for number in range(50):
        taking = asyncio.create_task(index.take(limit=1, wait=LONG))
        await asyncio.sleep(0.001 * (number % 4))
        taking.cancel()
        await asyncio.wait({taking})
    await index.publish(items(1))
    assert await index.take(limit=1, wait=LONG) == items(1)
    await clients.aclose()


async def held_by(clients: RedisClients, name: str) -> None:
    """One item, which somebody of this name took."""
    await RedisWorkIndex(clients).publish(items(1))
    assert await clients.writer.xreadgroup(GROUP, name, {STREAM: ">"}, count=1)


async def test_what_a_dead_process_of_this_machine_held_is_handed_out_at_once(clients: RedisClients) -> None:
    await held_by(clients, f"{its_mark()}:0123abcd")
    heir = RedisWorkIndex(clients, reclaim_after=3600)
    assert await heir.take(limit=5, wait=0) == items(1)
    assert await RedisWorkIndex(clients, reclaim_after=3600).take(limit=5, wait=0) == []


@pytest.mark.parametrize("name", [own_name(), f"elsewhere/{its_mark()}:0123abcd", "another name"])
async def test_what_others_hold_is_waited_for(clients: RedisClients, name: str) -> None:
    await held_by(clients, name)
    assert await RedisWorkIndex(clients, reclaim_after=3600).take(limit=5, wait=0) == []
