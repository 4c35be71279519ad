"""What every rate limiter promises; and the servers reckon as the rules do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from random import Random

import pytest

from adapters.memory.system import ManualClock
from adapters.postgres.maintenance import PostgresMaintenance
from adapters.postgres.rate_limiter import PostgresRateLimiter
from adapters.process.local_rate import LocalRateLimiter
from adapters.redis.connection import RedisClients, open_redis
from adapters.redis.rate_limiter import RedisRateLimiter
from core.domain.rate import LOWERED, MOST_TOLD, Allowance, Bucket, Traffic, full, learn, take
from core.ids import StoreId
from core.ports.guards import RateLimiter
from tests.contract.two_pools import two_pools
from tests.servers import Database

STORE, OTHER = StoreId(1), StoreId(2)
# Real time passes on the servers: requests are seconds apart, so that a slow machine makes none fall due meanwhile.
ALLOWANCE = Allowance(60)
INTERVAL = 1 / ALLOWANCE.rate
QUICK = Allowance(9_000)
"""Where time has to pass."""
PACED = Allowance(1_200)
"""For the replay, where requests have to be refused, too."""


@dataclass
class Limiters:
    """A limiter, the same as another process sees it, and a way to let time pass."""

    limiter: RateLimiter
    other: RateLimiter
    quick: RateLimiter
    sleep: Callable[[float], Awaitable[None]]

    async def drain(self, traffic: Traffic) -> int:
        """Takes until refused; how many were granted."""
        count = 0
        while not await self.limiter.take(STORE, traffic):
            count += 1
        return count

    async def wait_of_quick(self) -> float:
        """Takes until refused; the wait that it was told."""
        while not (wait := await self.quick.take(STORE, Traffic.BACKFILL)):
            pass
        return wait


@pytest.fixture(params=["local", "redis", "postgres"])
async def limiters(request: pytest.FixtureRequest) -> AsyncIterator[Limiters]:
    match request.param:
        case "local":
            clock = ManualClock()
            limiter, quick = LocalRateLimiter(clock, ALLOWANCE), LocalRateLimiter(clock, QUICK)
            yield Limiters(limiter, limiter, quick, clock.sleep)
        case "redis":
            url = request.getfixturevalue("redis_url")
            ours, theirs = open_redis(url), open_redis(url)
            await asyncio.gather(ours.writer.ping(), theirs.writer.ping())
            ours_redis, theirs_redis = (RedisRateLimiter(clients, ALLOWANCE) for clients in (ours, theirs))
            yield Limiters(ours_redis, theirs_redis, RedisRateLimiter(ours, QUICK), asyncio.sleep)
            await ours.aclose()
            await theirs.aclose()
        case _:
            async with two_pools(request.getfixturevalue("database")) as pools:
                ours_pg, theirs_pg = (PostgresRateLimiter(pool, ALLOWANCE) for pool in pools)
                yield Limiters(ours_pg, theirs_pg, PostgresRateLimiter(pools[0], QUICK), asyncio.sleep)


async def test_a_burst_goes_at_once_and_then_a_wait_is_told(limiters: Limiters) -> None:
    assert await limiters.drain(Traffic.HANDLER) >= ALLOWANCE.burst
    assert 0 < await limiters.limiter.take(STORE, Traffic.HANDLER) <= 10 * INTERVAL


async def test_after_the_wait_it_may_go(limiters: Limiters) -> None:
    await limiters.sleep(await limiters.wait_of_quick())
    assert await limiters.quick.take(STORE, Traffic.BACKFILL) == 0


async def test_processes_share_one_allowance(limiters: Limiters) -> None:
    await limiters.drain(Traffic.HANDLER)
    assert await limiters.other.take(STORE, Traffic.HANDLER) > 0


async def test_stores_do_not_share(limiters: Limiters) -> None:
    await limiters.drain(Traffic.HANDLER)
    assert await limiters.limiter.take(OTHER, Traffic.HANDLER) == 0


async def test_nobody_goes_before_the_retry_after_in_any_process(limiters: Limiters) -> None:
    await limiters.limiter.learn(STORE, 60.0)
    for limiter in (limiters.limiter, limiters.other):
        for traffic in Traffic:
            assert 30 < await limiter.take(STORE, traffic) <= 60 + 20 * INTERVAL
    assert await limiters.limiter.take(OTHER, Traffic.HANDLER) == 0


async def test_after_the_retry_after_it_may_go(limiters: Limiters) -> None:
    await limiters.quick.learn(STORE, 0.2)
    assert await limiters.quick.take(STORE, Traffic.INTERACTIVE) > 0
    await limiters.sleep(0.25)
    assert await limiters.quick.take(STORE, Traffic.INTERACTIVE) == 0


@pytest.mark.parametrize("retry_after", [1e12, float("inf"), -3.0, float("nan"), None])
async def test_no_retry_after_closes_a_store_for_long(limiters: Limiters, retry_after: float | None) -> None:
    await limiters.limiter.learn(STORE, retry_after)
    assert 1 < await limiters.limiter.take(STORE, Traffic.HANDLER) <= 121


@dataclass
class Replay:
    """The rules, fed with the times that the script says it reckoned at."""

    bucket: Bucket | None = None

    def take(self, traffic: Traffic, now: float) -> float:
        wait, self.bucket = take(self.bucket or full(PACED, now), PACED, traffic, now)
        return wait

    def learn(self, retry_after: float | None, now: float) -> None:
        self.bucket = learn(self.bucket or full(PACED, now), PACED, retry_after, now)


@pytest.fixture
async def clients(redis_url: str) -> AsyncIterator[RedisClients]:
    clients = open_redis(redis_url)
    yield clients
    await clients.aclose()


async def test_who_was_refused_is_told_until_everything_is_back(limiters: Limiters) -> None:
    await limiters.limiter.take(OTHER, Traffic.HANDLER)
    assert await limiters.other.held_back() == []
    await limiters.limiter.learn(STORE, 30.0)
    [told] = await limiters.other.held_back()
    assert told.store_id == STORE
    assert 0 < told.pause <= 30
    assert told.share == pytest.approx(LOWERED, abs=0.05)


async def test_a_pause_that_is_over_leaves_the_lower_rate(limiters: Limiters) -> None:
    await limiters.limiter.learn(STORE, 0.01)
    await limiters.sleep(0.05)
    [told] = await limiters.other.held_back()
    assert told.pause == 0
    assert LOWERED <= told.share < 1


async def test_no_more_are_told_than_one_reads(limiters: Limiters) -> None:
    for number in range(MOST_TOLD + 3):
        await limiters.limiter.learn(StoreId(100 + number), 30.0)
    told = [one.store_id for one in await limiters.other.held_back()]
    assert len(told) == MOST_TOLD
    assert told == sorted(told)


Reckoning = RedisRateLimiter | PostgresRateLimiter


@pytest.fixture(params=["redis", "postgres"])
async def reckoning(request: pytest.FixtureRequest) -> AsyncIterator[Reckoning]:
    """A limiter that tells at which time of its server it reckoned."""
    if request.param == "redis":
        clients = open_redis(request.getfixturevalue("redis_url"))
        yield RedisRateLimiter(clients, PACED)
        await clients.aclose()
        return
    async with two_pools(request.getfixturevalue("database")) as (pool, _):
        yield PostgresRateLimiter(pool, PACED)


async def test_of_many_at_once_exactly_the_burst_may_go(database: Database) -> None:
    """Also in Postgres, where each reads, reckons and writes: whoever was overtaken reckons again."""
    slow = Allowance(1)
    async with two_pools(database) as pools:
        askers = [PostgresRateLimiter(pool, slow) for pool in pools] * 20
        waits = await asyncio.gather(*(asker.take(STORE, Traffic.HANDLER) for asker in askers))
    assert waits.count(0.0) == slow.burst


RUNS = [*(("redis", seed) for seed in range(6)), *(("postgres", seed) for seed in range(2))]


@pytest.mark.parametrize(("reckoning", "seed"), RUNS, indirect=["reckoning"])
async def test_the_server_reckons_as_the_rules_do(reckoning: Reckoning, seed: int) -> None:
    limiter, chance = reckoning, Random(seed)
    replays = {STORE: Replay(), OTHER: Replay()}
    granted = refused = 0
    for _ in range(300):
        store = chance.choice([STORE, STORE, OTHER])
        if chance.random() < 0.01:
            named = chance.choice([None, -1.0, 0.0, 0.01, 0.03, 1e9]) if chance.random() < 0.2 else 0.01
            reckoned = await limiter.reckon_learn(store, named)
            replays[store].learn(named, reckoned.now)
            continue
        traffic = chance.choice(list(Traffic))
        reckoned = await limiter.reckon_take(store, traffic)
        assert reckoned.wait == replays[store].take(traffic, reckoned.now)
        granted, refused = granted + (reckoned.wait == 0), refused + (reckoned.wait > 0)
        if chance.random() < 0.1:
            await asyncio.sleep(chance.random() * 0.4 / PACED.rate)
    assert granted > 15
    assert refused > 15


async def test_a_cancelled_take_is_cancelled(reckoning: Reckoning) -> None:
    """Also at the moment when the driver's sending ends; Python 3.11 drops that one inside `wait_for`."""
    limiter, chance = reckoning, Random(1)
    for _ in range(40):
        takes = [asyncio.create_task(limiter.take(STORE, Traffic.HANDLER)) for _ in range(10)]
        await asyncio.sleep(chance.random() * 0.004)
        late = [take for take in takes if take.cancel()]
        await asyncio.wait(takes)
        assert all(take.cancelled() for take in late)


async def test_a_quiet_store_costs_nothing(clients: RedisClients) -> None:
    limiter = RedisRateLimiter(clients, ALLOWANCE)
    await limiter.take(STORE, Traffic.HANDLER)
    [key] = [key async for key in clients.writer.scan_iter("*")]
    settled = await clients.writer.pttl(key)
    assert 0 < settled < 60_000 * ALLOWANCE.burst / ALLOWANCE.per_minute * 10
    assert "{" in key, "every key of one store lives on one node"


async def test_a_quiet_store_is_swept_away(database: Database) -> None:
    async with two_pools(database) as (pool, _):
        await PostgresRateLimiter(pool, Allowance(60_000_000)).take(STORE, Traffic.HANDLER)
        await PostgresRateLimiter(pool, ALLOWANCE).take(OTHER, Traffic.HANDLER)
        async with asyncio.timeout(20):
            while not await PostgresMaintenance(pool).forget_expired(limit=10):
                await asyncio.sleep(0.01)
        assert await pool.fetchval("SELECT array_agg(key) FROM rate_levels") == ["app:2"]


async def test_a_local_limiter_forgets_settled_stores() -> None:
    clock = ManualClock()
    limiter = LocalRateLimiter(clock, ALLOWANCE)
    for number in range(1000):
        await limiter.take(StoreId(number), Traffic.HANDLER)
        clock.advance(1)
    assert limiter.remembered < 100
