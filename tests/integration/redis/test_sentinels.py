"""Redis behind sentinels: the primary is found, and found again after a failover that lost what was acknowledged."""

import asyncio
from collections.abc import Iterator, Sequence

import pytest

from adapters.redis.connection import open_redis
from adapters.redis.rate_limiter import RedisRateLimiter
from adapters.redis.state_store import RedisStateStore
from adapters.redis.work_index import RedisWorkIndex
from adapters.system import SystemClock
from core.domain.events import WorkItem, WorkKind
from core.domain.rate import Allowance, Traffic
from core.errors import Unavailable
from core.features.sweep import Sweep, SweepPace
from core.ids import EventId, StoreId
from tests.contract.memory_world import memory_world
from tests.contract.scenes import install, queued
from tests.contract.worlds import STORE
from tests.valkey_fleet import PATIENCE, Watched, until, watched_by_sentinels


@pytest.fixture(scope="module")
def watched() -> Iterator[Watched]:
    with watched_by_sentinels() as watched:
        yield watched


async def test_a_failover_that_lost_acknowledged_work_is_repaired_by_the_sweep(watched: Watched) -> None:
    """Nobody restarts anything: the clients find the new primary, the sweep finds what it does not know."""
    world, clients = memory_world(), open_redis(watched.url)
    live = await install(world)
    index = RedisWorkIndex(clients, name="event", reclaim_after=0.2)
    sweep = Sweep(
        ledger=world.events,
        maintenance=world.maintenance,
        indexes={WorkKind.EVENT: index},
        clock=SystemClock(),
        window=256,
        pace=SweepPace(republish_every=0.0),
    )
    kept = work(await queued(world, live, 1, 2, 3))
    assert (await sweep.tick()).republished == 3
    assert watched.primary.ask("WAIT", 1, 20_000) == 1
    watched.cut_replication()
    lost = work(await queued(world, live, 4, 5, 6))
    assert (await sweep.tick()).republished == 3
    assert await index.absent([*kept, *lost]) == []

    watched.primary.kill()
    await asyncio.to_thread(until, watched.is_promoted, "the replica was never promoted")
    async with asyncio.timeout(PATIENCE):
        while not await answers(index):
            await asyncio.sleep(0.1)
    assert await index.absent([*kept, *lost]) == lost, "it was acknowledged, and the new primary never heard of it"
    assert (await sweep.tick()).republished == 3
    assert await index.take(limit=9, wait=0) == [*kept, *lost]

    await RedisStateStore(clients).put("abc", "value", ttl=60)
    assert await RedisStateStore(clients).take("abc") == "value"
    assert await RedisRateLimiter(clients, Allowance(60)).take(StoreId(1), Traffic.HANDLER) == 0
    await clients.aclose()


def work(events: Sequence[EventId]) -> list[WorkItem]:
    return [WorkItem(WorkKind.EVENT, str(event), STORE) for event in events]


async def answers(index: RedisWorkIndex) -> bool:
    try:
        return await index.depth() >= 0
    except Unavailable:
        return False


async def test_more_callers_than_connections_wait_their_turn(watched: Watched) -> None:
    clients = open_redis(watched.url, max_connections=2)
    await asyncio.gather(*(clients.writer.incr("n") for _ in range(100)))
    assert await clients.writer.get("n") == "100"
    await clients.aclose()


async def test_the_line_that_callers_share_leads_to_the_primary(watched: Watched) -> None:
    clients = open_redis(watched.url)
    async with asyncio.timeout(PATIENCE):
        while not isinstance(role := await clients.line.ask("ROLE"), list):
            await asyncio.sleep(0.01)
    assert role[0] == "master"
    await clients.aclose()


async def test_a_service_that_no_sentinel_knows_is_unavailable(watched: Watched) -> None:
    clients = open_redis(watched.url.replace("/wasl", "/another"))
    with pytest.raises(Unavailable, match="redis"):
        await RedisStateStore(clients).take("abc")
    await clients.aclose()


async def test_sentinels_that_nobody_answers_for_are_unavailable() -> None:
    clients = open_redis("redis+sentinel://127.0.0.1:1,127.0.0.1:2/wasl")
    with pytest.raises(Unavailable, match="redis"):
        await RedisStateStore(clients).take("abc")
    await clients.aclose()
